"""Training, release, signature, `pipeline`, transcripts of a made-up language, through the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import pipeline

from tests.spoken_release import UNTRANSCRIBED
from tests.unit.speech.transcription.spoken import say
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.report import Report
from vernacular.core.store import Store
from vernacular.provenance.suppression_list import FILE, append_row
from vernacular.release.attestation import SIGNATURE, Statement, open_statement
from vernacular.release.markdown import literal
from vernacular.release.signing_key import own_or_new_key
from vernacular.release.verification import verify
from vernacular.release.waivers import ALL
from vernacular.speech.machine_transcripts import read_transcripts
from vernacular.speech.release.code_files import foreign_code, is_own_code
from vernacular.speech.release.gates import read_evaluation
from vernacular.speech.release.stage_results import SpeechReleaseResult
from vernacular.speech.release.stages import BEHAVIOR, LOADS
from vernacular.speech.release.transcribing import accept, transcribe_rest


def _release(store: Store) -> tuple[Path, Report]:
    found = store.current("qaa", "speech/release_tiny")
    assert found is not None
    return found.folder, found.manifest.report


def test_pipeline_alone_gives_the_scored_texts(spoken_release: tuple[Store, Language]) -> None:
    _, report = _release(spoken_release[0])
    result = report.read_result(SpeechReleaseResult, "")
    assert (result.asked, result.same) == (8, 1.0)
    assert {gate.name: gate.passed for gate in report.gates}[LOADS]


def test_tests_of_behavior_are_on_the_card_and_decide(spoken_release: tuple[Store, Language]) -> None:
    folder, report = _release(spoken_release[0])
    result = report.read_result(SpeechReleaseResult, "")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"| {literal(name)} |" in card for name in result.behaviour.tests)
    gates = {gate.name: gate for gate in report.gates}
    assert gates[BEHAVIOR].passed == all(test.passed for test in result.behaviour.tests.values())
    assert gates[ALL].passed == all(gate.passed for name, gate in gates.items() if name != ALL)


def test_pipeline_reads_integers_and_short_sound_and_has_no_times(spoken_release: tuple[Store, Language]) -> None:
    model = pipeline("automatic-speech-recognition", str(_release(spoken_release[0])[0]), trust_remote_code=True)
    sound = say("ae io", 1, np.random.default_rng(1))
    whole = (sound * 32768).astype(np.int16)
    assert model(whole.copy())["text"] == model(sound.copy())["text"]
    assert model({"array": whole, "sampling_rate": 16_000})["text"] == model(sound.copy())["text"]
    assert isinstance(model(sound[:0])["text"], str)
    with pytest.raises(ValueError, match="return_timestamps"):
        model(sound, return_timestamps="word")


def test_the_release_is_signed_with_its_code_and_has_no_path(spoken_release: tuple[Store, Language]) -> None:
    folder, report = _release(spoken_release[0])
    opened = open_statement(folder, [own_or_new_key().public_key()])
    assert isinstance(opened, tuple)
    statement = opened[0]
    assert isinstance(statement, Statement)
    assert {path.name for path in folder.iterdir()} - {SIGNATURE, "manifest.json"} == {*statement.digests()}
    assert statement.predicate.gates == report.gates
    assert not verify(folder, [own_or_new_key().public_key()], read_evaluation).failures
    assert is_own_code(folder)
    here = str(spoken_release[1].folder.parent).encode()
    assert not [path for path in folder.rglob("*.json") if here in path.read_bytes()]


def test_foreign_code_is_not_own_code(spoken_release: tuple[Store, Language], tmp_path: Path) -> None:
    folder, _ = _release(spoken_release[0])
    for path in folder.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert is_own_code(tmp_path)
    (tmp_path / "more.py").write_text("")
    assert [failure.file for failure in foreign_code(tmp_path)] == ["more.py"]
    (tmp_path / "more.py").unlink()
    (tmp_path / "speech_model.py").write_text("print()")
    assert [failure.file for failure in foreign_code(tmp_path)] == ["speech_model.py"]


def test_rest_is_transcribed_and_accepted_by_confidence(spoken_release: tuple[Store, Language],
                                                        tmp_path: Path) -> None:
    store, language = spoken_release[0], spoken_release[1].model_copy(update={"folder": tmp_path})
    found = transcribe_rest(store, language, "tiny", lambda line: None)
    assert len(found) == UNTRANSCRIBED
    assert all(one.confidence is not None and 0 < one.confidence <= 1 for one in found)
    assert accept(language, found, 1.1) == []
    kept = accept(language, found, 0.0)
    assert kept == read_transcripts(language) == [one for one in found if one.text]


def test_what_was_taken_down_is_neither_transcribed_nor_accepted(spoken_release: tuple[Store, Language],
                                                                 tmp_path: Path) -> None:
    store, language = spoken_release
    found = transcribe_rest(store, language, "tiny", lambda line: None)
    later = language.model_copy(update={"folder": tmp_path})
    append_row(Folder.of(tmp_path).file(FILE), {"sources": ["made"]})
    assert accept(later, found, 0.0) == [] == read_transcripts(later)
    with pytest.raises(Problem) as raised:
        transcribe_rest(store, later, "tiny", lambda line: None)
    assert raised.value.code is Code.DATA_EMPTY
