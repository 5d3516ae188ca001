"""Learning an identifier from its seed, with its calibration; its models and limits are in ``limits``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from vernacular.langid.classifier import SeedIdentifier
from vernacular.langid.limits import SHARED, build, count_words, impostors, limits_for, with_limits
from vernacular.langid.tokenize import Reader

_RARE, _DROPPED = 5, 0.7  # calibration: words used no more often than this are taken for unseen with this probability
_LEAST_SLOPE = 0.1  # a classifier that cannot tell says so: no line is far from 0.5


def learn(seed: Sequence[str], *, code: str = "und", others: Mapping[str, Sequence[str]] | None = None,
          shared: float = SHARED, chance: int = 1) -> SeedIdentifier:
    """The identifier of the language that ``seed`` is in.

    Args:
        seed: lines known to be in the language, a few hundred at least.
        code: of the language: its own word list, where there is one, is not held against it.
        others: language code -> lines in that language, to tell it from.
        shared: share of real words in the impostors that set the limits; a higher one accepts less.
        chance: seed of everything random.
    """
    identifier, counts = build(seed, code, others or {}, shared, chance)
    identifier.loosest = limits_for(identifier, counts, 0.0, chance)
    identifier.slope = _calibrated(list(seed), shared, identifier.reader, chance)
    return identifier


def _calibrated(seed: list[str], shared: float, reader: Reader, chance: int) -> float:
    """Slope of the logistic function between lines that the models did not see and impostors.

    Other text than the seed's has other words: half of the seed is scored under a model of the other half from which
    most of the rare words were taken.
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
                  for batch in impostors(identifier, left, real, rng)]
        negative = rng.choice(np.concatenate(theirs), len(own))
        distances += [own, negative]
        labels += [np.ones(len(own)), np.zeros(len(negative))]
    # no offset: a line at its limit, whichever limit was chosen, has the probability 0.5
    fitted = LogisticRegression(fit_intercept=False).fit(np.concatenate(distances).reshape(-1, 1),
                                                         np.concatenate(labels))
    return max(float(fitted.coef_[0, 0]), _LEAST_SLOPE)
