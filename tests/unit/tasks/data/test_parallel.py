"""Line n of one file goes with line n of the other, and a line without its other is refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.errors import Problem
from vernacular.tasks.data.parallel import read_parallel
from vernacular.tasks.kind import Row

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)


@given(pairs=st.lists(st.tuples(LINE, LINE), max_size=6))
def test_what_was_written_is_read(pairs):
    texts = ("".join(f"{pair[side]}\n" for pair in pairs) for side in (0, 1))
    found = [(row.fields["source"], row.fields["target"]) for row in read_parallel(*texts, "a", "b")]
    assert found == [tuple(unicodedata.normalize("NFC", side.strip()) for side in pair) for pair in pairs]


@pytest.mark.parametrize(("source", "target", "match"), [
    ("one\ntwo\n", "eins\n", "a: 2 lines, but b has 1"), ("one\n\n", "eins\nzwei\n", "a:2: the line is empty"),
    ("one\ntwo", "eins\n \n", "b:2: the line is empty"), ("", "eins", "a: 0 lines")])
def test_a_line_without_its_other_is_refused(source, target, match):
    with pytest.raises(Problem, match=match):
        list(read_parallel(source, target, "a", "b"))


def test_lines_that_are_empty_in_both_are_passed_over():
    assert list(read_parallel("one\n\nthree", "eins\n \ndrei\n", "a", "b")) == [
        Row("a:1", {"source": "one", "target": "eins"}), Row("a:3", {"source": "three", "target": "drei"})]
