"""Counts of single answers add up to sacreBLEU's corpus score, and the floor answers as the nearest item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import corpus_chrf

from vernacular.datasets.items import Item
from vernacular.tasks.generation.baseline import nearest
from vernacular.tasks.generation.chrf import chrf, signature, statistics

TEXT = st.text("abc ŵ'", max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_sums_have_the_corpus_score(rows):
    answers, references = [row[0] for row in rows], [row[1] for row in rows]
    wanted = corpus_chrf(answers, [references]).score
    assert chrf(statistics(answers, references).sum(0)) == pytest.approx(wanted)


def test_the_signature_says_what_was_computed():
    assert signature().startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.")


def test_the_nearest_training_item_answers():
    train = [Item("the dog runs", second="galu akuthamanga"), Item("the river is long", second="mtsinje ndi wautali")]
    assert nearest(train, [Item("a long river"), Item("dogs")]) == ["mtsinje ndi wautali", "galu akuthamanga"]
