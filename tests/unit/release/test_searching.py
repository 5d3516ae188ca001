"""Search by meaning comes first, with its measured accuracy, and only where a release can search."""

from __future__ import annotations

from typing import Any

from tests.unit.release.made_up import edited, search_details
from vernacular.release.card import write_card
from vernacular.release.result_models import ReleaseResults
from vernacular.release.searching import EMBED, can_search, describe_search, found_translations

LOADS = {EMBED: {"items": 1, "same": 1.0, "difference": 0.0}}


def with_search(found: ReleaseResults, **more: Any) -> ReleaseResults:
    def add(data: Any) -> None:
        data["loads"] = LOADS
        data["tasks"]["search"] = {**data["tasks"]["genre"], **search_details(), "language": None, "fine_tuned": False,
                                   "means": {"base": 0.04, "adapted": 0.7}, **more}

    return edited(found, add)


def test_no_sentence_without_embeddings(found: ReleaseResults) -> None:
    assert not can_search(found) and describe_search(found) == ""


def test_the_measured_search_is_described(found: ReleaseResults) -> None:
    found = with_search(found)
    assert found_translations(found) == (0.7, 0.04, 400)
    assert all(part in describe_search(found) for part in ("400", "70%", "4%"))


def test_without_a_task_the_alignment_says_it(found: ReleaseResults) -> None:
    found = edited(found, lambda data: data.update(loads=LOADS))
    assert found_translations(found) is None and "not measured" in describe_search(found)

    def align(data: Any) -> None:
        data["alignment"] = {"found_before": 0.15, "pairs_held": 300.0}
        data["pretraining"]["adapted"]["counts"] = {"translation_found": 0.37}

    found = edited(found, align)
    assert found_translations(found) == (0.37, 0.15, 300)


def test_a_fine_tuned_search_says_nothing_of_the_released_encoder(found: ReleaseResults) -> None:
    assert found_translations(with_search(found, fine_tuned=True)) is None


def test_the_card_says_it_before_any_other_use(found: ReleaseResults) -> None:
    card = write_card(edited(found, lambda data: data.update(loads=LOADS)))
    use = card[card.index("## How to use it"):]
    assert 0 < use.index("SentenceTransformer") < use.index("pipeline(")
