"""Errors of YAML are reported without a parser's words, at the line to correct."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.config.yaml_file import read_yaml
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File

PARSERS_WORDS = ("block", "scalar", "mapping", "token", "stream", "simple key", "sequence")


@pytest.mark.parametrize(("text", "line"), [
    ("name: Chichewa: the language", 1),
    ("name: x\n  script: Latn", 2),
    ("a:\n    b: 1\n  c: 2", 3),
    ("a:\n  - x\n - y", 3),
    ("a: 1\n- x", 2),
    ("script: Latn\nname Chichewa\nowner: me", 2),
    ("a: 1\nname: \"Chichewa\nscript: Latn", 2),
    ("name: 'ng'ombe'", 1),
    ("text: {name} alowa", 1),
    ("owner: @me", 1),
    ("a: 1\nb: {c: 1\nd: 2", 2),
    ("a: 1\nb: [1, 2\nd: 2", 2),
    ('a: "C:\\path"', 1),
    ("a: 1\n---\nb: 2", 2),
    ("a: - b", 1),
    ("a: 1\nb: \"x\\ud800\"", 2),
    ("a: 1\n\"\\udc00\": x", 2),
    ("a:\n\tb: 1", 2),
])
def test_a_mistake_is_reported_in_plain_words_at_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "a.yaml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        read_yaml(File.at(tmp_path / "a.yaml", "a.yaml"))
    assert caught.value.code == Code.CONFIG_YAML and caught.value.where == f"a.yaml:{line}"
    assert not any(word in caught.value.what for word in PARSERS_WORDS)


@pytest.mark.parametrize("number", ["00110000", "FFFFFFFF"])
def test_a_number_of_no_character_is_a_problem(tmp_path: Path, number: str) -> None:
    (tmp_path / "a.yaml").write_text(f'a: "\\U{number}"\n', encoding="utf-8")
    with pytest.raises(Problem) as caught:
        read_yaml(File.at(tmp_path / "a.yaml", "a.yaml"))
    assert caught.value.where == "a.yaml"
