"""How much of each source the rules take, in words: what a person has to see, what they have to accept, what to do.

A rule that takes more than a third of a source turns the gate ``losses_small`` amber. One that takes more than half
turns ``losses_accepted`` red, which stops what follows until a person changes a setting or accepts the loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vernacular.cleaning.stage_results import CleanResult, Loss
from vernacular.core.store import Artifact, Gate, Report

SEEN, ACCEPTED = 1 / 3, 1 / 2  # share of a source that one rule may take before a person sees it, and accepts it
LEAST_WORDS = 500  # read from a source; shares of less text say little
GROWTH = 0.1  # an accepted loss may grow by this share of its source before it is asked about again
_SHOWN = 4


@dataclass(frozen=True)
class Family:
    """Rules that a person takes for one, and sets by one key.

    Attributes:
        name: what `vernacular accept --rule` takes.
        rules: of ``lines.RULES`` and ``across.RULES``.
        taken: what the words were taken for.
        remedy: what to change where it takes too much; ``{code}``, ``{source}`` and ``{where}`` are filled in.
    """

    name: str
    rules: tuple[str, ...]
    taken: str
    remedy: str


FAMILIES = (
    Family("encoding", ("encoding",), "with lost characters",
           "save the files as UTF-8, or name their encoding: `encoding:` of the source"),
    Family("empty", ("empty",), "without a letter",
           "name the field or column that holds the text: `text_field:` of the source"),
    Family("script", ("script",), "in another script",
           "correct `script:` in language.yaml, or lower `cleaning.script_share`"),
    Family("short", ("short",), "too short", "lower `cleaning.min_words`"),
    Family("identification", ("identification", "document_identification"), "taken for another language",
           "if they are in the language, add lines of this source to the seed (`vernacular seed {code}` draws some), "
           "or set `trusted: true` at it"),
    Family("repetition", ("repetition",), "repeating themselves", "raise `cleaning.max_repeats`"),
    Family("thresholds", ("thresholds",), "unlike any line of the seed",
           "add lines of this source to the seed (`vernacular seed {code}` draws some), or lower `cleaning.quantile`"),
    Family("quarantine", ("quarantine",), "waiting since the source changed",
           "if the new documents are good: `vernacular accept {code} {source} --reason \"...\"`"),
    Family("boilerplate", ("boilerplate",), "opening or closing many documents", "raise `cleaning.boilerplate_share`"),
    Family("duplicates", ("duplicate_document", "near_duplicate_document", "duplicate", "near_duplicate"),
           "equal or nearly equal to text before",
           "remove the second copy of the text from `sources:`, or raise `cleaning.near_duplicate`"),
    Family("contamination", ("contamination",), "shared with what scores the models",
           "the text is in {where}: name a smaller `test:` and `dev:` there, or take unused files out of tasks/"),
)


def find_losses(sources: Sequence[str], read: Sequence[int], lost: Mapping[str, Sequence[int]],
                where: Mapping[str, str]) -> list[Loss]:
    """What each family of rules took from each source, largest share first; nothing taken is left out.

    Args:
        sources: their names.
        read: words of each.
        lost: rule -> words that it took from each source.
        where: source -> the tasks and files that its contaminated text is in.
    """
    found = [Loss(source=source, rule=family.name, words=sum(int(lost[rule][number]) for rule in family.rules),
                  read=int(read[number]), where=where.get(source, "") if family.name == "contamination" else "")
             for number, source in enumerate(sources) for family in FAMILIES]
    return sorted((loss for loss in found if loss.words), key=lambda loss: (-loss.share, *loss.key))


def losses_of(report: Report) -> list[Loss]:
    """The losses that a report of ``corpus/clean`` holds."""
    return report.read_result(CleanResult, "corpus/clean").losses


def large(losses: Iterable[Loss], share: float, accepted: Mapping[tuple[str, str], float]) -> list[Loss]:
    """Those of more than ``share`` of a source that nobody accepted.

    Args:
        losses: of ``find_losses``.
        share: of the words of a source.
        accepted: source and rule -> the share that a person accepted.
    """
    return [loss for loss in losses if loss.read >= LEAST_WORDS and loss.share > share
            and loss.share > accepted.get(loss.key, -1.0) + GROWTH]


def loss_gates(code: str, losses: Sequence[Loss], accepted: Mapping[tuple[str, str], float]) -> list[Gate]:
    """The gates ``losses_small``, which warns, and ``losses_accepted``, which stops what follows."""
    seen, stopped = large(losses, SEEN, accepted), large(losses, ACCEPTED, accepted)
    worst = max((loss.share for loss in losses if loss.read >= LEAST_WORDS), default=0.0)
    agreed = [f"{loss.rule} of {loss.source}" for loss in losses if loss.share > SEEN and loss.key in accepted]
    also = f"; a person accepted: {', '.join(agreed)}" if agreed else ""
    most = f"no rule takes more than {worst:.0%} of a source" if not agreed else "no other rule takes more than a third"
    return [
        Gate(name="losses_small", passed=not seen, value=worst, threshold=SEEN,
             reason=" | ".join(_explained(code, loss) for loss in seen) if seen else f"{most}{also}"),
        Gate(name="losses_accepted", passed=not stopped, blocking=True, value=worst, threshold=ACCEPTED,
             reason=" | ".join(f"{_explained(code, loss)}. If it is right so: {accept_command(code, loss)}"
                               for loss in stopped) if stopped
             else f"no rule takes more than half of a source without a person's consent{also}")]


def _explained(code: str, loss: Loss) -> str:
    family = next(family for family in FAMILIES if family.name == loss.rule)
    remedy = family.remedy.format(code=code, source=loss.source, where=loss.where or "tasks/")
    return (f"{loss.rule} takes {loss.share:.0%} of {loss.source} ({loss.words:,} of {loss.read:,} words, "
            f"{family.taken}): {remedy}")


def accept_command(code: str, loss: Loss) -> str:
    """The command by which a person accepts ``loss``."""
    return f"`vernacular accept {code} {loss.source} --rule {loss.rule} --reason \"...\"`"


def closing_lines(artifact: Artifact) -> list[str]:
    """Three lines for a person: words read and kept, what each rule took, and where the dropped lines are.

    Args:
        artifact: of ``corpus/clean``.
    """
    report = artifact.manifest.report
    read, kept = (int(report.counts[f"words_{name}"].value) for name in ("read", "kept"))
    taken: dict[str, int] = {}
    for loss in losses_of(report):
        taken[loss.rule] = taken.get(loss.rule, 0) + loss.words
    for name, counted in (("takedowns", "words_rejected_takedown"), ("masking of private data", "words_masked")):
        if report.counts[counted].value:
            taken[name] = int(report.counts[counted].value)
    ranked = sorted(taken.items(), key=lambda rule: (-rule[1], rule[0]))
    shown = [f"{rule} {words:,} ({_percent(words, read)})" for rule, words in ranked[:_SHOWN]]
    rest = sum(words for _, words in ranked[_SHOWN:])
    shown += [f"other rules {rest:,}"] if rest else []
    return [f"text: {read:,} words read, {kept:,} kept ({_percent(kept, read)})",
            f"words taken: {', '.join(shown) or 'none'}",
            f"the dropped lines, each with its reason: {artifact.folder / 'rejects'}"]


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0%"
