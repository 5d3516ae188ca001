"""The seed model with the votes of external identifiers: nearer relatives, other spelling, whole documents."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.generate import invented_lines
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.langid import load_identifier
from vernacular.langid.ensemble import Ensemble, Member, marks_of, without_marks
from vernacular.langid.external import versions_of, voters
from vernacular.langid.external.voters import open_voters
from vernacular.langid.train import learn
from vernacular.langid.votes import VoteModel, Votes


class WordVoter:
    """An identifier that knows the words of some languages, and labels a line by most of them."""

    name = "words"

    def __init__(self, words: dict[str, Sequence[str]]) -> None:
        self.words = {label: frozenset(known) for label, known in words.items()}

    def votes(self, lines: Sequence[str]) -> Votes:
        shares = [{label: sum(word in known for word in line.split()) / max(len(line.split()), 1)
                   for label, known in self.words.items()} for line in lines]
        best = [max(found, key=lambda label: found[label]) for found in shares]
        return Votes([label if found[label] >= 0.5 else "" for label, found in zip(best, shares, strict=True)],
                     np.array([max(found.values()) for found in shares]))


@pytest.fixture(scope="module")
def own() -> tuple[list[str], list[str]]:
    return invented_lines(1, 1300)


@pytest.fixture(scope="module")
def alone(own: tuple[list[str], list[str]]) -> Ensemble:
    return learn(own[0][:600], members=())


@pytest.fixture(scope="module")
def voted(own: tuple[list[str], list[str]]) -> Ensemble:
    return learn(own[0][:300], members=["pycld2"], precision=0.9)


def joined(alone: Ensemble, voter: WordVoter, seed: Sequence[str], code: str = "qaa") -> Ensemble:
    negatives = [" ".join(random.Random(number).choices(["fefe", "gigi", "momo", "nunu"], k=9)) for number in range(90)]
    return Ensemble(alone.seed, [Member(voter, "1", VoteModel.measure(code, voter.votes(seed), voter.votes(negatives),
                                                                      {}))])


def accepted(identifier: Ensemble, lines: Sequence[str]) -> float:
    return float((identifier.scores(lines) >= identifier.threshold).mean())


def test_a_member_that_knows_both_refuses_a_near_relative(own: tuple[list[str], list[str]], alone: Ensemble) -> None:
    lines, vocabulary = own
    near, theirs = invented_lines(5, 300, shared=random.Random(6).sample(vocabulary, 300))
    together = joined(alone, WordVoter({"qaa": vocabulary, "qab": theirs}), lines[:600])
    assert accepted(alone, near) > 0.2 > 0.1 > accepted(together, near)
    assert accepted(together, lines[600:]) > 0.95
    assert together.foreign(near).mean() > 0.5 > 0.01 > together.foreign(lines[600:]).mean()


def test_a_member_that_knows_the_language_accepts_what_is_far_from_the_seed(own: tuple[list[str], list[str]],
                                                                            alone: Ensemble) -> None:
    lines, vocabulary = own
    chance = random.Random(3)
    rare = [" ".join(chance.sample(vocabulary, 9)) for _ in range(200)]  # its words, not as often as in the seed
    narrow = learn([" ".join(word for word in line.split() if word in vocabulary[:100]) for line in lines[:600]],
                   members=())
    together = joined(narrow, WordVoter({"qaa": vocabulary}), lines[:600])
    assert accepted(together, rare) > accepted(narrow, rare) + 0.2


def test_a_line_with_marks_that_the_seed_lacks_is_read_without_them(own: tuple[list[str], list[str]]) -> None:
    lines = [without_marks(line) for line in own[0]]
    toned = [line.translate(str.maketrans("aeiou", "áèíòú")) for line in lines[600:700]]
    identifier = learn(lines[:600], members=())
    assert accepted(identifier, toned) > 0.95 > 0.1 > accepted(
        Ensemble(identifier.seed, marks=1.0), toned)
    assert marks_of(toned) > marks_of(lines) and without_marks(toned[0]) == lines[600]


def test_a_document_of_a_relative_whose_lines_pass_is_refused(own: tuple[list[str], list[str]],
                                                              alone: Ensemble) -> None:
    lines, vocabulary = own
    other, theirs = invented_lines(2, 40)
    together = joined(alone, WordVoter({"qaa": vocabulary, "qab": theirs}), lines[:600])
    documents = [lines[700:710], [*lines[710:716], *other[:4]], [*lines[716:725], other[9]]]
    scores = together.document_scores(documents)
    assert (scores >= together.threshold).tolist() == [True, False, True]


def test_a_higher_target_precision_accepts_less(alone: Ensemble, voted: Ensemble) -> None:
    thresholds = [Ensemble(voted.seed, voted.members, precision=precision).threshold for precision in (0.9, 0.97, 0.99)]
    assert thresholds[0] < thresholds[1] == 0.5 < thresholds[2]
    assert Ensemble(alone.seed, precision=0.99).threshold == 0.5  # without members nothing is calibrated


def test_stored_and_loaded_with_its_members(own: tuple[list[str], list[str]], voted: Ensemble, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    lines, contents = own[0], []
    for copy in (voted, learn(lines[:300], members=["pycld2"], precision=0.9)):
        copy.save(tmp_path)
        contents.append((tmp_path / "identifier.npz").read_bytes())
    assert contents[0] == contents[1]
    loaded = load_identifier(tmp_path)
    assert isinstance(loaded, Ensemble) and [member.voter.name for member in loaded.members] == ["pycld2"]
    assert loaded.scores(lines[600:650]).tolist() == voted.scores(lines[600:650]).tolist()
    assert (loaded.threshold, loaded.marks) == (voted.threshold, voted.marks)
    monkeypatch.setattr("vernacular.langid.ensemble.version_of", lambda name: "99")
    with pytest.raises(Problem) as raised:
        load_identifier(tmp_path)
    assert raised.value.code == Code.INSTALLATION


def test_members_have_to_be_known_and_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert versions_of(["pycld2"])["pycld2"] and "pycld2" in voters.installed()
    with pytest.raises(Problem) as raised:
        open_voters(["magic"])
    assert raised.value.code == Code.CONFIG_VALUE
    monkeypatch.setitem(sys.modules, "pycld2", None)
    with pytest.raises(Problem) as raised:
        open_voters(["pycld2"])
    assert raised.value.code == Code.INSTALLATION
