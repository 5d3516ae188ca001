"""The weight of an external identifier's votes for a language, measured on its seed."""

from __future__ import annotations

import numpy as np
import pytest

from vernacular.langid.votes import VoteModel, Votes


def votes(surety: float = 1000.0, spread: float = 100.0, **labels: int) -> Votes:
    """So many votes for each label; ``und`` is an undecided vote."""
    names = [name if name != "und" else "" for name, number in labels.items() for _ in range(number)]
    return Votes(names, np.random.default_rng(1).normal(surety, spread, len(names)))


def one(label: str, surety: float = 1000.0) -> Votes:
    return Votes([label], np.array([surety]))


@pytest.fixture
def knowing() -> VoteModel:
    """Of an identifier that knows Zulu, and takes a hundredth of it for Xhosa."""
    return VoteModel.measure("zul", votes(zu=950, xh=10, en=5, und=35), votes(500, zu=300, xh=60, und=240), {})


def test_an_identifier_that_knows_the_language_counts_for_and_against_it(knowing: VoteModel) -> None:
    assert (knowing.label, knowing.knows, knowing.share) == ("zu", True, 0.95)
    own, relative, other = (knowing.weigh(one(label))[0] for label in ("zu", "xh", "fr"))
    assert own > 1 and relative < -2 and other < -2
    assert knowing.weigh(one(""))[0] < 0 < own


def test_a_vote_that_is_less_sure_than_on_the_seed_counts_less(knowing: VoteModel) -> None:
    sure, unsure, surer = (knowing.weigh(one("zu", surety))[0] for surety in (1000, 500, 2000))
    assert unsure < sure - 1 and surer == sure


def test_an_identifier_that_takes_the_language_for_a_relative_never_speaks_for_it() -> None:
    model = VoteModel.measure("xho", votes(zu=980, und=20), votes(500, zu=500, und=100), {})
    assert not model.knows
    assert model.weigh(one("zu"))[0] < 1
    assert model.weigh(one("zu", 2000))[0] < -2  # as sure as of Zulu itself
    assert model.weigh(one("en"))[0] < -2


def test_an_undecided_identifier_counts_labels_that_the_seed_never_gets() -> None:
    model = VoteModel.measure("nya", votes(und=700, sn=200, sw=100), votes(und=450, sn=100, sw=50), {})
    assert (model.label, model.knows) == ("", False)
    assert abs(model.weigh(one(""))[0]) < 0.5
    assert model.weigh(one("en"))[0] < -2 < model.weigh(one("sn"))[0]


def test_a_relative_with_the_same_label_takes_the_weight_from_it(knowing: VoteModel) -> None:
    model = VoteModel.measure("zul", votes(zu=950, und=50), votes(500, zu=300, und=300), {"ssw": votes(zu=200)})
    assert model.evidence["zu"] < 0.1 < knowing.evidence["zu"]


@pytest.mark.parametrize(("code", "label", "knows"), [
    ("uzn", "uz", True), ("swh", "swa", True), ("nob", "no", True), ("nya", "ny", True), ("bos", "hbs", False),
    ("ind", "msa", False), ("zul", "xh", False), ("qaa", "qaa", True), ("not a code", "en", False)])
def test_a_label_is_the_language_and_not_a_group_with_its_relatives(code: str, label: str, knows: bool) -> None:
    assert VoteModel.measure(code, votes(**{label: 100}), votes(**{label: 60}), {}).knows == knows


@pytest.mark.parametrize("labels", [{"zu": 950, "und": 50}, {"und": 100}, {"zu": 20, "und": 10}])
def test_stored_and_loaded(labels: dict[str, int]) -> None:
    model = VoteModel.measure("zul", votes(**labels), votes(500, zu=60, und=40), {})
    assert VoteModel.of_arrays(model.arrays("member.x"), "member.x") == model


def test_no_lines_no_votes(knowing: VoteModel) -> None:
    assert len(Votes.joined([])) == 0 and knowing.weigh(Votes.joined([])).shape == (0,)
