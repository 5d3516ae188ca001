"""Pieces are letters of one script, with apostrophes inside words only; words are counted as the tokenizer splits."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.generate import make_documents
from tests.tiny import sentencepiece_tokenizer
from vernacular.tokenizer.candidates import Letters, candidates, in_capitals, word_counts


@pytest.mark.parametrize(("text", "fits"), [
    ("mwana", True), ("Ŵanthu", True), ("ng'ombe", True), ("n’oku", True), ("é", True), ("e\u0301", True),
    ("'ombe", False), ("n'", False), ("a.", False), ("a1", False), ("<b>", False), ("a\u0430", False), ("", False),
    ("a b", False), ("Mwana", True), ("DPP", False), ("isiZulu", False), ("N'Djamena", False)])
def test_what_a_piece_may_be(text, fits):
    assert Letters("Latn").match(text) == fits


def test_other_scripts():
    assert Letters("Jpan").match("日本のカ")
    assert not Letters("Ethi").match("ሰላm")


def test_where_all_is_written_in_capitals_pieces_are():
    cherokee = "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ"
    assert in_capitals(Counter(cherokee.split())) and not in_capitals(Counter(["Mwana", "wa", "DPP"]))
    assert Letters("Cher", capitals=True).match("ᏣᎳᎩ") and Letters("Latn", capitals=True).match("DPP")
    assert not in_capitals(Counter(["ሰላም", "ለዓለም"]))  # letters without case


def test_runs_keep_the_space_before_them():
    found = Letters("Latn").runs(Counter({"▁(ng'ombe)": 2, "▁mwana,wa": 1}))
    assert found == Counter({"ng'ombe": 2, "▁mwana": 1, "wa": 1})


def test_without_a_pre_tokenizer_words_end_before_a_space(tmp_path):
    backend = sentencepiece_tokenizer("bpe", tmp_path).backend_tokenizer
    assert word_counts(["the red fox, the dog"], backend) == Counter(
        {"▁the": 2, "▁red": 1, "▁fox,": 1, "▁dog": 1})


def test_candidates_know_where_words_start():
    words = Counter(word for texts in make_documents().values() for text in texts for word in text.split())
    spaced = Counter({f"▁{word}": count for word, count in words.items()})
    for rows, spaces in ((words, False), (spaced, True)):
        found = candidates(rows, 50, Letters("Latn"), spaces=spaces)
        assert {starts for _, starts in found} == {True, False}
        assert all(Letters("Latn").match(piece) for piece, _ in found)


def test_a_run_of_any_length_is_learned_from():
    """Without spaces it extends to the next sign; SentencePiece would leave out what is longer than 4,192 bytes."""
    run = "ກາຂີຄູງະ" * 400
    assert Letters("Laoo").runs(Counter({f"▁{run}": 3})) == Counter({f"▁{run}": 3})
    assert ("ກາ", False) in candidates(Counter({run: 50}), 50, Letters("Laoo"), spaces=True)


def test_no_words_give_no_candidates():
    assert candidates(Counter({"123": 5}), 50, Letters("Latn")) == set()
