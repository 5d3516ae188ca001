"""Examples come from training items and share no text with a scored one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.prompting import parse
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.tasks.generation.prompts import examples, shown

LETTERS = st.sampled_from("abcdef")
PAIRS = st.lists(st.tuples(LETTERS, LETTERS), max_size=30)


@given(train=PAIRS, scored=PAIRS, count=st.integers(0, 10), seed=st.integers(0, 5))
def test_no_example_is_scored(train, scored, count, seed):
    known, test_items = ([Item(source, second=target) for source, target in pairs] for pairs in (train, scored))
    free = {item.key() for item in known if item.text not in {other.text for other in test_items}
            and item.second not in {other.second for other in test_items}}
    if count > len(free):  # never fewer under the name of more
        with pytest.raises(Problem, match=rf"{count} .* {len(free)} .*VN-DATA-SPLIT"):
            examples(known, test_items, count, seed)
        return
    found = examples(known, test_items, count, seed)
    assert {item.key() for item in found} <= free and len(found) == count
    assert examples(known[::-1], test_items, count, seed) == found


@given(st.lists(LETTERS, max_size=30), st.lists(LETTERS, max_size=3))
def test_labelled_items_share_no_text(train, scored):
    known = [Item(text, (number % 2,)) for number, text in enumerate(train)]
    free = {(item.text, item.labels) for item in known if item.text not in scored}
    found = examples(known, [Item(text, (0,)) for text in scored], len(free), 1)
    assert {(item.text, item.labels) for item in found} == free
    assert not {item.text for item in found} & set(scored)


def test_examples_stand_one_after_the_other():
    assert shown(parse("English: {source}\nChichewa: {target}"), [("a", "x"), ("b", "y")]) == (
        "English: a\nChichewa: x\nEnglish: b\nChichewa: y\n")
