"""The model card: a README.md for people, with the metadata block that the Hugging Face hub reads.

Its only input is ``results.gather``. ``report --full`` prints the same ``sections``. After Model Cards (Mitchell et al.
2019, https://arxiv.org/abs/1810.03993).
"""

from __future__ import annotations

import yaml

from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.langid.stage_results import ShareOfLines
from vernacular.release.card_chat import chat
from vernacular.release.card_evaluation import (
    behavior,
    fairness,
    forgetting,
    of_pictures,
    planted_phrases,
)
from vernacular.release.card_metadata import metadata_of
from vernacular.release.card_usage import how_to_use
from vernacular.release.compute import section as compute
from vernacular.release.gates import gate_table, no_consent, unverified
from vernacular.release.headline import COLUMNS, rows
from vernacular.release.markdown import MISSING, Section, Table, interval_text, literal, number, range_text, read_text
from vernacular.release.result_models import ReleaseResults
from vernacular.release.result_tables import (
    CURVE,
    against,
    curve_table,
    describe_seeds,
    learned_from,
    likelihood_table,
    remarks,
    score_table,
)
from vernacular.release.rights import name_of_base
from vernacular.release.trust import calibration_table, describe_calibration
from vernacular.release.waivers import ALL

GAINS = {"gain": "a gain", "no gain": "no gain", "harm": "harm"}


def write_card(results: ReleaseResults) -> str:
    """The whole README.md."""
    language = results.language
    metadata = yaml.safe_dump(metadata_of(results), allow_unicode=True, sort_keys=False, width=1000)
    autonym = f" ({language.autonym})" if language.autonym and language.autonym != language.name else ""
    blocks: list[str | Table] = [f"---\n{metadata}---", f"# {results.model.base_name} for {language.name}{autonym}"]
    for section in sections(results):
        blocks += [*([f"## {section.title}"] if section.title else []), *section.blocks]
    return "\n\n".join(map(str, blocks)) + "\n"


def sections(results: ReleaseResults) -> list[Section]:
    """The parts of the card in their order."""
    headline = rows(results)
    return [
        Section("", [_about(results), *_standing(results)]),
        *([Section("What adaptation changed", [Table(COLUMNS, [row.cells for row in headline])])] if headline else []),
        Section("How to use it", how_to_use(results), on_screen=False), _data(results), _tokenizer(results),
        *_alignment(results), _likelihood(results), *chat(results), Section("Tasks", _tasks(results)),
        *behavior(results),
        fairness(results), forgetting(results), planted_phrases(results), compute(results), *_remarks(results),
        _uses(results), _unknown(results), _gates(results)]


def _about(results: ReleaseResults) -> str:
    model, language, released = results.model, results.language, results.released
    new_tokens = f"{number(results.fertility and results.fertility.new_pieces, 0)} new tokens"
    control = released.arm == "control"
    text = (f"`{model.base_name}`, trained further on {language.name} text with "
            f"{'its original tokenizer' if control else new_tokens}{_tuned(results)}. **Base** below is the model "
            "before this training, ")
    text += (f"**control** this model, **adapted** the same training with {new_tokens}" if control else
             "**control** the same training with the original tokenizer, **adapted** this model") + _origin(results)
    if released.dev.adapted is None or released.dev.control is None:
        return text + "."
    return (f"{text}. Released is the model that predicts dev text better; if they differ by less than half a per "
            f"cent, the adapted one, whose text has fewer tokens: adapted {number(released.dev.adapted)}, control "
            f"{number(released.dev.control)} {released.unit}."
            + (" Behavior and fairness below are those of the control." if control else ""))


def _origin(results: ReleaseResults) -> str:
    """The origin of the base if not the hub; a sentence without its full stop."""
    base = results.model.base
    if base.hub:
        return ""
    taken = (f". The base was taken from the Python package `{base.package}`" if base.package else
             f". The base was taken from the local files `{base.path}`")
    return taken + (f"; on the Hugging Face hub it is `{base.name_on_hub}`" if base.name_on_hub else
                    "; its name on the Hugging Face hub is not known")


def _tuned(results: ReleaseResults) -> str:
    many = len(results.tasks)
    if not many:
        return ""
    how = "with LoRA" if results.model.lora.method == "lora" else "whole"
    return f", and fine-tuned {how} for {many} task{'' if many == 1 else 's'}"


