"""Train and calibrate an identifier; its models and limits are in ``limits``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from vernacular.langid.classifier import SeedIdentifier
from vernacular.langid.ensemble import PRECISION, Ensemble, Member, marks_of
from vernacular.langid.external import version_of
from vernacular.langid.external.voters import Voter, installed, open_voters
from vernacular.langid.limits import (
    SHARED,
    build,
    count_words,
    limits_for,
    negative_lines,
    negative_texts,
    with_limits,
)
from vernacular.langid.tokenize import Reader
from vernacular.langid.votes import VoteModel

_RARE, _DROPPED = 5, 0.7  # calibration: words with this count or less are treated as unseen with this probability
_VOTED = 2_000  # lines of the seed, and negative ones, that members vote on
_VOTED_SHARES = (0.0, 0.3, SHARED)  # of real words in these negatives
_LEAST_SLOPE = 0.1  # a classifier that cannot separate gives probabilities near 0.5


def learn(seed: Sequence[str], *, code: str = "und", others: Mapping[str, Sequence[str]] | None = None,
          shared: float = SHARED, chance: int = 1, members: Sequence[str] | None = None,
          precision: float = PRECISION) -> Ensemble:
    """Train the identifier of the seed's language.

    Args:
        seed: lines known to be in the language, at least a few hundred.
        code: of the language: its own word list is not used against it, and an identifier that gives the seed its
            label knows it.
        others: language code -> lines in that language, as negatives.
        shared: share of real words in the negatives that set the limits; a higher one accepts less.
        chance: random seed.
        members: names of external identifiers that vote; none: the seed model alone. None: those installed.
        precision: the target that sets the threshold.

    Raises:
        Problem: a member is unknown or not installed.
    """
    identifier, counts = build(seed, code, others or {}, shared, chance)
    identifier.loosest = limits_for(identifier, counts, 0.0, chance)
    identifier.slope = _calibrated(list(seed), shared, identifier.reader, chance)
    voters = open_voters(installed() if members is None else members)
    measured = _measured(voters, seed, code, others or {}, identifier, counts, chance) if voters else []
    return Ensemble(identifier, measured, marks=marks_of(seed), precision=precision)


def _measured(voters: Sequence[Voter], seed: Sequence[str], code: str, others: Mapping[str, Sequence[str]],
              identifier: SeedIdentifier, counts: Mapping[str, int], chance: int) -> list[Member]:
    """Return the voters as members, measured on the seed, on negatives and on text in other languages."""
    own = [seed[place] for place in np.random.default_rng(chance).permutation(len(seed))[:_VOTED]]
    negatives = negative_texts(identifier, counts, _VOTED_SHARES, _VOTED // len(_VOTED_SHARES), chance)
    return [Member(voter, version_of(voter.name), VoteModel.measure(
        code, voter.votes(own), voter.votes(negatives),
        {name: voter.votes(lines[:_VOTED]) for name, lines in others.items() if lines})) for voter in voters]


def _calibrated(seed: list[str], shared: float, reader: Reader, chance: int) -> float:
    """Return the slope of the logistic function between unseen lines and negatives.

    Other text has other words than the seed: half of the seed is scored under a model of the other
    half without most of its rare words.
    """
    rng = np.random.default_rng(chance)
    order = rng.permutation(len(seed))
    distances, labels = [], []
    for part in (0, 1):
        counts = count_words([seed[place] for place in order[part::2]], reader)
        rare = sorted(word for word in counts if counts[word] <= _RARE)
        dropped = {word for word, draw in zip(rare, rng.random(len(rare)), strict=True) if draw < _DROPPED}
        left = Counter({word: number for word, number in counts.items() if word not in dropped})
        identifier = with_limits(left, {}, {}, shared, reader, chance)
        own = identifier.distances(identifier.costs([seed[place] for place in order[1 - part::2]]))
        theirs = [identifier.distances(identifier.costs_of(batch)) for real in (0.0, shared)
                  for batch in negative_lines(identifier, left, real, rng)]
        negative = rng.choice(np.concatenate(theirs), len(own))
        distances += [own, negative]
        labels += [np.ones(len(own)), np.zeros(len(negative))]
    # no offset: a line at its limit has the probability 0.5, whichever limit was chosen
    fitted = LogisticRegression(fit_intercept=False).fit(np.concatenate(distances).reshape(-1, 1),
                                                         np.concatenate(labels))
    return max(float(fitted.coef_[0, 0]), _LEAST_SLOPE)
