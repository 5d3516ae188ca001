"""The identifier on invented languages: it knows its own, refuses relatives and strangers, and is the same twice."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from tests.generate import invented_lines
from vernacular.langid import load_identifier
from vernacular.langid.train import learn
from vernacular.langid.word_lists import lists_for


@pytest.fixture(scope="module")
def own() -> tuple[list[str], list[str]]:
    return invented_lines(1, 1300)


def test_its_own_lines_are_accepted_and_others_refused(own: tuple[list[str], list[str]]) -> None:
    lines, vocabulary = own
    identifier = learn(lines[:1000])
    stranger, _ = invented_lines(2, 300)
    relative, _ = invented_lines(3, 300, shared=random.Random(4).sample(vocabulary, 40))
    assert (identifier.scores(lines[1000:]) >= identifier.threshold).mean() > 0.98
    assert (identifier.scores(stranger) >= identifier.threshold).mean() < 0.01
    assert (identifier.scores(relative) >= identifier.threshold).mean() < 0.05


def test_contrast_separates_a_near_relative(own: tuple[list[str], list[str]]) -> None:
    lines, vocabulary = own
    near, _ = invented_lines(5, 900, shared=random.Random(6).sample(vocabulary, 300))
    alone, contrasted = learn(lines[:1000]), learn(lines[:1000], others={"near": near[:600]})
    accepted = [(identifier.scores(near[600:]) >= identifier.threshold).mean() for identifier in (alone, contrasted)]
    assert accepted[1] < 0.02 < accepted[0]
    assert (contrasted.scores(lines[1000:]) >= contrasted.threshold).mean() > 0.95


def test_english_is_refused_by_its_common_words_too(own: tuple[list[str], list[str]]) -> None:
    identifier = learn(own[0][:1000])
    assert not (identifier.scores(["This is what they have been told about all the other people of the place"])
                >= identifier.threshold).any()


def test_a_line_without_words_is_neither_in_nor_out(own: tuple[list[str], list[str]]) -> None:
    assert learn(own[0][:200]).scores(["", "12 -- 13", "..."]).tolist() == [0.5, 0.5, 0.5]


def test_scores_do_not_hang_on_the_batch(own: tuple[list[str], list[str]]) -> None:
    lines = own[0]
    identifier = learn(lines[:500])
    together = identifier.scores(lines[500:700])
    assert np.allclose(together, [identifier.scores([line])[0] for line in lines[500:700]], atol=1e-6)


def test_learning_twice_gives_the_same_bytes_and_loading_the_same_scores(own: tuple[list[str], list[str]],
                                                                         tmp_path: Path) -> None:
    lines = own[0]
    learned = {name: learn(lines[:500], others={"xyz": lines[500:600]}) for name in ("a", "b")}
    for name, identifier in learned.items():
        (tmp_path / name).mkdir()
        identifier.save(tmp_path / name)
    stored = [(tmp_path / name / "identifier.npz").read_bytes() for name in ("a", "b")]
    assert stored[0] == stored[1]
    loaded = load_identifier(tmp_path / "a")
    assert loaded is not None
    assert loaded.scores(lines[600:700]).tolist() == learned["a"].scores(lines[600:700]).tolist()
    assert loaded.foreign(lines[600:700]).tolist() == learned["a"].foreign(lines[600:700]).tolist()


def test_no_seed_no_identifier(tmp_path: Path) -> None:
    assert load_identifier(tmp_path) is None


def test_the_own_word_list_does_not_count_against_a_language() -> None:
    assert "Swahili" in lists_for("nya") and "Swahili" not in lists_for("swa") and "Swahili" not in lists_for("swh")
    assert "Icelandic" in lists_for("fao")
