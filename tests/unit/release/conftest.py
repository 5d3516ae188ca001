"""A small language, and the results of a release made from made-up reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.release.made_up import NAME, RELOADED, made_up_reports
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.release.result_models import ReleaseResults
from vernacular.release.results import gather


@pytest.fixture
def language(language_folder: Path) -> Language:
    return load_language(language_folder)


@pytest.fixture
def found(language: Language) -> ReleaseResults:
    return gather(language, NAME, language.models[NAME], made_up_reports(), reloaded=RELOADED)
