"""Whom training heard, without suspects; a changed list of speakers is noticed, also by those not on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recordings import read_recordings, sound_file, speech_folder, tone
from tests.unit.release.made_up import put
from tests.unit.reporting.speech.made_up import CODE, MODEL, spoken_language, transcription
from tests.unit.speech.transcription.spoken import write_language
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Report
from vernacular.core.store import Artifact, Store
from vernacular.speech.pretraining.stage_results import SpeechPretrainingResult
from vernacular.speech.release.permissions import heard_utterances, speakers_changed
from vernacular.speech.transcription.stage_results import TranscriptCheck
from vernacular.speech.transcription.transcript_check import ALIGNMENT


def test_a_changed_list_of_speakers_is_noticed(tmp_path: Path) -> None:
    sources = [{"kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}}]
    language = speech_folder(tmp_path, {"rec/a.wav": sound_file(tone(1)),
                                        "rec/index.tsv": b"file\tspeaker\na.wav\tAWA\n"}, sources)
    read = read_recordings(language, tmp_path)
    assert not speakers_changed(read, language)
    listed = speech_folder(tmp_path, {}, sources, speakers=[{"pseudonym": "elder", "names": ["Awa"],
                                                             "uses": ["training"]}])
    assert speakers_changed(read, listed)


@pytest.fixture
def inputs(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Artifact]:
    """Forty utterances, 32 of them for training; the first one of these is a suspect."""
    left_out, trained = request.param
    found, pretrained = Report(), Report()
    found.set_result(transcription().model_copy(update={"transcripts": TranscriptCheck(
        checked=32, suspect=1, left_out=left_out)}))
    pretrained.set_result(SpeechPretrainingResult(trained=trained, reason="", hours=0, speakers=[]))
    store, language = Store(tmp_path / "artifacts"), spoken_language(tmp_path / CODE)
    stages = {"speech/clean": Report(), f"speech/transcription_{MODEL}": found,
              f"speech/pretrained_{MODEL}": pretrained}
    put(store, language, stages)
    made = {stage: one for stage in stages if (one := store.current(CODE, stage)) is not None}
    write_language(made["speech/clean"].folder)
    write_jsonl(made[f"speech/transcription_{MODEL}"].folder / ALIGNMENT, [
        {"id": one.id, "suspect": number == 0} for number, one in enumerate(
            heard_utterances({"speech/clean": made["speech/clean"], "speech/splits": made["speech/clean"]}))])
    return made | {"speech/splits": made["speech/clean"]}


@pytest.mark.parametrize(("inputs", "heard"), [((True, False), 31), ((False, False), 32), ((True, True), 32)],
                         indirect=["inputs"])
def test_suspects_that_were_left_out_were_not_heard_unless_a_pretraining_read_them(inputs: dict[str, Artifact],
                                                                                   heard: int) -> None:
    assert len(heard_utterances(inputs)) == heard
