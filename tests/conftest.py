"""Fixtures that several test folders share, and which tests stay together when two processes share the work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.generate import write_language

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is loaded: the other core has tests of its own
ONE_PROJECT = {"test_alone.py", "test_path.py", "test_takedown.py"}  # a project that takes minutes to make


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file go to one process, and so do those of the files that share a project."""
    for item in items:
        group = "project" if item.path.name in ONE_PROJECT else item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def language_folder(tmp_path: Path) -> Path:
    """The folder of an invented language, below a folder of languages with its own defaults.yaml."""
    return write_language(tmp_path / "languages")
