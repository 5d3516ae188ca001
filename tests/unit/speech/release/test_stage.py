"""Training, release, signature, `pipeline`, transcripts of a made-up language, through the store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.speech.transcription.spoken import write_base, write_language
from vernacular.config.schema import Language
from vernacular.core.report import Report
from vernacular.core.store import Store
from vernacular.pipeline.stage import Stage, StageContext, run_stage
from vernacular.release.attestation import SIGNATURE, Statement, open_statement
from vernacular.release.markdown import literal
from vernacular.release.signing_key import own_or_new_key
from vernacular.release.verification import verify
from vernacular.release.waivers import ALL
from vernacular.speech.behavior.stages import stages as behavior_stages
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.recordings.stage import write_speakers
from vernacular.speech.release.code_files import foreign_code, is_own_code
from vernacular.speech.release.gates import read_evaluation
from vernacular.speech.release.stage_results import SpeechReleaseResult
from vernacular.speech.release.stages import BEHAVIOR, LOADS
from vernacular.speech.release.stages import stages as release_stages
from vernacular.speech.release.transcribing import FILE, accept, transcribe_rest
from vernacular.speech.transcription.stages import SPEECH
from vernacular.speech.transcription.stages import stages as transcription_stages
from vernacular.speech.utterance import read_utterances, write_utterances

SPEECH_SETTINGS = {
    "sources": [{"name": "made", "kind": "audio", "licence": "CC0-1.0", "consent": "contributor",
                 "transcripts": {"kind": "none"}}],
    "models": {"tiny": {"base": {"path": "base", "licence": "MIT"}, "steps": 30, "batch_seconds": 8,
                        "learning_rate": 0.01}}, "behaviour": {"cases": 1}}
UNTRANSCRIBED = 3


def _recordings(work: StageContext) -> Report:
    write_language(work.out, 40)
    utterances = read_utterances(work.out)
    write_utterances(work.out, [replace(one, text="" if 0 < number <= UNTRANSCRIBED else one.text)
                                for number, one in enumerate(utterances)])
    write_speakers(work.out, utterances, Speakers.of(work.language))
    return Report()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Language]:
    place = tmp_path_factory.mktemp("release")
    write_base(place / "qaa" / "base")
    language = Language(code="qaa", folder=place / "qaa", name="Made", script="Latn", speech=SPEECH_SETTINGS)
    store = Store(place / "artifacts")
    assert language.speech is not None
    model = language.speech.models["tiny"]
    given: list[Stage] = [Stage(name=name, version="1", inputs=(), settings=lambda _: {}, run=_recordings,
                                description="") for name in SPEECH]
    for stage in (*given, *transcription_stages(language, "tiny", model), *behavior_stages(language, "tiny", model),
                  *release_stages(language, "tiny", model)):
        run_stage(stage, language, store)
    return store, language


def _release(store: Store) -> tuple[Path, Report]:
    found = store.current("qaa", "speech/release_tiny")
    assert found is not None
    return found.folder, found.manifest.report


def test_pipeline_alone_gives_the_scored_texts(made: tuple[Store, Language]) -> None:
    _, report = _release(made[0])
    result = report.read_result(SpeechReleaseResult, "")
    assert (result.asked, result.same) == (8, 1.0)
    assert {gate.name: gate.passed for gate in report.gates}[LOADS]


def test_tests_of_behavior_are_on_the_card_and_decide(made: tuple[Store, Language]) -> None:
    folder, report = _release(made[0])
    result = report.read_result(SpeechReleaseResult, "")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"| {literal(name)} |" in card for name in result.behaviour.tests)
    gates = {gate.name: gate for gate in report.gates}
    assert gates[BEHAVIOR].passed == all(test.passed for test in result.behaviour.tests.values())
    assert gates[ALL].passed == all(gate.passed for name, gate in gates.items() if name != ALL)


def test_the_release_is_signed_with_its_code_and_has_no_path(made: tuple[Store, Language]) -> None:
    folder, report = _release(made[0])
    opened = open_statement(folder, [own_or_new_key().public_key()])
    assert isinstance(opened, tuple)
    statement = opened[0]
    assert isinstance(statement, Statement)
    assert {path.name for path in folder.iterdir()} - {SIGNATURE, "manifest.json"} == {*statement.digests()}
    assert statement.predicate.gates == report.gates
    assert not verify(folder, [own_or_new_key().public_key()], read_evaluation).failures
    assert is_own_code(folder)
    assert not [path for path in folder.rglob("*.json") if str(made[1].folder.parent).encode() in path.read_bytes()]


def test_foreign_code_is_not_own_code(made: tuple[Store, Language], tmp_path: Path) -> None:
    folder, _ = _release(made[0])
    for path in folder.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert is_own_code(tmp_path)
    (tmp_path / "more.py").write_text("")
    assert [failure.file for failure in foreign_code(tmp_path)] == ["more.py"]
    (tmp_path / "more.py").unlink()
    (tmp_path / "speech_model.py").write_text("print()")
    assert [failure.file for failure in foreign_code(tmp_path)] == ["speech_model.py"]


def test_rest_is_transcribed_and_accepted_by_confidence(made: tuple[Store, Language]) -> None:
    store, language = made
    found = transcribe_rest(store, language, "tiny", lambda line: None)
    assert len(found) == UNTRANSCRIBED
    assert all(0 < one.confidence <= 1 for one in found)
    assert accept(language, found, 1.1) == 0
    count = accept(language, found, 0.0)
    rows = [json.loads(line) for line in (language.folder / FILE).read_text(encoding="utf-8").splitlines()]
    assert count == len(rows) == sum(bool(one.text) for one in found)
