"""The model card: a README.md for people, with the metadata block that the Hugging Face hub reads.

Made from the results alone (``results.gather``), so every number in it is one of the release. Gains and missing gains
are said in words. After Model Cards (Mitchell et al. 2019, https://arxiv.org/abs/1810.03993).
"""

from __future__ import annotations

import yaml

from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.release.card_behavior import behaviour, fairness
from vernacular.release.card_forgetting import kept_on_tasks
from vernacular.release.card_metadata import metadata_of
from vernacular.release.card_trigger_scan import section as planted
from vernacular.release.card_usage import how_to_use
from vernacular.release.compute import section as compute
from vernacular.release.gates import gate_table, no_consent, unverified
from vernacular.release.headline import COLUMNS as HEADLINE
from vernacular.release.headline import rows
from vernacular.release.markdown import MISSING, caveat, interval_text, literal, number, range_text, read_text, table
from vernacular.release.result_models import ReleaseResults
from vernacular.release.result_tables import (
    COLUMNS,
    CURVE,
    asked_said,
    curve_rows,
    learned_from,
    likelihood_rows,
    remarks,
    score_columns,
    score_rows,
    seeds_differ,
)
from vernacular.release.trust import CALIBRATION, calibration_rows, calibration_said

GAINS = {"gain": "a gain", "no gain": "no gain", "harm": "harm"}


def write_card(results: ReleaseResults) -> str:
    """The whole README.md."""
    language, model = results.language, results.model
    metadata = yaml.safe_dump(metadata_of(results), allow_unicode=True, sort_keys=False, width=1000)
    autonym = f" ({language.autonym})" if language.autonym and language.autonym != language.name else ""
    parts = [
        f"---\n{metadata}---", f"# {model.base_name} for {language.name}{autonym}", _about(results),
        _standing(results), "## How to use it", how_to_use(results), "## Data", _data(results), "## Tokenizer",
        _tokenizer(results), *_alignment(results), "## Held-out negative log-likelihood", _likelihood(results),
        "## Tasks", _tasks(results),
        "## Behaviour", behaviour(results), "## Fairness", fairness(results), "## What it forgot",
        _retention(results), "## Planted phrases", planted(results), "## Compute", compute(results),
        *_remarks(results), "## Uses", _uses(results), "## What is not known", _unknown(results),
        "## Gates and signature", _gates(results)]
    return "\n\n".join(parts) + "\n"


def _about(results: ReleaseResults) -> str:
    model, language, found = results.model, results.language, results.released
    pieces = f"{number(results.fertility and results.fertility.new_pieces, 0)} new pieces in its tokenizer"
    control = found.arm == "control"
    said = (f"`{model.base_name}`, trained further on {language.name} text with "
            f"{'its own tokenizer' if control else pieces}{_tuned(results)}. **Base** below is the model as it was, ")
    said += ("**control** this model, **adapted** the same training with " + pieces if control else
             "**control** the same training with the original tokenizer, **adapted** this model") + _origin(results)
    if found.dev.adapted is None or found.dev.control is None:
        return said + "."
    return (f"{said}. Released is what foresees dev text better; within half a per cent the adapted one, whose text "
            f"has fewer tokens: adapted {number(found.dev.adapted)}, control {number(found.dev.control)} "
            f"{found.unit}." + (" Behaviour and fairness below are those of the control." if control else ""))


def _origin(results: ReleaseResults) -> str:
    """Where the base was taken from, if not from the hub; a sentence that the next full stop ends."""
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


def _standing(results: ReleaseResults) -> str:
    """What a reader sees first: whether it may be published, and the table of what adaptation changed."""
    gates = results.release_gates
    waived = {waiver.gate for waiver in results.waivers}
    red = [gate for gate in gates if not gate.passed and gate.name != "publishable"]
    said = [] if red else ["Every gate of this release is green."]
    if any(gate.name not in waived for gate in red):
        said.append("> **This release may not be published.** " + "; ".join(
            f"`{gate.name}`: {literal(gate.reason)}" for gate in red if gate.name not in waived) + ".")
    said += [f"> **Published although `{waiver.gate}` is red** ({literal(waiver.said)}). "
             f"{literal(waiver.by)} answers for that, {waiver.date[:10]}: {literal(waiver.reason)}"
             for waiver in results.waivers]
    headline = rows(results)
    said += ["## What adaptation changed", table(HEADLINE, [row.cells for row in headline])] if headline else []
    return "\n\n".join(said)


