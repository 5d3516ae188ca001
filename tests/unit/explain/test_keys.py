"""Every key of every settings file is described, with an example that is valid where the type alone says too little."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from vernacular.config.strict import Share, Strict
from vernacular.config.yaml_file import parse_yaml
from vernacular.explain import types
from vernacular.explain.keys import ROOTS, all_keys, sections

CHECKOUT = Path(__file__).parents[3]
NAMES = [section.name_of(key) for section, key in all_keys()]


def schema_properties() -> Iterator[tuple[str, dict[str, Any]]]:
    """The properties of all classes by another way, pydantic's own."""
    for root in ROOTS:
        schema = root.settings.model_json_schema(by_alias=True)
        for name, part in (*schema["$defs"].items(), (root.file, schema)):
            for key, found in part.get("properties", {}).items():
                yield f"{root.file} {name}.{key}", found


def test_every_key_is_described_in_sentences() -> None:
    lacking = [name for name, found in schema_properties() if not found.get("description")]
    assert not lacking, f"give these a description: {lacking}"
    wrong = [section.name_of(key) for section, key in all_keys()
             if not re.fullmatch(r"[A-Z`0-9].{8,450}[.)]", key.description, re.DOTALL)]
    assert not wrong, f"write these as one to three sentences, beginning with a capital, ending with a period: {wrong}"


def test_every_key_has_an_example_where_its_type_does_not_say_what_to_write() -> None:
    lacking = [section.name_of(key) for section, key in all_keys() if not key.example and key.below is None]
    assert not lacking, f"give these Field(examples=[...]): {lacking}"


def test_every_class_of_settings_is_in_a_section() -> None:
    def all_of(annotation: type[Strict]) -> Iterator[type[Strict]]:
        yield annotation
        for field in annotation.model_fields.values():
            for one in types.settings_in(field.annotation):
                if one is not annotation:
                    yield from all_of(one)

    there = {one for section in sections() for one in section.settings}
    assert {one for root in ROOTS for one in all_of(root.settings)} == there
    assert len({section.name for section in sections() if section.path}) == len(
        [section for section in sections() if section.path])


def test_examples_are_valid_and_are_read_as_they_are_written() -> None:
    checked = 0
    for settings in {one for section in sections() for one in section.settings}:
        for name, field in settings.model_fields.items():
            for example in field.examples or []:
                TypeAdapter(Annotated[field.annotation, None, *field.metadata]).validate_python(example)
                line = types.example_of(name, field)
                assert parse_yaml(line, "example").plain() == {name: example}, line
                checked += 1
    assert checked > 100


def test_pages_that_descriptions_name_are_there() -> None:
    named = {page for _, key in all_keys() for page in re.findall(r"docs/[\w/.-]+\.md", key.description)}
    assert "docs/experiments/translations.md" in named
    assert not [page for page in named if not (CHECKOUT / page).is_file()]


class Made(Strict):
    """Of all types."""

    share: Share = 0.00005
    above: float = Field(1.0, gt=0, le=5)
    count: list[Annotated[int, Field(ge=8)]] = Field(default_factory=lambda: [8])
    text: str
    words: dict[str, str] = Field(default_factory=dict)
    yes: bool = True


@pytest.mark.parametrize(("name", "allowed", "default", "example"), [
    ("share", "number, 0 to 1", "0.00005", "share: 0.00005"),
    ("above", "number, above 0, 5 or less", "1", "above: 1"),
    ("count", "list of whole numbers (8 or more)", "[8]", ""), ("text", "text", "required", ""),
    ("words", "text for each name", "{}", ""), ("yes", "true or false", "true", "yes: false")])
def test_types_and_defaults_in_words(name: str, allowed: str, default: str, example: str) -> None:
    field = Made.model_fields[name]
    assert (types.allowed(field), types.default_of(field), types.example_of(name, field)) == (allowed, default, example)


@pytest.mark.parametrize("value", [
    "query: ", "yes", "1", "", "a: b", "- x", "{source}", "[?]page=", "team:bemba", "https://example.org/", "x #y",
    "0x1", 1e-05, 3.0, [1, "all"], {"a b": ["*"], "c": None}, "English: {s}\nBemba", "*.txt", "~", "null",
    "2026-01-31"])
def test_values_are_written_so_that_yaml_reads_them_back(value: object) -> None:
    assert parse_yaml(f"key: {types.yaml_text(value)}", "text").plain() == {"key": value}


def test_nothing_but_settings_is_taken_for_a_section() -> None:
    class Other(BaseModel):
        key: int = 1

    assert types.settings_in(list[Other]) == ()
