"""The stage ``speech/splits``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vernacular.core.plots import bars
from vernacular.core.report import Gate, Report
from vernacular.pipeline.stage import StageContext
from vernacular.speech.cleaning.transcripts import comparable
from vernacular.speech.splits.assignment import DEV, LEFT_OUT, PARTS, TEST, TRAIN, UNTRANSCRIBED, divide
from vernacular.speech.splits.folds import Fold, make_folds
from vernacular.speech.splits.overlap import find_shared, words_in_train
from vernacular.speech.splits.stage_results import FoldSize, SharedBetweenParts, SpeechPart, SpeechSplitsResult
from vernacular.speech.splits.stages import SpeechSplitsSettings
from vernacular.speech.utterance import Utterance, read_utterances

SPLITS, FOLDS = "splits.parquet", "folds.json"
_SCHEMA = pa.schema([("id", pa.string()), ("part", pa.string()), ("text_in_train", pa.bool_()),
                     ("words_in_train", pa.float64())])


def run(work: StageContext[SpeechSplitsSettings]) -> Report:
    """Write ``splits.parquet`` (id, part, and for held-out utterances what train shares) and ``folds.json``.

    Raises:
        Problem: too little speech for the parts.
    """
    utterances, settings = read_utterances(work.inputs["speech/clean"]), work.settings
    division = divide(utterances, settings.splits, frozenset(settings.given))
    known = words_in_train(utterances, division.parts)
    rows = [{"id": one.id, "part": division.parts[one.id], "text_in_train": known.get(one.id, (None, None))[0],
             "words_in_train": known.get(one.id, (None, None))[1]} for one in utterances]
    pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), work.out / SPLITS, compression="zstd")
    folds, note = make_folds(utterances, division.parts, settings.splits)
    (work.out / FOLDS).write_text(json.dumps([fold.as_json() for fold in folds], indent=1) + "\n", encoding="utf-8")
    shared = find_shared(utterances, division.parts, settings.splits, division.reasons)
    result = _result(utterances, division.parts, division.unit, shared, known, folds, note)
    report = _report(work.out, result)
    report.gates = [_text_gate(work.out, utterances, frozenset(settings.given)), _disjoint_gate(shared)]
    return report


def _result(utterances: Sequence[Utterance], parts: Mapping[str, str], unit: str, shared: list[SharedBetweenParts],
            known: Mapping[str, tuple[bool, float]], folds: Sequence[Fold], note: str) -> SpeechSplitsResult:
    by_id = {one.id: one for one in utterances}
    names = [*PARTS, UNTRANSCRIBED, LEFT_OUT]
    members = {name: [one for one in utterances if parts[one.id] == name] for name in names}
    scored = {one.speaker for one in members[TEST] or members[DEV]} - {""}
    held_out = {part: [known[one.id] for one in members[part]] for part in (DEV, TEST)}
    return SpeechSplitsResult(
        parts={name: SpeechPart(utterances=len(some), minutes=_minutes(some),
                                speakers=len({one.speaker for one in some} - {""})) for name, some in members.items()},
        unit=unit, shared=shared, folds_note=note,
        texts_in_train={part: sum(text for text, _ in shares) for part, shares in held_out.items()},
        words_in_train={part: sum(words == 1 and not text for text, words in shares)
                        for part, shares in held_out.items()},
        folds=[FoldSize(speaker=fold.speaker, train_minutes=_minutes([by_id[one] for one in fold.train]),
                        test_utterances=len(fold.test), test_minutes=_minutes([by_id[one] for one in fold.test]),
                        left_out=fold.left_out) for fold in folds],
        same_voices=_minutes([one for one in members[UNTRANSCRIBED] if one.speaker in scored]))


def _report(out: Path, result: SpeechSplitsResult) -> Report:
    report = Report()
    for name, part in result.parts.items():
        report.count(f"utterances_{name}", part.utterances, f"utterances in {name}", "utterances")
        report.count(f"minutes_{name}", part.minutes, f"minutes of speech in {name}", "minutes")
        report.count(f"speakers_{name}", part.speakers, f"speakers in {name} who are stated", "speakers")
    for name, number in result.texts_in_train.items():
        report.count(f"texts_in_train_{name}", number, f"utterances of {name} whose text is in train", "utterances")
        report.count(f"words_in_train_{name}", result.words_in_train[name],
                     f"other utterances of {name} all of whose words are in train", "utterances")
    report.count("minutes_same_voices", result.same_voices,
                 "minutes of untranscribed speech by speakers of the scored part", "minutes")
    report.samples["what train shares with dev and test"] = [
        {"kind": one.kind, "to be disjoint": one.wanted, "shared": one.values,
         "utterances of dev and test": one.utterances, "share": f"{one.share:.1%}",
         "utterances without it": one.not_stated, "reason": one.reason} for one in result.shared]
    report.samples["speakers held out in turn"] = [
        {"speaker": fold.speaker, "train (minutes)": fold.train_minutes, "test (minutes)": fold.test_minutes,
         "test (utterances)": fold.test_utterances, "left out": fold.left_out} for fold in result.folds]
    if result.folds_note:
        report.samples["fewer speakers held out than wanted"] = [{"reason": result.folds_note}]
    report.set_result(result)
    bars(out / "parts.png", "Minutes of speech, by part", list(result.parts),
         [float(part.minutes) for part in result.parts.values()], "minutes")
    report.plots["Minutes of speech, by part"] = "parts.png"
    return report


def _text_gate(out: Path, utterances: Sequence[Utterance], given: frozenset[str]) -> Gate:
    """The gate that reads the written file once more."""
    parts = {row["id"]: row["part"] for row in pq.read_table(out / SPLITS).to_pylist()}
    held_out = {comparable(one.text) for one in utterances if parts[one.id] in (DEV, TEST)}
    shared = sum(parts[one.id] == TRAIN and one.source not in given and comparable(one.text) in held_out
                 for one in utterances)
    return Gate(name="no_shared_text", passed=shared == 0, blocking=True, value=shared, threshold=0,
                reason=f"{shared} training utterances have the text of a held-out one" if shared else
                "no training utterance has the text of a held-out one, given splits apart",
                fix="Put `text` into `speech.splits.disjoint`")


def _disjoint_gate(shared: Sequence[SharedBetweenParts]) -> Gate:
    failed = [one for one in shared if one.wanted and not one.disjoint]
    parts = [f"{one.kind}: " + (f"{one.share:.0%} of dev and test is shared" if one.values else
                                f"not stated for {one.not_stated} utterances") for one in failed]
    return Gate(name="disjoint", passed=not failed, blocking=False, value=len(failed), threshold=0,
                reason=f"what train shares with dev and test: {'; '.join(parts)}" if failed else
                "train shares nothing that was to be disjoint with dev and test",
                fix="Record more speakers, and state speaker and session in the transcripts")


def _minutes(utterances: Sequence[Utterance]) -> float:
    return round(sum(one.seconds for one in utterances) / 60, 2)