def _data(results: ReleaseResults) -> str:
    rows = [[source.name, source.text_register, source.quality, source.licence, source.consent,
             number(source.words_kept, 0)] for source in results.sources]
    text = table(["source", "register", "quality", "licence", "consent", "words kept"], rows)
    corpus = results.corpus
    if corpus:
        dropped = [f"{number(found.words, 0)} words in {found.meaning}" for found in corpus.rejected.values()
                   if found.words]
        text += (f"\n\n{number(corpus.words_kept, 0)} of {number(corpus.words_read, 0)} words were kept"
                 + (f"; dropped: {'; '.join(dropped)}" if dropped else "") + ".")
    if results.mixed_in:
        text += "\n\nMixed in while training: " + "; ".join(
            f"{source.name} ({source.role}, {source.licence}, {source.consent})"
            for source in results.mixed_in) + "." + _shares(results)
    text += _identified(results)
    if corpus:
        text += " E-mail addresses, phone numbers and the like " + (
            "were masked; names of people were not, since tasks need them." if results.private_data_masked else
            "were not masked, nor were names of people.")
    return text + (f" {read_text(results.released.passes)} `documents.txt` lists every document that it drew "
                   "from; `data_statement.md` says who made the text.")


def _shares(results: ReleaseResults) -> str:
    training = results.pretraining.adapted
    return (" Of what was read, " + ", ".join(f"{number(text.share, 1, True)} was {text.name}" for text in training.mix)
            + ".") if training is not None and training.mix else ""


def _identified(results: ReleaseResults) -> str:
    found = results.identification
    if not found:
        return " Nothing told the language from others but a general identifier: no text was known to be in it."
    recall, negatives = found.recall, found.negatives
    far, against = found.far, found.precision
    elsewhere = (f", on {number(far.lines, 0)} lines of text far from them {number(far.share)} "
                 f"({number(far.low)} to {number(far.high)})" if far and far.lines else "")
    precision = (f", its precision against the contrast languages {number(against.share)} "
                 f"({number(against.low)} to {number(against.high)})" if against else "")
    return (" Lines in other languages were dropped by an identifier learned from "
            f"{number(found.counts.seed_lines, 0)} lines: on held-out lines of these its recall is "
            f"{number(recall.share)} ({number(recall.low)} to {number(recall.high)}){elsewhere}{precision}; "
            f"of lines of invented words in the language's spelling it accepts {number(negatives.share)} "
            f"({number(negatives.low)} to {number(negatives.high)}). In brackets: 95 % intervals.")


def _tokenizer(results: ReleaseResults) -> str:
    found = results.fertility
    if not found:
        return f"{MISSING.capitalize()}."
    changed = (f" Of text in the base's languages, {number(found.base_lines_changed, 2, True)} of the lines are cut "
               "differently." if found.base_lines_changed is not None else "")
    trimmed = (f" Trimmed: {number(found.rows_kept, 0)} of the base's {number(found.rows_base, 0)} rows are "
               "left; other languages may be cut into single characters." if found.rows_kept is not None else "")
    ranges = found.intervals
    base, extended = ("", "") if ranges is None else (
        f" (95 % interval over documents {range_text(interval, 2)})" for interval in (ranges.base, ranges.extended))
    few = "" if ranges else f" No interval: fewer than {FEWEST_TEXTS} documents are held out to choose by."
    return (f"Fertility (tokens per word, held-out text): base {number(found.base, 2)}{base}, "
            f"extended {number(found.extended, 2)}{extended}.{few}{changed}{trimmed}")


def _alignment(results: ReleaseResults) -> list[str]:
    """What translations taught it, where it was taught from some."""
    found = results.alignment
    if found is None:
        return []
    training = results.pretraining.of(results.released.arm)
    if training is None or training.counts.translation_found is None:
        return []
    counts = training.counts
    return ["## Translations",
            f"{number(found.pairs, 0)} sentences with their translations taught it what texts mean: in training, "
            "the mean state of each was brought to the one that the base gives its translation. Of "
            f"{number(found.pairs_held, 0)} others, which were not learned from, "
            f"{number(counts.translation_found, 1, True)} find their own translation as the nearest "
            f"({number(counts.translation_found_before, 1, True)} with the new tokens before training, "
            f"{number(found.found_before, 1, True)} for the base), and the squared distance from it is "
            f"{number(counts.translation_distance)} of the variance between translations."]


def _likelihood(results: ReleaseResults) -> str:
    found = results.likelihood
    if not found:
        return f"{MISSING.capitalize()}."
    text = table(["model", found.unit, "95 % interval"], likelihood_rows(found))
    said = [f"{_comparison(name)}: {GAINS[found.verdicts[name]]} ({interval_text(interval)})"
            for name, interval in found.differences.items()]
    return f"{text}\n\nLower is better. {'. '.join(said)}."


