"""Which stages a command selects."""

from pathlib import Path

import pytest

from pipelines.selection import stages_to_show
from vernacular.config.load import find_language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem

LANGUAGES = Path(__file__).parents[3] / "languages"


def test_a_model_of_speech_is_selected_by_name_though_not_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNACULAR_MODELS", "mdw:whisper_tiny")
    stages, model = stages_to_show(find_language(LANGUAGES, "mdw"))
    assert model == "whisper_tiny" and "speech/release_whisper_tiny" in stages


def test_an_unknown_model_is_named_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNACULAR_MODELS", "mdw:other")
    with pytest.raises(Problem) as raised:
        stages_to_show(find_language(LANGUAGES, "mdw"))
    assert raised.value.code is Code.COMMAND_NAME and "whisper_tiny" in str(raised.value)
