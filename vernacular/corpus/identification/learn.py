"""Learning an identifier from its seed: models, limits from impostors, calibration. Costs are in ``classifier``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from vernacular.corpus.identification.classifier import FOREIGN, LENGTHS, MOST, SHORT, SeedIdentifier
from vernacular.corpus.identification.impostors import invent, mixed
from vernacular.corpus.identification.lines import Batch, Reader
from vernacular.corpus.identification.ngrams import CharacterModel
from vernacular.corpus.identification.wordlists import lists_for

SHARED = 0.46  # share of an impostor line's words that are real; the limit is what the middle such line costs
SHARED_AT_HOME = 0.5  # the same where the seed is of the domains that are judged (after self-training)
INVENTED, LINES = 20_000, 2_000
COMMON = 500
_RARE, _DROPPED = 5, 0.7  # calibration: words used no more often than this are taken for unseen with this probability
_LISTS = 10
_HIGHEST = 0.85
_LEAST_SLOPE = 0.1  # a classifier that cannot tell says so: no line is far from 0.5
_VETOED = 0.02  # a word list that refuses more of the seed's own lines is of a language too close to this one
Floats = NDArray[np.float64]


def count_words(lines: Sequence[str], reader: Reader | None = None) -> Counter[str]:
    """How often each word stands in ``lines``, names left out."""
    reader = reader or Reader()
    batch = reader.read(lines)
    numbers = np.bincount(batch.words, minlength=len(reader.vocabulary))
    return Counter({word: int(number) for word, number in zip(reader.vocabulary, numbers, strict=True) if number})


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
    reader = Reader()
    counts = count_words(seed, reader)
    models = {name: CharacterModel.learn(_weights(count_words(lines))) for name, lines in (others or {}).items()}
    lists = _nearest_lists(counts, code)
    vetoing = _vetoing(counts, lists, reader.read(seed), reader)
    identifier = _uncalibrated(counts, {name: lists[name] for name in lists if name not in vetoing}, models, shared,
                               reader, chance)
    identifier.slope = _calibrated(list(seed), shared, reader, chance)
    return identifier


def _weights(counts: Mapping[str, int]) -> dict[str, float]:
    """The weight of each word in a model: the root of its uses, so that common words do not drown the others."""
    return {word: float(np.sqrt(number)) for word, number in sorted(counts.items())}


def _nearest_lists(counts: Counter[str], code: str) -> dict[str, frozenset[str]]:
    """The word lists that hold most of the seed's words: text in the others is refused by what it costs."""
    lists = lists_for(code)
    held = {name: sum(counts[word] for word in words) for name, words in lists.items()}
    return {name: lists[name] for name in sorted(lists, key=lambda name: (-held[name], name))[:_LISTS]}


def _vetoing(counts: Counter[str], lists: Mapping[str, frozenset[str]], batch: Batch, reader: Reader) -> set[str]:
    """The lists that would refuse too many of the seed's own lines."""
    bare = _bare(counts, lists, {}, reader)
    own = bare.costs_of(batch).lead + np.max([share for _, share in bare.shares(batch)], axis=0) if lists else 0
    return {name for name, share in bare.shares(batch) if float(np.mean(own - share < -FOREIGN)) > _VETOED}


def _bare(counts: Counter[str], lists: Mapping[str, frozenset[str]], others: Mapping[str, CharacterModel],
          reader: Reader) -> SeedIdentifier:
    """The identifier without limits."""
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return SeedIdentifier(
        CharacterModel.learn(_weights(counts)), known=frozenset(word for word in counts if len(word) <= SHORT),
        common=frozenset(ranked[:COMMON]), lists=lists, others=others, limits=np.zeros(len(LENGTHS)), reader=reader)


def _uncalibrated(counts: Counter[str], lists: Mapping[str, frozenset[str]], others: Mapping[str, CharacterModel],
                  shared: float, reader: Reader, chance: int) -> SeedIdentifier:
    identifier = _bare(counts, lists, others, reader)
    costs = [np.quantile(identifier.costs_of(batch).own, 0.5)
             for batch in impostors(identifier, counts, shared, np.random.default_rng(chance))]
    # More words are surer: their limit is no lower. And none is so high that letters never seen would pass.
    identifier.limits = np.minimum(np.maximum.accumulate(np.array(costs)), _HIGHEST * MOST)
    return identifier


def impostors(identifier: SeedIdentifier, counts: Mapping[str, int], shared: float,
              chance: np.random.Generator) -> list[Batch]:
    """Impostor lines for each of ``LENGTHS``; ``shared`` of their words are real."""
    words = sorted(counts)
    uses = np.array([counts[word] for word in words], np.float64)
    real = identifier.reader.add(words)
    invented = identifier.reader.add(invent(words, INVENTED, chance))
    found = []
    for length in LENGTHS:
        lines = mixed(real, uses, invented, words=length, lines=LINES, shared=shared, chance=chance)
        found.append(Batch(lines.ravel(), np.repeat(np.arange(LINES), length), LINES))
    return found


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
        identifier = _uncalibrated(left, {}, {}, shared, reader, chance)
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
