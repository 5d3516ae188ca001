"""Marks that a tokenizer removes: counted on real normalizers."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, normalizers

from vernacular.remarks.rules import lost_marks
from vernacular.tokenizer.lost_marks import LostMarks, measure_lost_marks

TEXTS = ["vár var var", "Nógv tá, ta ta ta"]


def tokenizer(normalizer: normalizers.Normalizer | None) -> Tokenizer:
    made = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    if normalizer is not None:
        made.normalizer = normalizer
    return made


def test_an_uncased_tokenizer_removes_accents_and_makes_words_alike() -> None:
    found = measure_lost_marks(tokenizer(normalizers.BertNormalizer(lowercase=True)), TEXTS)
    assert (found.words, found.merged) == (pytest.approx(3 / 8), pytest.approx(2 / 8))
    assert set(found.examples) == {("var", "vár"), ("ta", "tá")}


@pytest.mark.parametrize("normalizer", [
    None, normalizers.NFC(), normalizers.NFD(), normalizers.Lowercase(), normalizers.BertNormalizer(lowercase=False),
    normalizers.BertNormalizer(lowercase=True, strip_accents=False)])
def test_other_normalizers_lose_nothing(normalizer: normalizers.Normalizer | None) -> None:
    assert measure_lost_marks(tokenizer(normalizer), TEXTS) == LostMarks(0.0, 0.0, ())


def test_vowel_signs_count_as_marks() -> None:
    assert measure_lost_marks(tokenizer(normalizers.BertNormalizer()), ["कु क"]).merged == 0.5


def test_a_few_foreign_names_are_no_remark() -> None:
    assert lost_marks("m", 0.002, 0.0, ()) is None
    remark = lost_marks("m", 0.2, 0.01, [("var", "vár")])
    assert remark is not None
    assert remark.code == "VN-LOST-MARKS"
