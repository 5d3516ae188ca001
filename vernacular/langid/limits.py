"""The models of an identifier, and the limits that impostors set, before calibration (``learn``). Loads quickly."""

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

SHARED = 0.46  # share of an impostor line's words that are real; the limit is what the middle such line costs
SHARED_AT_HOME = 0.5  # the same where the seed is of the domains that are judged (after self-training)
INVENTED, LINES = 20_000, 2_000
COMMON = 500
_LISTS = 10
_HIGHEST = 0.85
_VETOED = 0.02  # a word list that refuses more of the seed's own lines is of a language too close to this one
Floats = NDArray[np.float64]


def count_words(lines: Sequence[str], reader: Reader | None = None) -> Counter[str]:
    """How often each word stands in ``lines``, names left out."""
    reader = reader or Reader()
    batch = reader.read(lines)
    numbers = np.bincount(batch.words, minlength=len(reader.vocabulary))
    return Counter({word: int(number) for word, number in zip(reader.vocabulary, numbers, strict=True) if number})


def build(seed: Sequence[str], code: str, others: Mapping[str, Sequence[str]], shared: float,
          chance: int) -> tuple[SeedIdentifier, Counter[str]]:
    """The identifier that ``seed`` gives, not calibrated yet, and the words of the seed with their uses.

    Args:
        seed: lines known to be in the language.
        code: of the language: its own word list, where there is one, is not held against it.
        others: language code -> lines in that language, to tell it from.
        shared: share of real words in the impostors that set the limits.
        chance: seed of everything random.
    """
    reader = Reader()
    counts = count_words(seed, reader)
    models = {name: CharacterModel.learn(weights_of(count_words(lines))) for name, lines in others.items()}
    lists = _nearest_lists(counts, code)
    vetoing = _vetoing(counts, lists, reader.read(seed), reader)
    lists = {name: lists[name] for name in lists if name not in vetoing}
    return with_limits(counts, lists, models, shared, reader, chance), counts


def weights_of(counts: Mapping[str, int]) -> dict[str, float]:
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
        CharacterModel.learn(weights_of(counts)), known=frozenset(word for word in counts if len(word) <= SHORT),
        common=frozenset(ranked[:COMMON]), lists=lists, others=others, limits=np.zeros(len(LENGTHS)), reader=reader)


def with_limits(counts: Counter[str], lists: Mapping[str, frozenset[str]], others: Mapping[str, CharacterModel],
                shared: float, reader: Reader, chance: int) -> SeedIdentifier:
    """The identifier with the limits that impostors set, not calibrated yet."""
    identifier = _bare(counts, lists, others, reader)
    identifier.limits = limits_for(identifier, counts, shared, chance)
    return identifier


def limits_for(identifier: SeedIdentifier, counts: Mapping[str, int], shared: float, chance: int) -> Floats:
    """What a line of as many words as in ``LENGTHS`` may cost, if it has to cost less than half of the impostors.

    Args:
        identifier: its models price the impostors.
        counts: the words of the seed and their uses.
        shared: share of real words in the impostors; a higher one accepts less.
        chance: seed of everything random.
    """
    rng = np.random.default_rng(chance)
    invented, rng.bit_generator.state = _invented(tuple(sorted(counts)), chance)
    costs = [np.quantile(identifier.costs_of(batch).own, 0.5)
             for batch in impostors(identifier, counts, shared, rng, invented)]
    # More words are surer: their limit is no lower. And none is so high that letters never seen would pass.
    found: Floats = np.minimum(np.maximum.accumulate(np.array(costs)), _HIGHEST * MOST)
    return found


@lru_cache(maxsize=4)
def _invented(words: tuple[str, ...], chance: int) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Invented words, and the state of the generator behind them: every share of real words is tried with the same."""
    rng = np.random.default_rng(chance)
    return tuple(invent(words, INVENTED, rng)), rng.bit_generator.state


def impostors(identifier: SeedIdentifier, counts: Mapping[str, int], shared: float, chance: np.random.Generator,
              spelled: Sequence[str] | None = None) -> list[Batch]:
    """Impostor lines for each of ``LENGTHS``; ``shared`` of their words are real, the others new or ``spelled``."""
    words = sorted(counts)
    uses = np.array([counts[word] for word in words], np.float64)
    real = identifier.reader.add(words)
    invented = identifier.reader.add(invent(words, INVENTED, chance) if spelled is None else spelled)
    found = []
    for length in LENGTHS:
        lines = mixed(real, uses, invented, words=length, lines=LINES, shared=shared, chance=chance)
        found.append(Batch(lines.ravel(), np.repeat(np.arange(LINES), length), LINES))
    return found
