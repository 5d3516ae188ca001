"""Pairs come from two files line by line or from columns, and a side without its other is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.errors import Problem
from vernacular.tasks.pairs import Pair, from_rows, one_line, read_lines

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)


@given(pairs=st.lists(st.tuples(LINE, LINE), max_size=6))
def test_what_was_written_is_read(pairs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    for name, side in (("a", 0), ("b", 1)):
        (folder / name).write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    found = read_lines(folder / "a", folder / "b", ("a", "b"))
    assert found == [Pair(one_line(source), one_line(target)) for source, target in pairs]


@pytest.mark.parametrize(("left", "right", "match"), [
    (b"one\ntwo\n", b"eins\n", "2 lines, but b has 1"), (b"one\n\n", b"eins\nzwei\n", "pair 2 has only one side"),
    (b"\xff\n", b"x\n", "not UTF-8")])
def test_what_does_not_fit_is_refused(left, right, match, tmp_path):
    (tmp_path / "a").write_bytes(left)
    (tmp_path / "b").write_bytes(right)
    with pytest.raises(Problem, match=match):
        read_lines(tmp_path / "a", tmp_path / "b", ("a", "b"))


def test_lines_that_are_empty_in_both_are_passed_over(tmp_path):
    (tmp_path / "a").write_text("one\n\nthree", encoding="utf-8")
    (tmp_path / "b").write_text("eins\n \ndrei\n", encoding="utf-8")
    assert read_lines(tmp_path / "a", tmp_path / "b", ("a", "b")) == [Pair("one", "eins"), Pair("three", "drei")]
    with pytest.raises(Problem, match="no such file"):
        read_lines(tmp_path / "c", tmp_path / "b", ("c", "b"))


def test_columns_are_named():
    rows = [{"en": "one\n more", "nya": "imodzi"}]
    assert from_rows(rows, "en", "nya", "t.tsv") == [Pair("one more", "imodzi")]
    with pytest.raises(Problem, match="no text in 'fr'"):
        from_rows(rows, "fr", "nya", "t.tsv")