def _comparison(name: str) -> str:
    first, _, second = name.partition("_minus_")
    return f"{first.capitalize()} against {second}"


def _tasks(results: ReleaseResults) -> str:
    if not results.tasks:
        return "No task was trained."
    parts = []
    for task, found in results.tasks.items():
        said = [f"{_comparison(name)}: **{GAINS[found.verdicts[name]]}** ({interval_text(interval)})"
                for name, interval in found.intervals.items()]
        floor = "" if found.above_floors else (" The released model does not reach the best simple floor: use the "
                                                  "simple method for this task.")
        about = f"{literal(found.description)}\n\n" if found.description else ""
        curve = curve_rows(found)
        calibrated = calibration_rows(found)
        more = "".join(f" {line}" for line in (*remarks(found), *asked_said(found))) + (
            f"\n\n{CURVE}:\n\n{table(COLUMNS, curve)}" if curve else "") + (
            f"\n\n{calibration_said(found)}\n\n{table(CALIBRATION, calibrated)}" if calibrated else "")
        parts.append(f"### {task}\n\n{about}{found.metric}, {learned_from(found)}.\n\n"
                     + table(score_columns(found), score_rows(found))
                     + f"\n\n{'. '.join([*said, seeds_differ(found).capitalize()])}.{floor}{more}")
    return "\n\n".join(parts)


def _retention(results: ReleaseResults) -> str:
    found = results.retention
    if not found or not found.measured:
        return "Not measured: the folder names no text in the base's languages." + _kept(results) + _states(results)
    said = [f"{_comparison(name)}: {interval_text(interval)}" for name, interval in found.differences.items()]
    return (f"Text in the base's languages ({', '.join(found.languages)}), {found.items} lines; lower is better."
            f"{caveat(found.caveat)}\n\n{table(['model', found.unit, '95 % interval'], likelihood_rows(found))}"
            f"\n\n{'. '.join(said)}."
            + _kept(results) + _states(results))


def _kept(results: ReleaseResults) -> str:
    said = "".join(f"\n\nThe task {literal(one)}" for one in kept_on_tasks(results))
    return said or "\n\nNo task in one of the base's languages was scored."


def _states(results: ReleaseResults) -> str:
    training = results.pretraining.of(results.released.arm)
    moved = training.counts.states_moved if training is not None else None
    if moved is None:
        return ""
    return (f"\n\nThe mean states of held-out {results.language.name} texts, by which texts are told apart, are "
            f"{number(moved)} from the base's: 0 is where they were, 1 as far off as these are from their mean.")


def _uses(results: ReleaseResults) -> str:
    name = results.language.name
    return (f"Meant for: research on {name}; tools that a speaker checks, such as search, sorting and annotation help; "
            "a start for fine-tuning.\n\nRefused: surveillance or profiling of people, decisions about people without "
            "a person who answers for them, text passed off as a community's own words, any use that the licence or "
            "the consent of a source does not cover.")


def _remarks(results: ReleaseResults) -> list[str]:
    """What gained little, and what to do about it; nothing where there is nothing to remark."""
    lines = [f"- {literal(remark.what)}. {literal(remark.fix)}." for remark in results.remarks]
    return ["## What gains little", "\n".join(lines)] if lines else []


def _unknown(results: ReleaseResults) -> str:
    registers = sorted({source.text_register for source in results.sources})
    lines = [f"- Text outside the register{'s' if len(registers) > 1 else ''} {', '.join(registers)}: how the model "
             "does there was not measured."]
    if unverified(results.rights):
        lines.append(f"- The licence of {', '.join(unverified(results.rights))}.")
    if no_consent(results.rights):
        lines.append("- Whether everyone who made the text agrees to this use.")
    if not any(test.reviewed != "none" for test in (
            results.behaviour.tests.values() if results.behaviour else ())):
        lines.append("- What speakers say of its answers: none has reviewed a test.")
    if not results.language.stated:
        lines.append("- Who speaks the language, who made the text and who was asked: nobody has filled in the data "
                     "statement.")
    lines.append("- Dialects, and whether the model treats them alike.")
    lines += [f"- `{stage}` was not run." for stage in results.missing]
    return "\n".join(lines)


def _gates(results: ReleaseResults) -> str:
    text = gate_table(results.release_gates, {waiver.gate: waiver.by for waiver in results.waivers})
    if results.signer is None:
        return text
    return (f"{text}\n\nAll files, gates and waivers are signed (`signature.json`) with the key `{results.signer}`. "
            "`vernacular verify FOLDER --key PUBLIC_KEY` checks a download, without a network. Get the public key from "
            "whoever made the release, not from this card.")
