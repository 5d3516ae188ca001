"""Search by meaning is said first, with what was measured of it, and only where a release can search."""

from __future__ import annotations

from tests.unit.release.made_up import search_details
from vernacular.release.card import write_card
from vernacular.release.results import Results
from vernacular.release.searching import EMBED, can_search, found_translations, search_said


def with_search(found: Results) -> Results:
    found["loads"] = {EMBED: {"items": 1, "same": 1.0, "difference": 0.0}}
    found["tasks"]["search"] = search_details() | {"means": {"base": 0.04, "adapted": 0.7}, "language": "",
                                                   "fine_tuned": False}
    return found


def test_nothing_is_said_without_embeddings(found: Results) -> None:
    assert not can_search(found) and search_said(found) == ""


def test_the_measured_search_is_said(found: Results) -> None:
    assert found_translations(with_search(found)) == (0.7, 0.04, 400)
    assert all(part in search_said(found) for part in ("400", "70%", "4%"))


def test_without_a_task_the_alignment_says_it(found: Results) -> None:
    found["loads"] = {EMBED: {}}
    assert found_translations(found) is None and "not measured" in search_said(found)
    found["alignment"] = {"found_before": 0.15, "pairs_held": 300.0}
    found["pretraining"]["adapted"]["counts"] = {"translation_found": 0.37}
    assert found_translations(found) == (0.37, 0.15, 300)


def test_a_fine_tuned_search_says_nothing_of_the_released_encoder(found: Results) -> None:
    with_search(found)["tasks"]["search"]["fine_tuned"] = True
    assert found_translations(found) is None


def test_the_card_says_it_before_any_other_use(found: Results) -> None:
    with_search(found)["loads"][EMBED] |= {"items": 1}
    del found["tasks"]["search"]
    card = write_card(found)
    use = card[card.index("## How to use it"):]
    assert 0 < use.index("SentenceTransformer") < use.index("pipeline(")
