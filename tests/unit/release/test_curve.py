"""What is said of a task beside its scores."""

from __future__ import annotations

import pytest

from tests.unit.release.made_up import ranged, task_details
from vernacular.release.curve import remarks

DETAILS = task_details("genre", 0.3, 0.4, ranged(0.1, 0.05))


def test_texts_with_two_labels_and_items_that_are_cut_are_counted() -> None:
    found = DETAILS | {"notes": {"texts_labelled_differently": 3},
                       "test_items_cut": {"base": 1200, "control": 7, "adapted": 0}}
    assert remarks(found) == [
        "3 of the labelled texts have other labels somewhere else in the data: no model can learn both.",
        "Scored items that are too long to be read to their end: base 1,200, control 7, adapted 0."]


@pytest.mark.parametrize(("texts", "said"), [(30, []), (25, ["from 25 texts, which intervals resample"]),
                                             (1, ["from 1 text, too few to resample: intervals take each item"])])
def test_how_items_of_one_text_are_resampled(texts: int, said: list[str]) -> None:
    found = remarks(DETAILS | {"test_items": 30, "test_texts": texts, "test_items_cut": dict.fromkeys("ab", 0)})
    assert len(found) == len(said) and all(part in line for part, line in zip(said, found, strict=True))
