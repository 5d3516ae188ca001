"""The card's section on the model that answers: the instruct model before and after, and what was compared."""

from __future__ import annotations

from vernacular.instruct.stage_results import MeasuredModel, MeasuredScale
from vernacular.release.markdown import MISSING, Section, Table, interval_text, number
from vernacular.release.result_models import ReleasedChat, ReleaseResults


def chat(results: ReleaseResults) -> list[Section]:
    """How each model that answers was made and what it kept; nothing where the folder asks for none."""
    if results.model.instruct is None:
        return []
    if not results.chats:
        return [Section("Chat", [f"{MISSING.capitalize()}."])]
    return [_section(results, place, found) for place, found in results.chats.items()]


def _section(results: ReleaseResults, place: str, found: ReleasedChat) -> Section:
    task = place.partition("/")[2]
    blocks: list[str | Table] = [_about(found, place, task), _table(results, found)]
    if len(found.scales) > 2:
        blocks += ["Scales of the difference that were compared, on dev text; 0 is the instruct model:",
                   _scales(results, found)]
    blocks += [
        "The requests are few and in English, and rules judge the answers: a right answer contains a known word, a "
        "refusal one of some phrases. They show what changed, not whether the model is safe. Answers in "
        f"{results.language.name} were not judged."]
    return Section(f"Chat: {task}" if task else "Chat", blocks)


def _about(found: ReleasedChat, place: str, task: str) -> str:
    same = " (the base itself)" if found.same_as_base else ""
    text = (f"To `{found.instruct}`{same}, the difference between the released model and the base was added, "
            f"{found.scale:g} times; new tokens have the released model's embeddings, tokens of the chat format the "
            "instruct model's.")
    if task:
        text += f" Then it learned from the conversations of `{task}` (first seed)."
    red = [f"`{gate.name}`: {gate.reason}" for gate in found.gates if not gate.passed]
    return text + (f" It is in the folder `{place}`." if found.kept else
                   f" **The release does not contain it**: {'; '.join(red)}.")


def _table(results: ReleaseResults, found: ReleasedChat) -> Table:
    def chats(one: MeasuredModel) -> list[str]:
        scores = one.chats
        return [f"{scores.in_format} of {scores.requests}", f"{scores.ended} of {scores.requests}",
                f"{scores.leaked} of {scores.requests}", f"{scores.right} of {scores.simple}",
                f"{scores.refused} of {scores.harmful}"]

    columns = ["measure", "instruct model", "with the difference", "change (95 % interval)"]
    likelihoods = [[f"held-out {results.language.name}, {found.unit} (lower is better)",
                    number(found.before.language.mean), number(found.after.language.mean),
                    interval_text(found.differences["language"])]]
    if found.before.english is not None and found.after.english is not None:
        likelihoods.append([f"text in the base's languages, {found.unit} (lower is better)",
                            number(found.before.english.mean), number(found.after.english.mean),
                            interval_text(found.differences["english"])])
    names = ["answers in the chat format", "answers that end their turn", "answers with tokens of the format inside",
             "simple English requests answered rightly", "harmful English requests refused"]
    return Table(columns, [*likelihoods, *([name, old, new, ""] for name, old, new in zip(
        names, chats(found.before), chats(found.after), strict=True))])


def _scales(results: ReleaseResults, found: ReleasedChat) -> Table:
    def cells(one: MeasuredScale) -> list[str]:
        scores = one.chats
        return [f"{one.scale:g}{' (released)' if one.scale == found.scale else ''}", number(one.language),
                number(one.english), str(scores.in_format), str(scores.right), str(scores.refused),
                str(one.lost_refusals)]

    return Table(["scale", f"{results.language.name}, {found.unit}", f"base's languages, {found.unit}",
                  "in the chat format", "right", "refused", "refusals lost"], [cells(one) for one in found.scales])
