"""Byte-level BPE: continued merges keep the base's segmentation and reach every new piece."""

from __future__ import annotations

import pytest

from tests.generate import make_documents
from tests.tiny import ENGLISH, with_json, write_llama
from vernacular.models import load_tokenizer
from vernacular.vocabulary.byte_bpe import extended_json, joined, merges
from vernacular.vocabulary.learn import word_counts

TEXTS = [text for texts in make_documents().values() for text in texts]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return load_tokenizer(write_llama(tmp_path_factory.mktemp("llama")))


@pytest.fixture(scope="module")
def found(base):
    backend = base.backend_tokenizer
    return merges(backend, word_counts(TEXTS, backend), word_counts(ENGLISH, backend), wanted=40, min_uses=20)


@pytest.fixture(scope="module")
def extended(base, found, tmp_path_factory):
    return with_json(base, extended_json(base.backend_tokenizer.to_str(), found), tmp_path_factory.mktemp("extended"))


def test_old_ids_stay_and_new_ones_follow(base, extended, found):
    before, after = base.get_vocab(), extended.get_vocab()
    assert {piece: after[piece] for piece in before} == before
    assert [after["".join(pair)] for pair in found] == list(range(len(before), len(before) + len(found)))


def test_the_text_of_the_base_is_segmented_as_before(base, extended):
    assert [base.tokenize(line) for line in ENGLISH] == [extended.tokenize(line) for line in ENGLISH]


def test_every_new_piece_is_reached(extended, found):
    used = {token for text in TEXTS for token in extended.tokenize(text)}
    built_on = {part for pair in found for part in pair}
    assert all("".join(pair) in used or "".join(pair) in built_on for pair in found)


def test_text_survives(extended):
    for text in TEXTS[:10]:
        assert extended.decode(extended(text)["input_ids"]) == text


def test_fewer_tokens(base, extended):
    assert sum(len(extended.tokenize(text)) for text in TEXTS) < 0.8 * sum(len(base.tokenize(text)) for text in TEXTS)


def test_joined_takes_pairs_from_the_left():
    assert joined(["a", "a", "a"], ("a", "a")) == ["aa", "a"]
