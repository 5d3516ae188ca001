"""A format holds what it says; examples come from training items and never from scored ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.tasks.generation.prompts import examples, parse, shown
from vernacular.tasks.pairs import Pair

ENGLISH = "English: {source}\nChichewa: {target}\n"
LETTERS = st.sampled_from("abcdef")


def test_a_format_is_cut_where_the_answer_begins():
    template = parse(ENGLISH)
    assert template.prompt("a {target} b") == "English: a {target} b\nChichewa:"
    assert template.answer("ndi") == " ndi\n"
    assert shown(template, [Pair("a", "x"), Pair("b", "y")]) == (
        "English: a\nChichewa: x\nEnglish: b\nChichewa: y\n")
    assert shown(parse("{source} = {target}"), [Pair("a", "x")]) == "a = x\n"
    assert shown(parse("{source}\n{target}\n\n"), [Pair("a", "x")]) == "a\nx\n\n"
    assert parse("{source}\n{target}").prompt("a") == "a\n"


@pytest.mark.parametrize(("text", "match"), [
    ("{target} {source}", "needs {source} and then"), ("{source}", "needs"), ("{source} {source}: {target}", "needs"),
    ("{source}: {target} {other}", "needs"), ("{source}: {target} ok?", "'ok\\?' stands behind"),
    ("{source}{target}", "something between"), ("{source} {target}", "something between")])
def test_a_format_that_cannot_work_is_refused(text, match):
    with pytest.raises(ValueError, match=match):
        parse(text)


@given(train=st.lists(st.tuples(LETTERS, LETTERS), max_size=30), scored=st.lists(st.tuples(LETTERS, LETTERS)),
       count=st.integers(0, 10), seed=st.integers(0, 5))
def test_no_example_is_scored(train, scored, count, seed):
    known, held = [Pair(*pair) for pair in train], [Pair(*pair) for pair in scored]
    found = examples(known, held, count, seed)
    assert len(found) <= count and len(set(found)) == len(found) and set(found) <= set(known)
    assert not {pair.source for pair in found} & {pair.source for pair in held}
    assert not {pair.target for pair in found} & {pair.target for pair in held}
    assert examples(known[::-1], held, count, seed) == found
