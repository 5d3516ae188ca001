"""The results of speech as sections of text and tables: those of the screen, and all of them for ``--full``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vernacular.release.markdown import Section, Table, literal, number, signed
from vernacular.reporting.first_screen import RED
from vernacular.reporting.speech.results import SpeechModelResults, SpeechResults
from vernacular.speech.release.card import usage_lines
from vernacular.speech.release.tables import (
    BASELINES,
    behavior_table,
    curve_table,
    gaps_table,
    range_cell,
    scores_table,
    speakers_table,
)
from vernacular.speech.transcription.stage_results import TranscriptionResult


def recording_sections(results: SpeechResults) -> Iterator[Section]:
    """Yield the sections on the recordings; sections that are not ``on_screen`` are for ``--full`` alone."""
    yield Section("Recordings", [hours_line(results)])
    yield Section("", [table for table in (
        sources_table(results), people_table(results), losses_table(results), shared_table(results)) if table], False)


def model_sections(model: SpeechModelResults) -> Iterator[Section]:
    """Yield the sections on a model, without ``next_lines``."""
    yield Section(f"{model.name}: speech to text", [*map(literal, about_model(model))])
    found = model.transcription
    if found is not None:
        yield Section("", [f"Percent of characters and words that are wrong in {found.part}, with 95% intervals; lower "
                           "is better.", scores_table(found), *map(literal, score_lines(found))])
        if found.speakers:
            yield Section("Speakers whom training did not hear, each in turn", [speakers_table(found)])
        if found.curve:
            yield Section("With less speech", [curve_table(found)])
    yield from _behavior(model)
    yield from _gates(model)


def _behavior(model: SpeechModelResults) -> Iterator[Section]:
    found = model.behaviour
    if found is None:
        return
    yield Section("Tests of behavior", [literal(behavior_line(model))])
    yield Section("", [behavior_table(found)], False)
    if found.gaps:
        yield Section("Groups of speakers", [gaps_table(found)])
    yield Section("", [literal(f"Not compared by {name}: {why}.") for name, why in found.no_gaps.items()], False)


def _gates(model: SpeechModelResults) -> Iterator[Section]:
    red = [[RED.get(gate.name, gate.name.replace("_", " ")), gate.reason] for gate in model.red_gates]
    if red:
        yield Section("What is not good enough yet", [Table(["condition for publishing", "reason"], red)])
    gates = [[stage, gate.name, "green" if gate.passed else "red", gate.reason]
             for stage, some in model.gates.items() for gate in some]
    yield Section("Gates of the stages", [Table(["stage", "gate", "", "reason"], gates)], False)
    if model.release_gates:
        yield Section("May it be published?", [release_gates_table(model)], False)


def release_gates_table(model: SpeechModelResults) -> Table:
    """The gates of the release, waived ones with the person."""
    waived = {waiver.gate: waiver for waiver in model.waivers}
    return Table(["gate", "", "reason"], [
        [gate.name, *(("green", gate.reason) if gate.passed else ("red", gate.reason) if gate.name not in waived else (
            "waived", f"{gate.reason}; waived by {waived[gate.name].by}: {waived[gate.name].reason}"))]
        for gate in model.release_gates])


def hours_line(results: SpeechResults) -> str:
    """How much speech there is, of how many people, and how it is divided."""
    read = results.recordings
    if read is None:
        return "No recording has been read yet."
    hours = sum(float(source.hours) for source in read.sources.values())
    line = f"{_time(hours)} of speech by {read.speakers} speakers were read"
    if results.cleaned is not None:
        line += (f"; {_time(float(results.cleaned.hours))} are left after cleaning, "
                 f"{_time(float(results.cleaned.hours_transcribed))} of them with a transcript")
    parts = results.splits.parts if results.splits is not None else {}
    sizes = [f"{parts[name].minutes:.0f} minutes in {name}" for name in ("train", "dev", "test")
             if name in parts and parts[name].utterances]
    return line + "." + (f" {', '.join(sizes)}." if sizes else "")


def _time(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 2 else f"{60 * hours:.0f} minutes"


def sources_table(results: SpeechResults) -> Table:
    """What each source gave."""
    read = results.recordings.sources if results.recordings is not None else {}
    return Table(["source", "hours", "utterances", "transcripts", "speakers", "rejected"], [
        [name, number(float(one.hours), 2), number(one.utterances, 0), number(one.transcribed, 0), str(one.speakers),
         number(one.rejected, 0)] for name, one in read.items()])


def people_table(results: SpeechResults) -> Table:
    """Who speaks, by pseudonym, and what each person allows."""
    return Table(["speaker", "gender", "age", "village", "minutes", "utterances", "allows"], [
        [one.pseudonym, one.gender or "not stated", one.age or "not stated", one.village or "not stated",
         number(float(one.minutes), 1), number(one.utterances, 0), ", ".join(one.uses)] for one in results.speakers])


def losses_table(results: SpeechResults) -> Table:
    """What cleaning dropped."""
    losses = results.cleaned.losses if results.cleaned is not None else []
    return Table(["source", "cleaning rule", "recordings", "transcripts alone", "share"], [
        [loss.source, loss.rule, number(loss.recordings, 0), number(loss.transcripts, 0), f"{loss.share:.1%}"]
        for loss in losses])


def shared_table(results: SpeechResults) -> Table:
    """What train shares with dev and test."""
    shared = results.splits.shared if results.splits is not None else []
    return Table(["train shares with dev and test", "of their utterances", "reason"], [
        [f"{one.kind}: {number(one.values, 0)}", f"{one.share:.0%}", one.reason or "it need not be disjoint"]
        for one in shared if not one.disjoint])


def about_model(model: SpeechModelResults) -> list[str]:
    """What the model is, in sentences."""
    found, pretrained = model.transcription, model.pretraining
    learned = f", learned from {found.minutes:.0f} minutes of transcribed speech" if found is not None else ""
    lines = [f"{model.base.rpartition('/')[2]}, method {model.method}{learned}."]
    if pretrained is not None:
        lines.append(f"Pretrained on {pretrained.hours:.1f} hours of speech first." if pretrained.trained else
                     f"Not pretrained on this speech: {pretrained.reason}.")
    if model.changed:
        lines.append(f"Changed since the release: {', '.join(model.changed)}.")
    return lines


def score_lines(found: TranscriptionResult) -> list[str]:
    """The baselines, the language model and the shared words, in sentences."""
    lines = [f"Characters, likeliest path, against {BASELINES.get(name, name)}: {signed(difference, 1)} points."
             for name, difference in found.differences.items()]
    if found.language_model is not None:
        lines.append(f"The language model ({found.language_model.grams}, from {found.language_model.texts:,} lines): "
                     f"{signed(found.language_model.gain, 1)} points.")
    else:
        lines.append("No language model: it does not help, or `language_model` is `none`.")
    if found.without_shared is not None:
        lines.append(f"{found.shared_texts} of {found.scored.greedy.utterances} scored utterances consist of words "
                     f"that training has read. The others: {range_cell(found.without_shared.cer)} of the characters, "
                     f"{range_cell(found.without_shared.wer)} of the words.")
    return lines


def behavior_line(model: SpeechModelResults) -> str:
    """How many tests of behavior pass, and which are red."""
    tests = model.behaviour.tests if model.behaviour is not None else {}
    red = [f"{name} ({test.rate:.0%} fail)" for name, test in tests.items() if not test.passed]
    return (f"{len(tests) - len(red)} of {len(tests)} pass."
            + (f" Red: {', '.join(red)}." if red else ""))


def next_lines(model: SpeechModelResults) -> Sequence[str]:
    """The path of the release and the Python that loads it; what to run where there is none."""
    if model.release is None:
        waiting = ", ".join(model.missing or [f"speech/release_{model.name}"])
        return [f"Not run yet: {waiting}. `vernacular run {model.asked}` runs them."]
    path = Path(model.release.folder)
    near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return [str(near), *usage_lines(f'"{near.as_posix()}"', model.own_code)]
