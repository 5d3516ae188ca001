"""What guards a base: lines count as they occur, the packages' words of its languages more, none of the target's."""

from __future__ import annotations

import pytest

from tests.tiny import sentencepiece_tokenizer
from vernacular.tokenizer.guard_words import common_words, guard_words


def test_names_of_places_in_the_languages_asked_for():
    words = " ".join(common_words(["swa"], "nya")).split()
    assert {"Afrika", "Septemba", "Jumatatu", "Kenya"} <= set(words)


@pytest.mark.parametrize("codes", [["swa"], ["mul"]])
def test_none_of_the_target_or_what_is_hardly_another_language(codes):
    assert "Jumatatu" not in " ".join(common_words(codes, "swh")).split()


def test_mul_is_the_hundred_of_the_models_and_no_more():
    many = " ".join(common_words(["mul"], "nya"))
    assert "Jumatatu" in many.split()
    assert all(line in many for line in common_words(["eng"], "nya"))
    yoruba = set(" ".join(common_words(["yor"], "nya")).split())
    assert len(yoruba - set(many.split())) > len(yoruba) / 2


def test_a_language_that_no_package_knows_has_no_line():
    assert common_words(["qaa"], "nya") == []


def test_a_common_word_weighs_more_than_one_of_the_text(tmp_path):
    backend = sentencepiece_tokenizer("unigram", tmp_path).backend_tokenizer
    found = guard_words(["the xyzzy"], ["eng"], "nya", backend)
    assert found["▁xyzzy"] == 1
    assert found["▁the"] > 1
