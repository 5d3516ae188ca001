"""Mixtures: weights of old rows that sum to one, whatever the method."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.generate import make_documents
from tests.tiny import ENGLISH, sentencepiece_tokenizer
from vernacular.config.training import Vocabulary
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.families import extend
from vernacular.tokenizer.mixtures import mean, mixtures, sparsemax, weighted

TEXTS = [text for texts in make_documents().values() for text in texts]


@pytest.fixture(scope="module", params=["unigram", "bpe"])
def three(request, tmp_path_factory):
    """Base, extended, and what was added."""
    from tokenizers import Tokenizer

    backend = sentencepiece_tokenizer(request.param, tmp_path_factory.mktemp("base")).backend_tokenizer
    chosen = extend(backend, word_counts(TEXTS, backend), word_counts(ENGLISH, backend),
                    Vocabulary(new_pieces=60, min_uses=20), Letters("Latn"), "test")
    return backend, Tokenizer.from_str(chosen.json_with(len(chosen.pieces))), chosen


@pytest.mark.parametrize("method", ["mean", "weighted", "focus", "random"])
def test_weights_of_old_ids_sum_to_one_and_follow_the_seed(three, method):
    base, extended, chosen = three
    ids = [extended.token_to_id(piece) for piece in chosen.pieces]
    found, again = (mixtures(method, base, extended, ids, chosen.parts, TEXTS, 1) for _ in range(2))
    assert found == again
    assert len(found) == len(ids)
    for mixture in found:
        assert all(index < base.get_vocab_size() and weight > 0 for index, weight in mixture.items())
        assert not mixture if method == "random" else sum(mixture.values()) == pytest.approx(1)


def test_the_mean_counts_a_piece_twice_that_occurs_twice():
    assert mean([4, 4, 5, 6]) == {4: 0.5, 5: 0.25, 6: 0.25}
    assert mean([]) == {}


def test_weighted_takes_the_old_value(three):
    base, extended, chosen = three
    index = extended.token_to_id(chosen.pieces[-1])
    found = weighted(base, extended, TEXTS)[index]
    assert set(chosen.parts[-1]) & set(found)


def test_a_sparse_mixture_leaves_most_out():
    found = sparsemax(np.array([[1.0, 0.9, 0.0, -1.0]]))
    assert found[0] == pytest.approx([0.55, 0.45, 0, 0])


@given(arrays(np.float64, (3, 7), elements=st.floats(-3, 3)))
def test_sparsemax_is_a_distribution(scores):
    found = sparsemax(scores)
    assert (found >= 0).all()
    assert found.sum(1) == pytest.approx(np.ones(3))
