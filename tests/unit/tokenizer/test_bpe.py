"""BPE, byte-level and of SentencePiece: continued merges keep the base's segmentation and reach every new piece."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.generate import make_documents
from tests.tiny import ENGLISH, sentencepiece_tokenizer, with_json, write_llama
from vernacular.modeling.base_models import load_tokenizer
from vernacular.tokenizer.bpe import Extension, choose, extended_json, joined
from vernacular.tokenizer.candidates import Letters, word_counts

TEXTS = [text for texts in make_documents().values() for text in texts]
LATIN = Letters("Latn")


@pytest.fixture(scope="module", params=["byte-level", "sentencepiece"])
def base(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    return load_tokenizer(write_llama(folder)) if request.param == "byte-level" else \
        sentencepiece_tokenizer("bpe", folder)


def chosen(base, texts=TEXTS, guard=ENGLISH, wanted=40, min_uses=20):
    backend = base.backend_tokenizer
    return choose(backend, word_counts(texts, backend), word_counts(guard, backend), wanted=wanted, min_uses=min_uses,
                  letters=LATIN)


def test_old_ids_stay_and_new_ones_follow(base, extended, found):
    before, after = base.get_vocab(), extended.get_vocab()
    assert len(found.pieces) == 40
    assert {piece: after[piece] for piece in before} == before
    assert [after[piece] for piece in found.pieces] == list(range(len(before), len(before) + len(found.pieces)))


def test_the_text_of_the_base_is_segmented_as_before(base, extended):
    assert [base.tokenize(line) for line in ENGLISH] == [extended.tokenize(line) for line in ENGLISH]


def test_every_new_piece_is_reached(extended, found):
    model = extended.backend_tokenizer.model
    assert all([token.value for token in model.tokenize(piece)] == [piece] for piece in found.pieces)


def test_hardly_any_piece_is_rare(base, tmp_path):
    found = chosen(base, wanted=2000)
    extended = with_json(base, extended_json(base.backend_tokenizer.to_str(), found), tmp_path)
    uses = Counter(token for text in TEXTS for token in extended.tokenize(text))
    assert sum(uses[piece] < 20 for piece in found.pieces) <= 0.02 * len(found.pieces)


def test_a_missing_letter_is_one_piece(base, found, extended):
    assert len(base.tokenize("bŵa")) > len(extended.tokenize("bŵa"))
    assert any("ŵ" in extended.decode([extended.get_vocab()[piece]]) for piece in found.pieces)


def test_missing_letters_are_pieces_like_others_and_no_more_than_wanted(base):
    assert len(chosen(base, texts=["ŵa ẑa ḓa ṱa ṅa ḽa"] * 50, wanted=3).pieces) == 3


def test_pieces_are_letters(extended, found):
    for piece in found.pieces:
        text = extended.decode([extended.get_vocab()[piece]]).strip()
        assert LATIN.match(text) or text == "\ufffd"  # the first bytes of a letter


def test_text_survives(extended):
    for text in TEXTS[:10]:
        assert extended.decode(extended(text)["input_ids"], skip_special_tokens=True) == text


def test_fewer_tokens(base, extended):
    assert sum(len(extended.tokenize(text)) for text in TEXTS) < 0.8 * sum(len(base.tokenize(text)) for text in TEXTS)


def test_the_same_twice(base, found):
    assert chosen(base) == found


def test_the_first_pieces_stand_alone(base, found, tmp_path):
    part = with_json(base, extended_json(base.backend_tokenizer.to_str(), found.first(10)), tmp_path)
    assert len(part) == len(base) + 10
    assert found.first(0) == Extension()


def test_a_known_piece_is_refused(base, found, extended):
    with pytest.raises(ValueError, match="already"):
        extended_json(extended.backend_tokenizer.to_str(), found)


def test_joined_takes_pairs_from_the_left():
    assert joined(["a", "a", "a"], ("a", "a")) == ["aa", "a"]