def _standing(results: ReleaseResults) -> list[str]:
    """Whether the release may be published."""
    waived = {waiver.gate for waiver in results.waivers}
    red = [gate for gate in results.release_gates if not gate.passed and gate.name != ALL]
    if not red:
        return ["Every gate of this release is green."]
    open_gates = [f"`{gate.name}`: {literal(gate.reason)}" for gate in red if gate.name not in waived]
    return [*([f"> **This release may not be published.** {'; '.join(open_gates)}."] if open_gates else []),
            *(f"> **Published although `{waiver.gate}` is red** ({literal(waiver.gate_reason)}). Responsible: "
              f"{literal(waiver.by)}, {waiver.date[:10]}: {literal(waiver.reason)}" for waiver in results.waivers)]


def _data(results: ReleaseResults) -> Section:
    corpus, text = results.corpus, ""
    if corpus:
        dropped = [f"{number(losses.words, 0)} words in {losses.meaning}" for losses in corpus.rejected.values()
                   if losses.words]
        text = (f"{number(corpus.words_kept, 0)} of {number(corpus.words_read, 0)} words were kept"
                + (f"; dropped: {'; '.join(dropped)}" if dropped else "") + ".")
    if results.mixed_in:
        text += "\n\nMixed in during training: " + "; ".join(
            f"{source.name} ({source.role}, {source.licence}, {source.consent})"
            for source in results.mixed_in) + "." + _shares(results)
    text += _identified(results)
    if corpus:
        text += " E-mail addresses, phone numbers and similar data " + (
            "were masked; names of people were not, since tasks need them." if results.private_data_masked else
            "were not masked, nor were names of people.")
    text += (f" {read_text(results.released.passes)} `documents.txt` lists every document of the training text; "
             "`data_statement.md` describes who made the text.")
    return Section("Data", [Table(["source", "register", "quality", "licence", "consent", "words kept"], [
        [source.name, source.text_register, source.quality, source.licence, source.consent,
         number(source.words_kept, 0)] for source in results.sources]), text.strip()])


def _shares(results: ReleaseResults) -> str:
    training = results.pretraining.adapted
    return (" Shares of the tokens that were read: " + ", ".join(
        f"{text.name} {number(text.share, 1, True)}" for text in training.mix) + "."
        ) if training is not None and training.mix else ""


def _identified(results: ReleaseResults) -> str:
    scores = results.identification
    if not scores:
        return " Lines in other languages were dropped by a general identifier alone: there was no seed text."
    elsewhere = (f", on {number(scores.far.lines, 0)} lines of text far from them {_share(scores.far)}"
                 if scores.far and scores.far.lines else "")
    precision = (f", its precision against the contrast languages {_share(scores.precision)}"
                 if scores.precision else "")
    return (" Lines in other languages were dropped by an identifier trained on "
            f"{number(scores.counts.seed_lines, 0)} lines: on held-out lines of these its recall is "
            f"{_share(scores.recall)}{elsewhere}{precision}; of lines of invented words in the language's spelling it "
            f"accepts {_share(scores.negatives)}. Parentheses hold 95 % intervals.")


def _share(share: ShareOfLines) -> str:
    return f"{number(share.share)} ({number(share.low)} to {number(share.high)})"


def _tokenizer(results: ReleaseResults) -> Section:
    found = results.fertility
    if not found:
        return Section("Tokenizer", [f"{MISSING.capitalize()}."])
    changed = (f" In the base's languages, {number(found.base_lines_changed, 2, True)} of the lines are tokenized "
               "differently." if found.base_lines_changed is not None else "")
    trimmed = (f" Trimmed: {number(found.rows_kept, 0)} of the base's {number(found.rows_base, 0)} rows are "
               "left; words of other languages may be split into single characters."
               if found.rows_kept is not None else "")
    ranges = found.intervals
    base, extended = ("", "") if ranges is None else (
        f" (95 % interval over documents {range_text(interval, 2)})" for interval in (ranges.base, ranges.extended))
    few = "" if ranges else f" No interval: fewer than {FEWEST_TEXTS} documents are in dev."
    return Section("Tokenizer", [
        f"Fertility (tokens per word, held-out text): base {number(found.base, 2)}{base}, "
        f"extended {number(found.extended, 2)}{extended}.{few}{changed}{trimmed}"])


