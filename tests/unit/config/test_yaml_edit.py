"""Edits of YAML that people wrote: what they wrote stays, what was meant is there, or nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.yaml_edit import add_words, scalar, set_mapping
from vernacular.config.yaml_file import read_yaml
from vernacular.core.errors import Problem
from vernacular.core.files import File

TEXT = """# the animals of the suite
lexicons:
  animals: [nyama, galu]   # dogs
  empty: []
  birds:
    # those that fly
    - mbalame   # a bird
    - nkhuku

tests:
  - name: one   # the first
    author: me  # who wrote it
    reviewed: none
  - {name: two, author: me}
  - name: three
    author: me
    reviewed:
      by: Old
      on: 2020-01-01
    # the end
"""


def written(folder: Path, text: str = TEXT) -> Path:
    path = folder / "a.yaml"
    path.write_bytes(text.encode("utf-8"))
    return path


def test_words_are_appended_and_comments_stay(tmp_path: Path) -> None:
    path = written(tmp_path)
    for name, words in (("animals", ["mbuzi"]), ("empty", ["no", "ng'ombe", "a: b"]), ("birds", ["njiwa"])):
        add_words(File.at(path, "a.yaml"), ("lexicons", name), words)
    text = path.read_text(encoding="utf-8")
    assert "  animals: [nyama, galu, mbuzi]   # dogs\n" in text
    assert "  empty: [\"no\", ng'ombe, \"a: b\"]\n" in text
    assert "    - nkhuku\n    - njiwa\n" in text
    assert text.replace(", mbuzi", "").replace("\"no\", ng'ombe, \"a: b\"", "").replace("    - njiwa\n", "") == TEXT


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_review_is_set(tmp_path: Path, number: int) -> None:
    path = written(tmp_path)
    set_mapping(File.at(path, "a.yaml"), ("tests", number), "reviewed", {"by": "Amo: B", "on": "2026-01-31"},
                after="author")
    text = path.read_text(encoding="utf-8")
    assert read_yaml(File.at(path)).plain()["tests"][number]["reviewed"] == {"by": "Amo: B", "on": "2026-01-31"}
    assert all(comment in text for comment in ("# the first", "# who wrote it", "# the end", "# those that fly"))


def test_line_ends_and_the_byte_order_mark_stay(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + TEXT.replace("\n", "\r\n"))
    add_words(File.at(path, "a.yaml"), ("lexicons", "birds"), ["njiwa"])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf#")
    assert data.count(b"\n") == data.count(b"\r\n") == TEXT.count("\n") + 1


def test_what_cannot_be_edited_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, 'tests: [{"author": |\n   me\n}]\n'.replace("|\n   me\n", '"me"'))
    before = path.read_bytes()
    with pytest.raises(Problem, match="VN-CONFIG-YAML"):
        set_mapping(File.at(path, "a.yaml"), ("tests", 0), "reviewed", {"by": "me"}, after="nothing")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@given(words=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1,
                              max_size=12), max_size=30))
def test_any_word_survives(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = written(tmp_path_factory.mktemp("edit"))
    for name in ("animals", "empty", "birds"):
        add_words(File.at(path, "a.yaml"), ("lexicons", name), words)
    lists = read_yaml(File.at(path)).plain()["lexicons"]
    assert lists == {"animals": ["nyama", "galu", *words], "empty": words, "birds": ["mbalame", "nkhuku", *words]}


def test_scalars() -> None:
    assert [scalar(text) for text in ("nyama", "ng'ombe", "null", "a b", "12", "")] == [
        "nyama", "ng'ombe", '"null"', '"a b"', '"12"', '""']
