"""Each rule speaks where its case is there and is silent where it is not; its remark names a key and a page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.generate import TINY_MODEL
from vernacular.config.schema import Model
from vernacular.remarks import rules

PAIRS = {"kind": "files", "files": "a.txt", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
ALIGNMENT = {"translations": [{"source": {**PAIRS, "name": "a"}, "translation": {**PAIRS, "name": "b"}}]}


def model(**changes: Any) -> Model:
    return Model.model_validate({**TINY_MODEL, **changes})


def test_few_words_make_new_tokens_useless() -> None:
    small = model(vocabulary={"new_pieces": 2000})
    found = rules.few_new_tokens("mine", small, 14_150, 10, .017)
    assert found is not None and found.code == "VN-FEW-NEW-TOKENS"
    assert "14,150" in found.what and "60,000" in found.what and rules.PAGE in found.what
    assert "models.mine.vocabulary.new_pieces: 0" in found.fix and "min_uses: 20" in found.fix
    assert rules.few_new_tokens("mine", small, 100_000, 10, .017) is not None, "hardly any earned a place"
    assert rules.few_new_tokens("mine", small, 100_000, 240, .2) is None
    assert rules.few_new_tokens("mine", model(vocabulary={"new_pieces": 0}), 100, 0, 0) is None
    assert rules.few_new_tokens("mine", model(alignment=ALIGNMENT), 14_150, 244, .2) is None, "rows from translations"


def test_few_passes_are_named_with_the_steps_that_would_do() -> None:
    short = model(pretraining={"steps": 100})
    found = rules.few_passes("mine", short, 100, 0.1)
    assert found is not None and "models.mine.pretraining.steps: 2800" in found.fix
    assert rules.few_passes("mine", short, 100, 1.9) is None
    by_time = rules.few_passes("mine", model(pretraining={"minutes": 2}), 100, 0.7)
    assert by_time is not None and "models.mine.pretraining.minutes: 8" in by_time.fix
    taught = model(alignment=ALIGNMENT, pretraining={"steps": 20})
    found = rules.few_passes("mine", taught, 20, 0.1)
    assert found is not None and "models.mine.pretraining.steps: 60" in found.fix
    assert rules.few_passes("mine", taught, 80, 0.1) is None


def test_a_budget_that_the_text_cannot_fill() -> None:
    asked = model(pretraining={"steps": 1000, "batch_size": 16})
    found = rules.capped_steps("mine", asked, 35)
    assert found is not None and "35 of the 1,000 steps" in found.what
    assert rules.capped_steps("mine", asked, 1000) is None
    assert rules.capped_steps("mine", model(pretraining={"minutes": 1}), 35) is None
    found = rules.small_text("mine", asked, 9)
    assert found is not None and "models.mine.pretraining.batch_size: 2" in found.fix
    assert rules.small_text("mine", asked, 16) is None


def test_translations_that_teach_little() -> None:
    assert rules.few_pairs("mine", 5_000) is None
    assert rules.same_sides("mine", 9, 100) is None and rules.same_sides("mine", 0, 0) is None
    few, same = rules.few_pairs("mine", 50), rules.same_sides("mine", 30, 50)
    assert few is not None and "50 training pairs" in few.what and same is not None and "30 of 50" in same.what


@pytest.mark.parametrize(("sizes", "codes"), [
    ((100, 30, 100), []), ((99, 30, 100), ["VN-FEW-LABELS"]), ((100, 29, 100), ["VN-FEW-DEV"]),
    ((100, 0, 100), ["VN-FEW-DEV"]), ((100, 30, 99), ["VN-FEW-TEST"])])
def test_parts_of_a_task(sizes: tuple[int, int, int], codes: list[str]) -> None:
    assert [remark.code for remark in rules.of_items("topic", *sizes, 5)] == codes


def test_without_looks_no_dev_items_are_needed() -> None:
    assert not rules.of_items("topic", 100, 0, 100, 0)


def test_a_few_test_items_are_given_with_their_interval() -> None:
    found = rules.few_to_score("topic", 25)
    assert found is not None and "±20 points" in found.what


def test_behavioral_tests_without_a_case() -> None:
    found = rules.no_cases(["concord", "order"])
    assert found is not None and "concord, order" in found.what and rules.no_cases([]) is None
