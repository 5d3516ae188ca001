"""Locate a test or word list in the files of ``behaviour/``, for editing."""

from __future__ import annotations

from vernacular.behavior_tests.load import files_of
from vernacular.behavior_tests.schema import BehaviourTest, Suite
from vernacular.config.explain import did_you_mean
from vernacular.config.schema import Language
from vernacular.config.yaml_file import read_yaml
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File


def find_test(suite: Suite, name: str, language: Language) -> BehaviourTest:
    """Return the test called ``name``.

    Raises:
        Problem: it does not exist.
    """
    for test in suite.tests:
        if test.name == name:
            return test
    names = [test.name for test in suite.tests]
    raise Problem(f"unknown test '{name}'{did_you_mean(name, names)}", where=f"{language.code} behaviour",
                  fix=f"Choose one of: {', '.join(names) or 'none exists yet'}", code=Code.CONFIG_VALUE)


def place_of_test(name: str, language: Language) -> tuple[File, list[str | int]] | None:
    """Return the file and key path of the test ``name``; None for tests of marks, which have no file."""
    for file in files_of(language):
        tests = read_yaml(file).plain().get("tests") or []
        for number, test in enumerate(tests):
            if test.get("name") == name:
                return file, ["tests", number]
    return None


def place_of_list(name: str, language: Language) -> tuple[File, list[str | int]]:
    """Return the file and key path of the list ``name``."""
    way: list[str | int] = ["lexicons", name]
    return next((file, way) for file in files_of(language)
                if name in (read_yaml(file).plain().get("lexicons") or {}))
