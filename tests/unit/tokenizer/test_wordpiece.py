"""WordPiece: our segmentation is the library's, extension keeps the base as it is, every new piece is used."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generate import make_documents
from tests.tiny import ENGLISH, with_json, write_bert
from vernacular.modeling.base_models import load_tokenizer
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.wordpiece import WordPiece, choose, constituents, extended_json, uses

LATIN = Letters("Latn")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return load_tokenizer(write_bert(tmp_path_factory.mktemp("bert")))


@pytest.fixture(scope="module")
def pieces(base):
    texts = [text for texts in make_documents().values() for text in texts]
    backend = base.backend_tokenizer
    return choose(set(base.get_vocab()), word_counts(texts, backend), word_counts(ENGLISH, backend), wanted=40,
                  min_uses=5, letters=LATIN)


@pytest.fixture(scope="module")
def extended(base, pieces, tmp_path_factory):
    return with_json(base, extended_json(base.backend_tokenizer.to_str(), pieces), tmp_path_factory.mktemp("extended"))


@settings(max_examples=200)
@given(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=30))
def test_segmentation_is_that_of_the_library(base, extended, word):
    for tokenizer in (base, extended):
        ours = WordPiece(set(tokenizer.get_vocab())).segment(word)
        assert ours == [token.value for token in tokenizer.backend_tokenizer.model.tokenize(word)]


def test_old_ids_stay_and_new_ones_follow(base, extended, pieces):
    before, after = base.get_vocab(), extended.get_vocab()
    assert {piece: after[piece] for piece in before} == before
    assert [after[piece] for piece in pieces] == list(range(len(before), len(before) + len(pieces)))


def test_the_text_of_the_base_is_segmented_as_before(base, extended):
    assert [base.tokenize(line) for line in ENGLISH] == [extended.tokenize(line) for line in ENGLISH]


def test_every_piece_is_used_often_enough_and_made_of_letters(base, extended, pieces):
    texts = [text for texts in make_documents().values() for text in texts]
    counts, _ = uses(WordPiece(set(extended.get_vocab())), word_counts(texts, base.backend_tokenizer))
    assert min(counts[piece] for piece in pieces) >= 5
    assert all(piece.removeprefix("##").isalpha() for piece in pieces)


def test_fewer_tokens(base, extended):
    text = make_documents()["river"][0]
    assert len(extended.tokenize(text)) < 0.85 * len(base.tokenize(text))


def test_constituents_spell_the_piece(base, pieces):
    vocabulary = set(base.get_vocab())
    for piece in pieces:
        parts = constituents(vocabulary, piece)
        assert "".join(part.removeprefix("##") for part in parts) == piece.removeprefix("##")
        assert all(part in vocabulary for part in parts)


def test_missing_letters_come_first(base):
    words = Counter({"ŵaŵa": 50, "baba": 10})
    found = choose(set(base.get_vocab()), words, Counter(), wanted=3, min_uses=5, letters=LATIN)
    assert set(found[:2]) == {"ŵ", "##ŵ"}


def test_a_missing_letter_needs_few_uses(base):
    words = Counter({"baŋe": 6, "kaba": 900, "bakaka": 900})
    found = choose(set(base.get_vocab()), words, Counter(), wanted=2, min_uses=20, letters=LATIN)
    assert found[0] == "##ŋ" and len(found) == 2
    assert choose(set(base.get_vocab()), Counter({"baŋe": 4}), Counter(), wanted=2, min_uses=20, letters=LATIN) == []


def test_the_same_twice(base, pieces):
    texts = [text for texts in make_documents().values() for text in texts]
    backend = base.backend_tokenizer
    again = choose(set(base.get_vocab()), word_counts(texts, backend), word_counts(ENGLISH, backend), wanted=40,
                   min_uses=5, letters=LATIN)
    assert again == pieces


def test_a_known_piece_is_refused(base):
    with pytest.raises(ValueError, match="already"):
        extended_json(base.backend_tokenizer.to_str(), ["the"])


def test_nothing_but_the_vocabulary_changes(base, pieces):
    before = json.loads(base.backend_tokenizer.to_str())
    after = json.loads(extended_json(base.backend_tokenizer.to_str(), pieces))
    before["model"].pop("vocab")
    after["model"].pop("vocab")
    assert before == after


def test_saving_and_loading_agree(extended, tmp_path: Path):
    extended.save_pretrained(tmp_path)
    text = make_documents()["market"][0]
    assert load_tokenizer(tmp_path).tokenize(text) == extended.tokenize(text)
