"""``vernacular check`` of a folder with speech: what there is, and what is missing."""

from __future__ import annotations

from pathlib import Path

from tests.recordings import sound_file, speech_folder, tone
from vernacular.cli.checking.folder import check_all
from vernacular.cli.checking.printed import found_in
from vernacular.cli.checking.recordings import describe_speech
from vernacular.config.speech import SpeechModel
from vernacular.core.codes import Code
from vernacular.core.project import Project


def test_recordings_and_what_does_not_match(tmp_path: Path) -> None:
    table = b"file\ttext\tspeaker\na.wav\tmwana\tAwa\n" + b"gone.wav\tx\tAma\n" * 5
    language = speech_folder(tmp_path, {"rec/a.wav": sound_file(tone(1)), "rec/index.tsv": table}, [
        {"kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}}])
    found = describe_speech(language, tmp_path / "artifacts")
    assert len(found.contents) == 1 and "1 recordings" in found.contents[0]
    assert sum(Code.DATA_MISSING in line for line in found.notes) == 3 and "Awa" not in " ".join(found.contents)


def test_a_folder_that_is_absent_is_named_and_is_no_error(tmp_path: Path) -> None:
    speech_folder(tmp_path, {}, [{"kind": "audio", "folder": "../../../far", "transcripts": {"kind": "table"}}])
    project = Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")
    checked, = check_all(project, "mdw")
    assert not checked.faults
    lines = found_in(checked, project.artifacts, alone=True)
    assert any(Code.SOURCE_MISSING in line and "../../../far" in line for line in lines)


def test_a_model_without_its_base_is_named(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {}, [{"kind": "audio", "folder": ".", "transcripts": {"kind": "none"}}])
    base = {"base": {"path": "gone", "licence": "MIT"}, "steps": 1}
    assert language.speech is not None
    for enabled in (True, False):
        models = {"one": SpeechModel.model_validate({**base, "enabled": enabled})}
        found = describe_speech(language.model_copy(update={
            "speech": language.speech.model_copy(update={"models": models})}), tmp_path / "artifacts")
        assert any("gone" in line for line in (found.lacking if enabled else found.notes))
