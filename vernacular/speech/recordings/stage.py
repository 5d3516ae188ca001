"""The stage ``speech/recordings``: every utterance of every source, or why there is none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vernacular.config.speech import Speaker
from vernacular.core.report import Gate, Report
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.suppression_list import Suppressions
from vernacular.speech.packages import load_package
from vernacular.speech.recordings.recording import Reader, Reject
from vernacular.speech.recordings.sources import Listing, list_recordings
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.recordings.stage_results import RecordingsResult, SourceSpeech
from vernacular.speech.recordings.stages import RecordingsSettings
from vernacular.speech.utterance import REJECTS, SPEAKERS, Utterance, write_utterances

_SHOWN = 12  # rejects in the report
_SPEAKERS = pa.schema([*((name, pa.string()) for name in ("pseudonym", "gender", "age", "village", "consent")),
                       ("uses", pa.list_(pa.string())), ("utterances", pa.int64()), ("seconds", pa.float64())])


def run(work: StageContext[RecordingsSettings]) -> Report:
    """Read the recordings of all sources; a damaged one is rejected with the reason, and the others are read."""
    for package in ("soundfile", "soxr"):
        load_package(package)
    speakers, taken_down = Speakers.of(work.language), Suppressions.of(work.language.folder).sources
    utterances, rejects, withdrawn = list[Utterance](), list[Reject](), 0
    for source in work.settings.sources:
        if source.name in taken_down:
            continue
        work.progress(f"reading the recordings of {source.name}")
        listing = list_recordings(work.language, source, work.root)
        reader = Reader(work, source, speakers, listing.all_names())
        utterances += _read(reader, listing, work)
        rejects += reader.rejects
        withdrawn += reader.withdrawn
    utterances.sort(key=lambda one: (one.source, one.file, one.start, one.id))
    write_utterances(work.out, utterances)
    pq.write_table(pa.Table.from_pylist([reject.row() for reject in rejects], Reject.SCHEMA), work.out / REJECTS,
                   compression="zstd")
    write_speakers(work.out, utterances, speakers)
    return _report(work, utterances, rejects, withdrawn)


def _read(reader: Reader, listing: Listing, work: StageContext[RecordingsSettings]) -> Iterator[Utterance]:
    for number, recording in enumerate(listing.recordings, 1):
        yield from reader.read(recording)
        if number % 500 == 0:
            work.progress(f"{number} recordings of {reader.source.name}")
    for problem in listing.problems:
        reader.reject(problem, "transcript")


def write_speakers(out: Path, utterances: list[Utterance], speakers: Speakers) -> None:
    """Write the ledger of those who speak in ``utterances``: facts that they gave, and what they allow."""
    by_speaker: dict[str, list[Utterance]] = defaultdict(list)
    for one in utterances:
        if one.speaker:
            by_speaker[one.speaker].append(one)
    rows = []
    for pseudonym, own in sorted(by_speaker.items()):
        about = speakers.listed.get(pseudonym, Speaker(pseudonym=pseudonym))
        rows.append({"pseudonym": pseudonym, "gender": about.gender, "age": about.age, "village": about.village,
                     "consent": " ".join(sorted({one.consent for one in own})),
                     "uses": sorted(set.intersection(*(set(one.uses) for one in own))), "utterances": len(own),
                     "seconds": sum(one.seconds for one in own)})
    pq.write_table(pa.Table.from_pylist(rows, _SPEAKERS), out / SPEAKERS, compression="zstd")


def _report(work: StageContext[RecordingsSettings], utterances: list[Utterance], rejects: list[Reject],
            withdrawn: int) -> Report:
    report, speakers = Report(), {one.speaker for one in utterances} - {""}
    transcribed = [one for one in utterances if one.text]
    report.count("utterances", len(utterances), "recordings, or segments of them")
    report.count("transcribed", len(transcribed), "utterances with a transcript")
    report.count("hours", round(_hours(utterances), 4), "of speech", "h")
    report.count("transcribed_hours", round(_hours(transcribed), 4), "of transcribed speech", "h")
    report.count("speakers", len(speakers), "people with at least one utterance")
    report.count("rejected", len(rejects), "files and segments that are not used; rejects.parquet says why")
    report.count("withdrawn", withdrawn, "recordings and segments of people who withdrew")
    report.samples["rejected"] = [{"file": one.file, "rule": one.rule, "reason": one.reason} for one in
                                  rejects[:_SHOWN]]
    unreadable = [one for one in rejects if one.rule in ("format", "limit")]
    report.gates = [
        Gate(name="recordings_readable", passed=not unreadable, value=len(unreadable),
             reason=f"{len(unreadable)} recordings cannot be read"
                    + (f", such as {unreadable[0].file}: {unreadable[0].reason}" if unreadable else ""),
             fix="Replace or remove them; rejects.parquet lists all"),
        Gate(name="some_speech", passed=bool(utterances), value=len(utterances), blocking=True,
             reason=f"there are {len(utterances)} utterances", fix="Add recordings to a source of `speech:`")]
    rejected = Counter(one.source for one in rejects)
    by_source = {source.name: [one for one in utterances if one.source == source.name]
                 for source in work.settings.sources}
    report.set_result(RecordingsResult(speakers=len(speakers), sources={
        name: SourceSpeech(utterances=len(own), transcribed=sum(bool(one.text) for one in own), hours=_hours(own),
                           speakers=len({one.speaker for one in own} - {""}), rejected=rejected[name])
        for name, own in by_source.items()}))
    return report


def _hours(utterances: list[Utterance]) -> float:
    return sum(one.seconds for one in utterances) / 3600


