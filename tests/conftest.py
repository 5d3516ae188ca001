"""Fixtures that several test folders share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate import write_language


@pytest.fixture
def language_folder(tmp_path: Path) -> Path:
    """The folder of an invented language, below a folder of languages with its own defaults.yaml."""
    return write_language(tmp_path / "languages")
