"""A small language, and where its artifacts are; commands find both."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate import write_language
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.store import Store


@pytest.fixture
def language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Language:
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "languages"))
    monkeypatch.setenv("VERNACULAR_ROOT", str(tmp_path / "artifacts"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return load_language(write_language(tmp_path / "languages", documents=12))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts")
