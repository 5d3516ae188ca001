"""Ranks agree with what can be counted by hand; ties and shared translations are dealt with honestly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vernacular.datasets.items import Item
from vernacular.tasks.sentence_retrieval.ranking import both_ways, csls, ranks, tfidf_scores

SCORES = st.integers(2, 6).flatmap(lambda size: st.lists(
    st.lists(st.integers(0, 4), min_size=size, max_size=size), min_size=size, max_size=size))


def test_by_hand():
    scores = np.array([[.9, .1, .3], [.8, .5, .2], [.1, .2, .3]])
    assert ranks(scores, ["a", "b", "c"], ["x", "y", "z"]).tolist() == [1, 2, 1]
    pairs = [Item("a", second="x"), Item("b", second="y"), Item("c", second="z")]
    assert both_ways(scores, pairs).tolist() == [[1, 1, 0], [2, 1, 0], [1, 2, 2]]


@given(SCORES)
def test_without_shared_texts_it_is_the_place_in_the_order_with_ties_against(rows):
    scores = np.array(rows)
    names = [str(number) for number in range(len(scores))]
    assert ranks(scores, names, names).tolist() == [int((row >= row[at]).sum()) for at, row in enumerate(scores)]


def test_one_vector_for_all_finds_nothing():
    names = [str(number) for number in range(10)]
    assert (ranks(np.ones((10, 10)), names, names) == 10).all()


def test_a_network_that_gives_no_numbers_finds_nothing():
    pairs = [Item(str(number), second=str(number)) for number in range(10)]
    scores = np.full((10, 10), np.nan)
    assert (both_ways(scores, pairs)[:, :2] == 10).all() and (both_ways(csls(scores), pairs)[:, :2] == 10).all()


def test_a_shared_translation_counts_in_either_place():
    scores = np.array([[.1, .9, .0], [.1, .9, .0], [.0, .2, .5]])
    assert ranks(scores, ["a", "b", "c"], ["x", "x", "z"]).tolist() == [1, 1, 1]
    assert ranks(scores, ["a", "a", "c"], ["x", "y", "z"]).tolist() == [1, 1, 1]
    assert ranks(scores, ["a", "b", "c"], ["x", "y", "z"]).tolist() == [2, 1, 1]


def test_csls_takes_the_advantage_from_a_hub():
    scores = np.array([[.60, .62, .1], [.1, .70, .1], [.1, .62, .60]])  # the second target is near to all
    names = ["a", "b", "c"]
    assert ranks(scores, names, names).tolist() == [2, 1, 2]
    assert ranks(csls(scores, 2), names, names).tolist() == [1, 1, 1]


def test_the_floor_finds_what_is_spelled_alike():
    pairs = [Item("Malawi in 2021", second="ku Malawi 2021"), Item("Lilongwe", second="Lilongwe mzinda"),
             Item("Banda", second="a Banda")]
    assert (both_ways(tfidf_scores(pairs), pairs)[:, :2] == 1).all()
