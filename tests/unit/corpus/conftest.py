"""A small language, and where its artifacts are; commands find both, and takedowns clear a history there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.command_server import run_purge
from tests.generate import write_language
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.store import Store
from vernacular.corpus import takedown
from vernacular.pipeline.parent_process import can_fork


@pytest.fixture(scope="session", autouse=True)
def forked_purge() -> Iterator[None]:
    """Takedowns clear the history in a fork of a process that has loaded what this imports."""
    with pytest.MonkeyPatch.context() as patch:
        if can_fork():
            patch.setattr(takedown, "subprocess", SimpleNamespace(run=run_purge))
        yield


@pytest.fixture
def language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Language:
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "languages"))
    monkeypatch.setenv("VERNACULAR_ROOT", str(tmp_path / "artifacts"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return load_language(write_language(tmp_path / "languages", documents=12))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts")
