"""The models of an identifier and the limits set by negatives, before calibration (``train``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.classifier import FOREIGN, LENGTHS, MOST, SHORT, SeedIdentifier
from vernacular.langid.negatives import invent, mixed
from vernacular.langid.tokenize import Batch, Reader
from vernacular.langid.word_lists import lists_for

SHARED = 0.46  # share of real words in negative lines; the limit is the cost of the median such line
SHARED_AT_HOME = 0.5  # the same if the seed has the domains to judge (after self-training)
INVENTED, LINES = 20_000, 2_000
COMMON = 500
_LISTS = 10
_HIGHEST = 0.85
_VETOED = 0.02  # share of seed lines; a word list that rejects more belongs to a language too similar to this one
Floats = NDArray[np.float64]


def count_words(lines: Sequence[str], reader: Reader | None = None) -> Counter[str]:
    """Count the words in ``lines``, without names."""
    reader = reader or Reader()
    batch = reader.read(lines)
    numbers = np.bincount(batch.words, minlength=len(reader.vocabulary))
    return Counter({word: int(number) for word, number in zip(reader.vocabulary, numbers, strict=True) if number})


def build(seed: Sequence[str], code: str, others: Mapping[str, Sequence[str]], shared: float,
          chance: int) -> tuple[SeedIdentifier, Counter[str]]:
    """Build the uncalibrated identifier of ``seed``; return it with the seed's word counts.

    Args:
        seed: lines known to be in the language.
        code: of the language, whose own word list is not used against it.
        others: language code -> lines in that language, as negatives.
        shared: share of real words in the negatives that set the limits.
        chance: random seed.
    """
    reader = Reader()
    counts = count_words(seed, reader)
    models = {name: CharacterModel.learn(weights_of(count_words(lines))) for name, lines in others.items()}
    lists = _nearest_lists(counts, code)
    vetoing = _vetoing(counts, lists, reader.read(seed), reader)
    lists = {name: lists[name] for name in lists if name not in vetoing}
    return with_limits(counts, lists, models, shared, reader, chance), counts


def weights_of(counts: Mapping[str, int]) -> dict[str, float]:
    """Return the weight of each word in a model: the root of its count, to limit common words."""
    return {word: float(np.sqrt(number)) for word, number in sorted(counts.items())}


def _nearest_lists(counts: Counter[str], code: str) -> dict[str, frozenset[str]]:
    """Return the word lists that contain most of the seed's words; other languages are rejected by cost."""
    lists = lists_for(code)
    uses = {name: sum(filter(None, map(counts.get, words))) for name, words in lists.items()}
    return {name: lists[name] for name in sorted(lists, key=lambda name: (-uses[name], name))[:_LISTS]}


def _vetoing(counts: Counter[str], lists: Mapping[str, frozenset[str]], batch: Batch, reader: Reader) -> set[str]:
    """Return the lists that would reject too many seed lines."""
    bare = _bare(counts, lists, {}, reader)
    own = bare.costs_of(batch).lead + np.max([share for _, share in bare.shares(batch)], axis=0) if lists else 0
    return {name for name, share in bare.shares(batch) if float(np.mean(own - share < -FOREIGN)) > _VETOED}


def _bare(counts: Counter[str], lists: Mapping[str, frozenset[str]], others: Mapping[str, CharacterModel],
          reader: Reader) -> SeedIdentifier:
    """Build the identifier without limits."""
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return SeedIdentifier(
        CharacterModel.learn(weights_of(counts)), known=frozenset(word for word in counts if len(word) <= SHORT),
        common=frozenset(ranked[:COMMON]), lists=lists, others=others, limits=np.zeros(len(LENGTHS)), reader=reader)


def with_limits(counts: Counter[str], lists: Mapping[str, frozenset[str]], others: Mapping[str, CharacterModel],
                shared: float, reader: Reader, chance: int) -> SeedIdentifier:
    """Build the identifier with the limits set by negatives, uncalibrated."""
    identifier = _bare(counts, lists, others, reader)
    identifier.limits = limits_for(identifier, counts, shared, chance)
    return identifier


def limits_for(identifier: SeedIdentifier, counts: Mapping[str, int], shared: float, chance: int) -> Floats:
    """Return cost limits for the numbers of words in ``LENGTHS``: the median cost of the negatives.

    Args:
        identifier: scores the negatives.
        counts: the words of the seed and their counts.
        shared: share of real words in the negatives; a higher one accepts less.
        chance: random seed.
    """
    rng = np.random.default_rng(chance)
    invented, rng.bit_generator.state = _invented(tuple(sorted(counts)), chance)
    costs = [np.quantile(identifier.own_costs_of(batch), 0.5)
             for batch in negative_lines(identifier, counts, shared, rng, invented)]
    # More words are more certain: their limit is not lower. No limit is so high that unseen letters
    # would pass.
    found: Floats = np.minimum(np.maximum.accumulate(np.array(costs)), _HIGHEST * MOST)
    return found


@lru_cache(maxsize=4)
def _invented(words: tuple[str, ...], chance: int) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Return invented words and the generator's state after them, so that every share uses the same words."""
    rng = np.random.default_rng(chance)
    return tuple(invent(words, INVENTED, rng)), rng.bit_generator.state


def negative_lines(identifier: SeedIdentifier, counts: Mapping[str, int], shared: float, chance: np.random.Generator,
              spelled: Sequence[str] | None = None) -> list[Batch]:
    """Generate negative lines for each of ``LENGTHS``; ``shared`` of their words are real, the others invented."""
    words = sorted(counts)
    uses = np.array([counts[word] for word in words], np.float64)
    real = identifier.reader.add(words)
    invented = identifier.reader.add(invent(words, INVENTED, chance) if spelled is None else spelled)
    found = []
    for length in LENGTHS:
        lines = mixed(real, uses, invented, words=length, lines=LINES, shared=shared, chance=chance)
        found.append(Batch(lines.ravel(), np.repeat(np.arange(LINES), length), LINES))
    return found


def negative_texts(identifier: SeedIdentifier, counts: Mapping[str, int], shares: Sequence[float], lines: int,
                   chance: int) -> list[str]:
    """Return negative lines of 6 to 24 words as text: about ``lines`` for each share of real words."""
    spelled = identifier.reader.vocabulary
    found = []
    for shared in shares:
        batches = [batch for batch, length in zip(negative_lines(
            identifier, counts, shared, np.random.default_rng(chance)), LENGTHS, strict=True) if 6 <= length <= 24]
        for batch in batches:
            rows = batch.words.reshape(batch.number, -1)[:lines // len(batches)]
            found += [" ".join(spelled[word] for word in row) for row in rows.tolist()]
    return found
