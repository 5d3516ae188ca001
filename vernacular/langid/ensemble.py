"""The identifier in use: the model of the seed and the votes of external identifiers, in one probability.

The log odds of a line are the sum of independent evidence (naive Bayes): its distance below the limit
of the seed model, bounded, and the log likelihood ratio of each member's vote (``votes``). Without
members, and for lines of fewer than four words, the seed model decides alone. A line with more marks
on its vowels than the seed has, such as tone marks, is also read without them. Measured in
docs/experiments/language-identification.md.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.normal_forms import normalized
from vernacular.langid.classifier import Costs, SeedIdentifier, text_array, words_of
from vernacular.langid.external import LEAST_WORDS, version_of
from vernacular.langid.external.voters import Voter, open_voters
from vernacular.langid.votes import VoteModel

FILE = "identifier.npz"
PRECISION = 0.97  # the target at which a line is accepted from a probability of 0.5 on
_SEED_WEIGHT = 0.8  # of the seed model beside members: other text is farther from the seed than held-out lines
_MOST_SEED = 6.0  # log odds that the seed model counts for
_MOST_FOR, _MOST_AGAINST = 4.0, 8.0  # log odds that all votes count for
_PRIOR = -0.45  # log odds with members at which the precision is ``PRECISION``, on development languages
_FOREIGN = -4.0  # log likelihood ratio of the votes for a line that is certainly in another language
_LINE_FOR, _LINE_AGAINST = 1.25, 3.0  # log odds that a line counts for in its document
# Quantile of the seed's lines, and share of characters beyond it, at which a line is read without its marks too
_RARE_MARKS, _MORE_MARKS = 0.99, 0.03
_VOWELS = frozenset("aeiouyɛɔəɨʉɩʋɪʊ")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """An external identifier and the weight of its votes for the language."""

    voter: Voter
    version: str
    votes: VoteModel


class Ensemble:
    """An ``Identifier`` that combines the seed model with members.

    Args:
        seed: the seed model.
        members: external identifiers, measured on the seed.
        marks: largest share of marks on vowels in a line that is read as it is.
        precision: the target at which the threshold is set.
    """

    def __init__(self, seed: SeedIdentifier, members: Sequence[Member] = (), *, marks: float = 1.0,
                 precision: float = PRECISION) -> None:
        self.seed, self.members, self.marks, self.precision = seed, tuple(members), marks, precision
        shift = _logit(precision) - _logit(PRECISION) if members else 0.0
        self.threshold, self.doubt = (float(_probability(np.array(_logit(share) + shift)))
                                      for share in (seed.threshold, seed.doubt))
        # Votes for other labels alone make a line no likelier, so nothing has to be taken off.
        knows = any(member.votes.knows for member in self.members)
        self._weight, self._prior = (_SEED_WEIGHT, _PRIOR) if knows else (1.0, 0.0)

    @property
    def others(self) -> Mapping[str, object]:
        """The contrast languages: code -> model."""
        return self.seed.others

    def costs(self, lines: Sequence[str]) -> Costs:
        """Return the costs of ``lines`` under the seed model."""
        return self.seed.costs(lines)

    def limits_of(self, costs: Costs) -> Floats:
        """Return the largest accepted cost of each line under the seed model alone."""
        return self.seed.limits_of(costs)

    def evidence(self, lines: Sequence[str]) -> dict[str, Floats]:
        """Return member -> log likelihood ratio of its vote on each line."""
        return {member.voter.name: member.votes.weigh(member.voter.votes(lines)) for member in self.members}

    def log_odds(self, lines: Sequence[str]) -> Floats:
        """Return the log odds that each line is in the language, 0 for lines without words."""
        costs = self.seed.costs(lines)
        own = self.seed.slope * self._distances(lines, costs)
        if not self.members or not lines:
            return own
        votes = np.clip(np.sum(list(self.evidence(lines).values()), axis=0), -_MOST_AGAINST, _MOST_FOR)
        found: Floats = np.clip(self._weight * own, -_MOST_SEED, _MOST_SEED) + votes + self._prior
        return np.where(costs.words >= LEAST_WORDS, found, own)

    def scores(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """Return the probability that each line is in the language; 0.5 without words."""
        return _probability(self.log_odds(lines)).astype(np.float32)

    def document_scores(self, documents: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return the probability that each document, given by its lines, is in the language.

        A line counts more against than for it: the lines of a near relative that pass are in documents with others
        that do not.
        """
        odds = np.clip(self.log_odds([line for lines in documents for line in lines]) - self._prior,
                       -_LINE_AGAINST, _LINE_FOR)
        of = np.repeat(np.arange(len(documents)), [len(lines) for lines in documents])
        sums = np.bincount(of, odds, len(documents)).astype(np.float64)
        return _probability(sums + self._prior).astype(np.float32)

    def foreign(self, lines: Sequence[str]) -> NDArray[np.bool_]:
        """Return which lines are certainly in another language: for the seed model or for the votes."""
        found = self.seed.foreign(lines)
        if self.members and lines:
            votes = np.sum(list(self.evidence(lines).values()), axis=0)
            found = found | ((votes <= _FOREIGN) & (self.seed.costs(lines).words >= LEAST_WORDS))
        return found

    def _distances(self, lines: Sequence[str], costs: Costs) -> Floats:
        found = self.seed.distances(costs)
        marked = [number for number, line in enumerate(lines)
                  if not line.isascii() and share_of_marks(line) > self.marks]
        if marked:
            bare = self.seed.distances(self.seed.costs([without_marks(lines[number]) for number in marked]))
            found[marked] = np.maximum(found[marked], bare)
        return found

    def save(self, folder: Path) -> None:
        """Write the identifier to ``folder``, reproducibly."""
        arrays = self.seed.arrays() | {
            "ensemble": np.array([self.marks, self.precision]),
            "members": text_array(f"{member.voter.name} {member.version}" for member in self.members)}
        for member in self.members:
            arrays |= member.votes.arrays(f"member.{member.voter.name}")
        with (folder / FILE).open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Load the identifier from ``folder``.

        Raises:
            Problem: a member is not installed, or in another version.
        """
        with np.load(folder / FILE, allow_pickle=False) as stored:
            arrays = dict(stored)
        members = []
        for row in words_of(arrays["members"]):
            name, _, version = row.partition(" ")
            voter, = open_voters([name])
            if version_of(name) != version:
                raise Problem(f"the identifier was trained with {name} {version}, {version_of(name)} is installed",
                              where=FILE, fix="Run the stage corpus/identifier again", code=Code.INSTALLATION)
            members.append(Member(voter, version, VoteModel.of_arrays(arrays, f"member.{name}")))
        marks, precision = arrays["ensemble"].astype(np.float64).tolist()
        return cls(SeedIdentifier.of_arrays(arrays), members, marks=marks, precision=precision)


def marks_of(seed: Sequence[str]) -> float:
    """Return the share of marks above which lines are spelled otherwise than the seed."""
    return float(np.quantile([share_of_marks(line) for line in seed], _RARE_MARKS)) + _MORE_MARKS


def share_of_marks(line: str) -> float:
    """Return the share of combining marks on vowels, such as tone marks, among the characters of a line.

    A mark on a consonant may be all that distinguishes a relative: Tumbuka writes ŵ, Chichewa hardly.
    """
    spelled, marks, vowel = normalized("NFD", line.lower()), 0, False
    for letter in spelled:
        if unicodedata.combining(letter):
            marks += vowel
        else:
            vowel = letter in _VOWELS
    return marks / max(len(spelled), 1)


def without_marks(line: str) -> str:
    """Return a line without combining marks."""
    return normalized("NFC", "".join(letter for letter in normalized("NFD", line)
                                     if not unicodedata.combining(letter)))


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _probability(log_odds: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))
    return found
