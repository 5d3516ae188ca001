"""Which words of a pair are weighed, and that a model weighs them as held-out likelihood does."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.tiny import write_bert, write_llama
from vernacular.behavior_tests.schema import BehaviourTest
from vernacular.evaluation.behavior.askers import Weigher
from vernacular.evaluation.behavior.cases import Case
from vernacular.evaluation.behavior.minimal_pairs import differing, scores
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.likelihood import causal_likelihood, masked_likelihood


def shown(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text[start:stop] for start, stop in spans]


@pytest.mark.parametrize(("first", "other", "expected"), [
    ("mwana wanga wafika", "mwana zanga wafika", (["wanga"], ["zanga"])),
    ("a b c d", "a c b d", (["a", "b", "c", "d"], ["a", "c", "b", "d"])),  # a word moved: its neighbours count too
    ("lero wafika", "lero wafika", ([], [])),
    ("z a b c z", "z a c z", (["a", "b", "c"], ["a", "c"])),
    ("a b", "a b c", (["b"], ["b", "c"])),
])
def test_words_that_differ(first: str, other: str, expected: tuple[list[str], list[str]]) -> None:
    found = differing(first, other)
    assert (shown(first, found[0]), shown(other, found[1])) == expected


def test_one_exchanged_word_is_weighed_alone(tmp_path: Path) -> None:
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    good, bad = "the lazy fox looks", "the zazy fox looks"
    found = scores(model, tokenizer, "masked", [Case(good, bad)])[0]
    alone = masked_likelihood(model, tokenizer, [good, bad], [[(4, 8)], [(4, 8)]])
    assert found == pytest.approx((alone.nats / 4).tolist())


def test_growing_noise_is_weighed_on_all_words(tmp_path: Path) -> None:
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    found = scores(model, tokenizer, "masked", [Case("the fox", "thz fxo", between=("the fxo",))])[0]
    whole = masked_likelihood(model, tokenizer, ["the fox"], [[(0, 3), (4, 7)]])
    assert len(found) == 3
    assert found[0] == pytest.approx(whole.mean)


def test_causal_models_read_whole_sentences(tmp_path: Path) -> None:
    write_llama(tmp_path)
    model, tokenizer = load_model(tmp_path, "causal"), load_tokenizer(tmp_path)
    found = scores(model, tokenizer, "causal", [Case("the lazy fox", "lazy the fox")])[0]
    assert found[1] == pytest.approx(causal_likelihood(model, tokenizer, ["lazy the fox"]).mean)


def test_an_unknown_word_is_never_the_likelier_one(tmp_path: Path) -> None:
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    found = scores(model, tokenizer, "masked", [Case("the ሰላም fox", "the lazy fox"),
                                                Case("ሰላም the fox", "ሰላም lazy fox")])
    assert math.isnan(found[0][0]) and not any(map(math.isnan, found[1]))  # elsewhere in the sentence it does no harm
    test = BehaviourTest.model_validate({"name": "a", "capability": "b", "type": "likelihood", "author": "me",
                                         "pairs": [{"good": "the ሰላም fox", "bad": "the lazy fox"}]})
    outcome = Weigher(model, tokenizer, "masked").outcomes(test, [Case("the ሰላም fox", "the lazy fox")])[0]
    assert outcome.failed
    assert "unknown to the tokenizer" in outcome.before
