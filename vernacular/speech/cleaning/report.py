"""The report of ``speech/clean``: counts, samples, plots and gates. Drops nothing itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vernacular.core.plots import bars, histogram
from vernacular.core.report import Gate, Report
from vernacular.core.result import SampleRow
from vernacular.speech.cleaning.rules import RULES, Reject
from vernacular.speech.cleaning.stage_results import SpeechCleanResult, SpeechLoss
from vernacular.speech.utterance import Utterance

_SAMPLES, _EXCERPT, _BINS = 3, 160, 30
_MOST_LOST = 0.1
_NOT_CHECKED = {"alignment": "whether a transcript fits its sound needs a trained model: `speech/transcription_...` "
                             "checks it; only lengths and scripts are compared here"}


def describe(out: Path, read: Sequence[Utterance], kept: Sequence[Utterance], rejects: Sequence[Reject]) -> Report:
    """Return the report.

    Args:
        out: folder of the result, for plots.
        read: the utterances of ``speech/recordings``.
        kept: those that are left.
        rejects: what was dropped.
    """
    report, transcribed = Report(), [one for one in kept if one.text]
    hours = {"read": _hours(read), "kept": _hours(kept), "transcribed": _hours(transcribed)}
    report.count("utterances", len(kept), "utterances that are left", "utterances")
    report.count("utterances_transcribed", len(transcribed), "utterances that are left with a transcript", "utterances")
    report.count("hours_read", hours["read"], "hours of sound before cleaning", "hours")
    report.count("hours", hours["kept"], "hours of sound that are left, without silence at the ends", "hours")
    report.count("hours_transcribed", hours["transcribed"], "hours with a transcript", "hours")
    numbers = {rule: sum(one.rule == rule for one in rejects) for rule in RULES}
    for rule, meaning in RULES.items():
        report.count(f"rejected_{rule}", numbers[rule], meaning, "utterances")
    losses = find_losses(read, rejects)
    report.set_result(SpeechCleanResult(
        utterances=len(kept), transcribed=len(transcribed), hours=hours["kept"], losses=losses,
        hours_transcribed=hours["transcribed"], not_checked=_NOT_CHECKED))
    report.samples["rejected"] = _samples(read, rejects)
    report.samples["dropped by source"] = [
        {"source": loss.source, "rule": RULES[loss.rule], "recordings": loss.recordings,
         "transcripts": loss.transcripts, "share": f"{loss.share:.1%}"} for loss in losses]
    report.samples["not checked"] = [{"check": name, "reason": reason} for name, reason in _NOT_CHECKED.items()]
    shown = [rule for rule in RULES if numbers[rule]]
    bars(out / "rejects.png", "Utterances dropped, by rule", shown, [numbers[rule] for rule in shown], "utterances")
    report.plots["Utterances dropped, by rule"] = "rejects.png"
    for name, title, unit, values in (
            ("seconds", "Length of the utterances that are left", "seconds", [one.seconds for one in kept]),
            ("snr", "Signal-to-noise ratio", "dB", [one.snr or 0.0 for one in kept]),
            ("speed", "Letters per second of speech", "letters per second",
             [one.characters_per_second or 0.0 for one in transcribed])):
        if values:
            counts, edges = np.histogram(values, bins=_BINS)
            histogram(out / f"{name}.png", title, edges.tolist(), counts.tolist(), unit, "utterances")
            report.plots[title] = f"{name}.png"
    report.gates = [_left_gate(kept), _losses_gate(losses)]
    return report


def find_losses(read: Sequence[Utterance], rejects: Sequence[Reject]) -> list[SpeechLoss]:
    """Return what each rule took of each source, the largest share first."""
    by_id = {one.id: one for one in read}
    seconds, transcripts = defaultdict[str, float](float), defaultdict[str, int](int)
    for one in read:
        seconds[one.source] += one.seconds
        transcripts[one.source] += bool(one.text)
    groups = defaultdict[tuple[str, str], list[Reject]](list)
    for reject in rejects:
        groups[by_id[reject.id].source, reject.rule].append(reject)
    losses = []
    for (source, rule), some in groups.items():
        sound = [one for one in some if one.dropped == "recording"]
        lost = sum(by_id[one.id].seconds for one in sound) / max(seconds[source], 1e-9)
        alone = len(some) - len(sound)
        losses.append(SpeechLoss(source=source, rule=rule, recordings=len(sound), transcripts=alone,
                                 share=max(lost, alone / max(transcripts[source], 1))))
    return sorted(losses, key=lambda loss: (-loss.share, loss.source, loss.rule))


def _hours(utterances: Sequence[Utterance]) -> float:
    return round(sum(one.seconds for one in utterances) / 3600, 4)


def _samples(read: Sequence[Utterance], rejects: Sequence[Reject]) -> list[SampleRow]:
    by_id, shown = {one.id: one for one in read}, defaultdict[str, int](int)
    rows: list[SampleRow] = []
    for reject in rejects:
        shown[reject.rule] += 1
        if shown[reject.rule] <= _SAMPLES:
            one = by_id[reject.id]
            rows.append({"rule": reject.rule, "dropped": reject.dropped, "reason": reject.reason, "source": one.source,
                         "file": one.file, "start": one.start, "text": one.text[:_EXCERPT]})
    return rows


def _left_gate(kept: Sequence[Utterance]) -> Gate:
    return Gate(name="speech_left", passed=bool(kept), blocking=True, value=len(kept), threshold=1,
                reason=f"{len(kept)} utterances are left" if kept else "no utterance is left",
                fix="Read `rejects.parquet`, and change `speech.cleaning` if a rule is wrong for these recordings")


def _losses_gate(losses: Sequence[SpeechLoss]) -> Gate:
    worst = losses[0] if losses else None
    reason = "nothing was dropped" if worst is None else (
        f"'{worst.rule}' drops {worst.share:.1%} of {worst.source}, the largest share of a rule")
    return Gate(name="speech_losses", passed=worst is None or worst.share <= _MOST_LOST, blocking=False, reason=reason,
                value=worst.share if worst else 0.0, threshold=_MOST_LOST,
                fix="Listen to some of them: the rule may be wrong for these recordings (`speech.cleaning`)")