def _alignment(results: ReleaseResults) -> list[Section]:
    """What it learned from translations; nothing where there were none."""
    found, training = results.alignment, results.pretraining.of(results.released.arm)
    if found is None or training is None or training.counts.translation_found is None:
        return []
    counts, teacher = training.counts, results.model.teacher
    taught = "the one that the base gives" if teacher is None else (
        f"the vector that the text tower of `{name_of_base(teacher)}` gives")
    return [Section("Translations", [
        f"It learned sentence meanings from {number(found.pairs, 0)} sentences with translations: training brings the "
        f"mean state of a sentence close to {taught} its translation. Of "
        f"{number(found.held_out_pairs, 0)} held-out sentences, {number(counts.translation_found, 1, True)} find "
        f"their own translation as the nearest ({number(counts.translation_found_before, 1, True)} with the new "
        f"tokens before training, {number(found.found_before, 1, True)} for the base), and the squared distance from "
        f"it is {number(counts.translation_distance)} of the variance between translations."])]


def _likelihood(results: ReleaseResults) -> Section:
    found, title = results.likelihood, "Held-out negative log-likelihood"
    if not found:
        return Section(title, [f"{MISSING.capitalize()}."])
    compared = ". ".join(f"{against(name).capitalize()}: {GAINS[found.verdicts[name]]} ({interval_text(interval)})"
                         for name, interval in found.differences.items())
    return Section(title, [likelihood_table(found), f"Lower is better. {compared}."])


def _tasks(results: ReleaseResults) -> list[str | Table]:
    blocks: list[str | Table] = [] if results.tasks else ["No task was trained."]
    for name, task in results.tasks.items():
        compared = [f"{against(difference).capitalize()}: **{GAINS[task.verdicts[difference]]}** "
                    f"({interval_text(interval)})" for difference, interval in task.intervals.items()]
        below = [] if task.above_floors else ["A baseline without a pretrained model does as well as the released "
                                              "model, or better: use it for this task."]
        sentences = [". ".join([*compared, describe_seeds(task).capitalize()]) + ".", *below, *remarks(task)]
        of_base = f", in {task.language}, a language of the base" if task.language else ""
        blocks += [f"### {name}", *([literal(task.description)] if task.description else []),
                   *of_pictures(task), f"{task.metric}, {learned_from(task)}{of_base}.", score_table(task),
                   " ".join(sentences)]
        if curve := curve_table(task):
            blocks += [f"{CURVE}:", curve]
        if calibration := calibration_table(task):
            blocks += [describe_calibration(task), calibration]
    return blocks


def _uses(results: ReleaseResults) -> Section:
    return Section("Uses", [
        f"Intended: research on {results.language.name}; tools whose output a speaker checks, such as search, sorting "
        "and annotation help; a start for fine-tuning.",
        "Out of scope: surveillance or profiling of people, decisions about people without a responsible person, text "
        "presented as a community's own words, any use that the licence or the consent of a source does not cover."],
        on_screen=False)


def _remarks(results: ReleaseResults) -> list[Section]:
    lines = [f"- {literal(remark.what)}. {literal(remark.fix)}." for remark in results.remarks]
    return [Section("What gains little", ["\n".join(lines)])] if lines else []


def _unknown(results: ReleaseResults) -> Section:
    registers = sorted({source.text_register for source in results.sources})
    lines = [f"- Text outside the register{'s' if len(registers) > 1 else ''} {', '.join(registers)}: quality there "
             "was not measured."]
    if unverified(results.rights):
        lines.append(f"- The licence of {', '.join(unverified(results.rights))}.")
    if no_consent(results.rights):
        lines.append("- Whether all authors of the text agree to this use.")
    if not any(test.reviewed != "none" for test in (
            results.behaviour.tests.values() if results.behaviour else ())):
        lines.append("- Speakers' judgment of its answers: no speaker has reviewed a test.")
    if not results.language.stated:
        lines.append("- Who speaks the language, who made the text and who was consulted: nobody has filled in the "
                     "data statement.")
    lines.append("- Dialects, and whether the model treats them alike.")
    lines += [f"- `{stage}` was not run." for stage in results.missing]
    return Section("What is not known", ["\n".join(lines)], on_screen=False)


def _gates(results: ReleaseResults) -> Section:
    table = gate_table(results.release_gates, {waiver.gate: waiver.by for waiver in results.waivers})
    signature = [f"All files, gates and waivers are signed (`signature.json`) with the key `{results.signer}`. "
                 "`vernacular verify FOLDER --key PUBLIC_KEY` checks a download, without a network. Get the public key "
                 "from the publisher of the release, not from this card."] if results.signer is not None else []
    return Section("Gates and signature", [table, *signature], on_screen=False)
