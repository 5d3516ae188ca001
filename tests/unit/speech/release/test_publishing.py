"""Publishing a transcription model: each reason against it is a line, those who speak decide, the hub gets the card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.spoken_release import MODEL, run_model
from tests.upload_site import hub
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.release.publish import Refused, upload_release
from vernacular.release.signing_key import own_or_new_key
from vernacular.release.verification import verify
from vernacular.release.waivers import waive
from vernacular.speech.release.gates import read_evaluation, speech_gates
from vernacular.speech.release.permissions import as_allowed_now, without_consent, without_release
from vernacular.speech.release.publishing import check_speech_publishable
from vernacular.speech.release.stage_results import SpeechReleaseResult
from vernacular.speech.release.stages import USES
from vernacular.speech.utterance import read_utterances

__all__ = ["hub"]


@pytest.fixture(scope="module")
def released(spoken_release: tuple[Store, Language], tmp_path_factory: pytest.TempPathFactory
             ) -> tuple[Store, Language]:
    """A copy whose red gates a person has waived."""
    store, language = spoken_release
    root = tmp_path_factory.mktemp("released")
    shutil.copytree(store.root.parent, root, dirs_exist_ok=True)
    store, language = Store(root / "artifacts"), language.model_copy(update={
        "folder": root / "languages" / language.code})
    found = store.current(language.code, f"speech/release_{MODEL}")
    assert found is not None
    for gate in found.manifest.report.gates[:-1]:
        if not gate.passed:
            waive(language.folder, MODEL, found.manifest.report.gates, gate.name, "Ada Banda", "It is a test of tones")
    run_model(store, language)
    return store, language


def changed(language: Language, folder: Path, **speech: Any) -> Language:
    """The language with other settings of speech, and its folder copied."""
    shutil.copytree(language.folder, folder)
    return language.model_copy(update={"folder": folder, "speech": language.speech and type(
        language.speech).model_validate({**language.speech.model_dump(), **speech})})


def reasons_of(store: Store, language: Language) -> list[str]:
    try:
        check_speech_publishable(store, language, MODEL)
    except Refused as refused:
        return [reason.split(":")[0] for reason in refused.reasons]
    return []


def test_what_is_uploaded(released: tuple[Store, Language], hub: list[tuple[str, str, Any]],
                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    artifact, statement = check_speech_publishable(*released, MODEL)
    assert "someone/model" in upload_release(artifact, statement, "someone/model")
    commit = next(rows for path, _, rows in hub if path.endswith("/commit/main"))
    assert {row["value"]["path"] for row in commit if row["key"] == "file"} == {*statement.digests(), "signature.json"}
    card = (artifact.folder / "README.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(card.split("---")[1])
    assert {name: shown[name] for name in ("language", "library_name", "pipeline_tag", "license")} == {
        "language": ["qaa"], "library_name": "transformers", "pipeline_tag": "automatic-speech-recognition",
        "license": "other"}  # CC0 and MIT
    assert "base_model" not in shown  # the hub has none of this name
    assert not verify(artifact.folder, [own_or_new_key().public_key()], read_evaluation).failures


@pytest.mark.parametrize(("speech", "reasons"), [
    ({"speakers": [{"pseudonym": "speaker-1", "uses": ["training"]}]}, [USES]),
    ({"speakers": [{"pseudonym": "speaker-1", "consent": "unknown"}]}, ["consent_known"]),
    ({"speakers": [{"pseudonym": "speaker-2", "withdrawn": True}]}, ["VN-RELEASE-TAKEDOWN speech"])])
def test_a_speaker_who_changes_her_mind_stops_it(released: tuple[Store, Language], tmp_path: Path,
                                                 speech: dict[str, Any], reasons: list[str]) -> None:
    store, language = released
    assert reasons_of(store, changed(language, tmp_path / "qaa", **speech)) == reasons


@pytest.mark.parametrize(("source", "reasons"), [
    ({"uses": ["training"]}, [USES]),
    ({"licence": "unverified"}, ["licences_verified", "VN-RELEASE-CHANGED sources.made"]),
    ({"consent": "unknown"}, ["consent_known", "VN-RELEASE-CHANGED sources.made"]),
    ({"name": "other"}, [USES])])
def test_a_source_that_says_otherwise_stops_it(released: tuple[Store, Language], tmp_path: Path,
                                               source: dict[str, Any], reasons: list[str]) -> None:
    store, language = released
    assert language.speech is not None
    first = language.speech.sources[0].model_dump() | source
    found = reasons_of(store, changed(language, tmp_path / "qaa", sources=[first]))
    assert set(reasons) <= set(found)


def test_a_takedown_since_stops_it(released: tuple[Store, Language], tmp_path: Path) -> None:
    store, language = released
    other = changed(language, tmp_path / "qaa")
    (other.folder / "takedowns.jsonl").write_text(json.dumps({"sources": ["made"]}) + "\n")
    assert reasons_of(store, other) == ["VN-RELEASE-TAKEDOWN speech"]


def test_foreign_code_is_not_published(released: tuple[Store, Language]) -> None:
    store, language = released
    found = store.current(language.code, f"speech/release_{MODEL}")
    assert found is not None
    program = found.folder / "more.py"
    program.write_text("print()")
    with pytest.raises(Problem, match="VN-RELEASE-CODE"):
        check_speech_publishable(store, language, MODEL)
    program.unlink()


def test_who_does_not_allow_it_is_named_on_the_gate(released: tuple[Store, Language], tmp_path: Path) -> None:
    store, language = released
    release, recordings = (store.current(language.code, stage) for stage in (
        f"speech/release_{MODEL}", "speech/recordings"))
    assert release is not None and recordings is not None
    result = release.manifest.report.read_result(SpeechReleaseResult, "")
    heard = as_allowed_now(read_utterances(recordings.folder), changed(language, tmp_path / "qaa", speakers=[
        {"pseudonym": "speaker-1", "uses": ["training"], "consent": "unknown"}]))
    gates = {gate.name: gate for gate in speech_gates(result.model_copy(update={
        "not_for_release": without_release(heard), "consent_unknown": without_consent(heard)}))}
    for name in (USES, "consent_known"):
        assert not gates[name].passed and "made speaker-1 (20 utterances)" in gates[name].reason
        assert "speaker-2" not in gates[name].reason
