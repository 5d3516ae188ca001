"""Fixtures that several test folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.generate import write_language

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is loaded: the other core has tests of its own


@pytest.fixture
def language_folder(tmp_path: Path) -> Path:
    """The folder of an invented language, below a folder of languages with its own defaults.yaml."""
    return write_language(tmp_path / "languages")
