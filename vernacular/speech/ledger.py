"""The ledger of speech: a row for each recording and each speaker, with what they allow. Names are never in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pyarrow.parquet as pq

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.provenance.suppression_list import folded
from vernacular.speech.ledger_rows import RecordingRow, Rights, SpeakerRow, SpeechLedger
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.utterance import SPEAKERS, Utterance, read_utterances


def look_up(store: Store, language: Language, place: str = "", source: str = "", text: str = "",
            speaker: str = "") -> SpeechLedger:
    """Return the rows of the utterances that match all arguments; none where none does.

    Args:
        store: holds the artifact of ``speech/recordings``.
        language: of the recordings.
        place: path of a recording below the folder of its source, or its id, or that of an utterance.
        source: its name.
        text: words of a transcript.
        speaker: a name or pseudonym; one that is unknown is an error.

    Raises:
        Problem: nobody of that name is known.
    """
    artifact = store.current(language.code, "speech/recordings")
    if language.speech is None or artifact is None:
        if speaker:
            raise _unknown(language)
        return SpeechLedger()
    speakers, words = Speakers.of(language), folded(text)
    everything = read_utterances(artifact.folder)
    pseudonym = speaker if any(one.speaker == speaker for one in everything) else speakers.pseudonym(speaker)
    found = [one for one in everything if (not place or place in (one.file, one.raw_digest, one.id))
             and (not source or one.source == source) and (not words or words in folded(one.text))
             and (not speaker or one.speaker == pseudonym)]
    if not found:
        if speaker and not speakers.has_withdrawn(speaker):
            raise _unknown(language)
        return SpeechLedger(recordings=[], speakers=[
            SpeakerRow(pseudonym=pseudonym, withdrawn=True)]) if speaker else SpeechLedger()
    table = pq.read_table(artifact.folder / SPEAKERS).to_pylist()
    about = {row["pseudonym"]: row for row in table}
    return SpeechLedger(recordings=[_recording(rows) for rows in _grouped(found, "source", "file", "raw_digest")],
                        speakers=[_speaker(rows, about.get(rows[0].speaker, {}), speakers)
                                  for rows in _grouped(found, "speaker") if rows[0].speaker])


def _grouped(utterances: list[Utterance], *fields: str) -> list[list[Utterance]]:
    groups: dict[tuple[str, ...], list[Utterance]] = defaultdict(list)
    for one in utterances:
        groups[tuple(getattr(one, field) for field in fields)].append(one)
    return [groups[key] for key in sorted(groups)]


def _recording(rows: list[Utterance]) -> RecordingRow:
    first = rows[0]
    return RecordingRow.extending(
        _rights(rows), id=first.raw_digest, source=first.source, path=first.file, utterances=len(rows),
        speakers=sorted({one.speaker for one in rows} - {""}), transcribed=sum(bool(one.text) for one in rows))


def _speaker(rows: list[Utterance], about: Mapping[str, str | None], speakers: Speakers) -> SpeakerRow:
    return SpeakerRow.extending(
        _rights(rows), pseudonym=rows[0].speaker, sources=sorted({one.source for one in rows}), utterances=len(rows),
        withdrawn=speakers.has_withdrawn(rows[0].speaker),
        **{name: about.get(name) or "" for name in ("gender", "age", "village")})


def _rights(rows: list[Utterance]) -> Rights:
    """What all of the utterances allow."""
    return Rights(minutes=sum(one.seconds for one in rows) / 60, licence=sorted({one.licence for one in rows}),
                  consent=sorted({one.consent for one in rows}),
                  uses=sorted(set.intersection(*(set(one.uses) for one in rows))))


def _unknown(language: Language) -> Problem:
    return Problem("no speaker of this name or pseudonym is known", where=f"{language.code} ledger",
                   fix=f"`vernacular ledger {language.code}` lists all", code=Code.COMMAND_NAME)
