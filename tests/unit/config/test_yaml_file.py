"""Errors of YAML are reported without a parser's words, at the line to correct."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.config.yaml_file import read_yaml
from vernacular.core.errors import Problem
from vernacular.core.files import File

PARSERS_WORDS = ("block", "scalar", "mapping", "token", "stream", "simple key", "sequence")


@pytest.mark.parametrize(("text", "line", "message"), [
    ("name: Chichewa: the language", 1, "unexpected colon"),
    ("name: x\n  script: Latn", 2, "unexpected colon"),
    ("a:\n    b: 1\n  c: 2", 3, "the indentation of this line does not match"),
    ("a:\n  - x\n - y", 3, "the indentation of this line does not match"),
    ("a: 1\n- x", 2, "the indentation of this line does not match"),
    ("script: Latn\nname Chichewa\nowner: me", 2, "a key without a colon"),
    ("a: 1\nname: \"Chichewa\nscript: Latn", 2, "a quotation mark is never closed"),
    ("name: 'ng'ombe'", 1, "unexpected text after a closing quotation mark"),
    ("text: {name} alowa", 1, "unexpected text after a closing quotation mark or bracket"),
    ("owner: @me", 1, "a text begins with a character"),
    ("a: 1\nb: {c: 1\nd: 2", 2, "a { is never closed"),
    ("a: 1\nb: [1, 2\nd: 2", 2, "a [ is never closed"),
    ('a: "C:\\path"', 1, "a backslash within double quotes"),
    ("a: 1\n---\nb: 2", 2, "--- begins a second document"),
    ("a: - b", 1, "a list begins on the line of its key"),
    ("a: 1\nb: \"x\\ud800\"", 2, "half a character"),
    ("a: 1\n\"\\udc00\": x", 2, "half a character"),
    ("a:\n\tb: 1", 2, "a tab is used for indentation"),
])
def test_a_mistake_is_reported_in_plain_words_at_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    (tmp_path / "a.yaml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        read_yaml(File.at(tmp_path / "a.yaml", "a.yaml"))
    assert message in caught.value.what and caught.value.where == f"a.yaml:{line}"
    assert not any(word in caught.value.what for word in PARSERS_WORDS)


@pytest.mark.parametrize("number", ["00110000", "FFFFFFFF"])
def test_a_number_of_no_character_is_a_problem(tmp_path: Path, number: str) -> None:
    (tmp_path / "a.yaml").write_text(f'a: "\\U{number}"\n', encoding="utf-8")
    with pytest.raises(Problem) as caught:
        read_yaml(File.at(tmp_path / "a.yaml", "a.yaml"))
    assert caught.value.where == "a.yaml"
