"""A folder to open, with something outside of it that must stay as it is."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty language folder; beside it is a file that must not be read or written through it."""
    (tmp_path / "secret").write_bytes(b"password\n")
    folder = tmp_path / "languages" / "qaa"
    folder.mkdir(parents=True)
    return folder
