"""An exported model that answers otherwise is refused, by its precision's rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tasks.made import names_kind, topics
from vernacular.conversion.formats import Format, Precision, check_format
from vernacular.conversion.gate import check_agreement, compare, compare_language_models
from vernacular.conversion.released import Part
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item


def topic_part(items: int) -> Part:
    """Two topics in turn, all of which the release got right."""
    return Part("t", Path(), 8, topics("a", "b"), [Item(f"text {at}", (at % 2,)) for at in range(items)],
                [[at % 2] for at in range(items)])


def answers(items: int, wrong: int) -> list[dict[str, float]]:
    order = [("a", "b") if (at % 2 == 0) != (at < wrong) else ("b", "a") for at in range(items)]
    return [{first: 0.7, second: 0.3} for first, second in order]


@pytest.mark.parametrize(("precision", "wrong", "good"), [
    (Precision.INT8, 0, True), (Precision.INT8, 4, True), (Precision.INT8, 5, False),
    (Precision.FP32, 0, True), (Precision.FP32, 2, True), (Precision.FP32, 3, False)])
def test_a_point_in_int8_and_hardly_an_answer_in_float32(precision: Precision, wrong: int, good: bool) -> None:
    found = compare(topic_part(400), answers(400, wrong), precision)
    assert found.same == 1 - wrong / 400 and found.score_before == 1.0
    assert found.difference[0] <= found.difference[1] <= found.difference[2] <= 0
    if good:
        check_agreement(found, precision, "t")
    else:
        with pytest.raises(Problem) as refused:
            check_agreement(found, precision, "t")
        assert refused.value.code == Code.EXPORT_GATE


def test_words_beyond_what_is_read_and_unknown_ones_are_not_compared() -> None:
    item = Item("one two three four", (1, 0, -100, 0))
    part = Part("n", Path(), 8, names_kind(), [item] * 20, [[1, 0, 1, 0]] * 20)
    given = [[["one", "NAME", 0.9], ["two", "O", 0.9], ["three", "O", 0.9], ["four", "", 0.0]]] * 20
    found = compare(part, given, Precision.FP32)
    assert (found.answers, found.same, found.score) == (60, 1.0, 1.0)


def test_language_models_are_compared_on_the_likeliest_next_token() -> None:
    texts = [[1, 2, 3, 4]] * 25
    found = compare_language_models(texts, [[1, 2, 0, 4]] * 25, [[1, 2, 3, 0]] * 25, Precision.INT8)
    assert (found.answers, found.same, found.score, found.score_before) == (100, 0.5, 0.75, 0.75)
    check_agreement(found, Precision.INT8, "t")


@pytest.mark.parametrize(("to", "objective"), [
    (Format.GGUF, "causal"), (Format.GGUF, "masked"), (Format.ONNX, "causal"), (Format.CTRANSLATE2, "masked")])
def test_what_a_format_cannot_hold_is_refused(to: Format, objective: str) -> None:
    with pytest.raises(Problem) as refused:
        check_format(to, Precision.INT8, objective, "release")
    assert refused.value.code == Code.EXPORT_KIND
