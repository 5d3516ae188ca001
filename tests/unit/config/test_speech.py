"""Folders with speech: text may be absent, and paths, names and budgets are checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from vernacular.catalog import stages_of
from vernacular.config.load import examine_language, load_language
from vernacular.config.speech import SpeechModel
from vernacular.core.codes import Code
from vernacular.core.errors import Problem

SOURCE = {"name": "rec", "kind": "inbox", "licence": "MIT", "consent": "contributor"}
TABLE = {**SOURCE, "kind": "audio", "transcripts": {"kind": "table"}}
MODEL = {"base": {"path": "m", "licence": "MIT"}, "steps": 5}
TEXT = {"name": "t", "kind": "inbox", "licence": "MIT", "consent": "unknown", "register": "other"}


def _folder(tmp_path: Path, speech: Any = None, **more: Any) -> Path:
    folder = tmp_path / "mdw"
    folder.mkdir()
    written = {"name": "Mboshi", "script": "Latn", **({} if speech is None else {"speech": speech}), **more}
    (folder / "language.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    return folder


def test_speech_alone_has_no_stages_of_text(tmp_path: Path) -> None:
    language = load_language(_folder(tmp_path, {"sources": [SOURCE]}))
    assert all(name.startswith("speech/") for name in stages_of(language)) and stages_of(language)
    assert language.models_to_run() == {}


def test_text_beside_speech_has_a_corpus_without_models(tmp_path: Path) -> None:
    language = load_language(_folder(tmp_path, {"sources": [SOURCE]}, sources=[TEXT]))
    assert {name.split("/")[0] for name in stages_of(language)} == {"corpus", "speech"}


@pytest.mark.parametrize("more", [{}, {"sources": [TEXT]}, {"models": {}}])
def test_without_speech_texts_and_models_are_required(more: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        load_language(_folder(tmp_path, **more))
    assert {problem.code for problem in caught.value.problems} == {Code.CONFIG_KEY}


@pytest.mark.parametrize(("speech", "code"), [
    ({"sources": []}, Code.CONFIG_VALUE),
    ({"sources": [SOURCE, {**SOURCE}]}, Code.CONFIG_RULE),
    ({"sources": [{**TABLE, "files": "../*.wav"}]}, Code.CONFIG_PATH),
    ({"sources": [{**TABLE, "folder": "~/recordings"}]}, Code.CONFIG_PATH),
    ({"sources": [{**TABLE, "transcripts": {"kind": "table", "file": "/etc/passwd"}}]}, Code.CONFIG_PATH),
    ({"sources": [SOURCE], "speakers": "../speakers.tsv"}, Code.CONFIG_PATH),
    ({"sources": [{**SOURCE, "uses": ["everything"]}]}, Code.CONFIG_VALUE),
    ({"sources": [SOURCE], "speakers": [{"pseudonym": "Awa Traore"}]}, Code.CONFIG_VALUE),
    ({"sources": [{**SOURCE, "kind": "hub", "dataset": "a/b"}]}, Code.CONFIG_VALUE),
    ({"sources": [{**SOURCE, "kind": "hub", "dataset": "../b"}]}, Code.CONFIG_PATH),
    ({"sources": [SOURCE], "models": {"m": {**MODEL, "minutes": 5}}}, Code.CONFIG_VALUE),
    ({"sources": [SOURCE], "models": {"m": {**MODEL, "base": {"path": "../m", "licence": "MIT"}}}}, Code.CONFIG_PATH),
    ({"sources": [SOURCE], "model": {}}, Code.CONFIG_KEY)])
def test_a_wrong_setting_is_one_problem(speech: dict[str, Any], code: Code, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        load_language(_folder(tmp_path, speech))
    assert [problem.code for problem in caught.value.problems] == [code]
    assert caught.value.line > 0


def test_points_of_a_curve_that_use_nearly_all_speech_are_left_out() -> None:
    model = SpeechModel.model_validate({**MODEL, "curve": [10, 26, 28, 60]})
    assert model.points_below(30) == [10, 26]


def test_a_fault_in_speech_gets_no_placeholders_of_text(tmp_path: Path) -> None:
    examined = examine_language(_folder(tmp_path, {"sources": [SOURCE]}, limits={"seconds": -1}))
    assert examined.language is not None and not examined.language.sources and not examined.whole
