"""Seed breadth: recall on text far from the seed, and the acceptance limits needed for it.

Held-out seed lines share the seed's topics, so recall is measured on blocks of consecutive source
lines without seed lines; if there are too few, on each third of the seed with the others as the
seed. A narrow seed would reject much good text at the usual limits: the limits are then relaxed in
steps, until enough of the far lines are accepted, but not so far that other languages pass.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from vernacular.config.cleaning import Orthography
from vernacular.langid.classifier import Costs, SeedIdentifier
from vernacular.langid.limits import build, limits_for
from vernacular.langid.seed import corpus_form
from vernacular.provenance.document import short_digest
from vernacular.text.words import words

RECALL = 0.95  # of far lines to accept
STEPS = (0.40, 0.34, 0.28, 0.22, 0.16, 0.10)  # shares of real words in the negatives, below the usual one
BLOCK, MOST_BLOCKS = 20, 300  # lines per block; most blocks examined
LEAST_LINES = 200  # far lines needed for a measurement
TELLING_WORDS = 4  # shorter lines are judged by their neighbors
SEED_BLOCKS = 3  # of the seed, if there is no other text
MOST_FOREIGN = 0.02  # of a contrast language's lines that may be accepted for recall
_LEAST_ACCEPTED = 0.5  # of a block's lines: a block with less may be in another language
_HELD_OUT = 5  # every fifth line of the contrast is held out here


@dataclass(frozen=True)
class Block:
    """Consecutive lines of one source."""

    source: str  # its name
    trusted: bool  # whether the user marked the source as entirely in the language
    lines: tuple[str, ...]  # ``BLOCK`` of them


@dataclass(frozen=True)
class Breadth:
    """The breadth of a seed."""

    shared: float  # share of real words in the negatives that set the limits: the usual one, or less
    lines: int = 0  # number of far lines; 0 if there are none
    usual: int = 0  # number accepted at the usual limits
    accepted: int = 0  # number accepted at the limits of ``shared``
    # source -> (far lines, accepted at the usual limits, accepted); empty for blocks of the seed
    by_source: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    # number of source blocks, and ``doubtful``: those skipped because most lines were rejected
    blocks: int = 0
    doubtful: int = 0

    @property
    def narrow(self) -> bool:
        """Whether the usual limits reject too much text far from the seed."""
        return self.lines > 0 and self.usual < RECALL * self.lines

    @property
    def short(self) -> bool:
        """Whether the chosen limits also reject too much."""
        return self.lines > 0 and self.accepted < RECALL * self.lines


def sample_blocks(texts: Iterable[tuple[str, str]], trusted: Collection[str], script: str,
                  orthography: Orthography) -> list[Block]:
    """Sample blocks from all sources, in the corpus's form.

    They are chosen by digest, so that additional text changes few of them.

    Args:
        texts: (source, text of a document), source by source.
        trusted: names of the sources entirely in the language.
        script: of the language.
        orthography: its spelling settings.
    """
    chosen: list[tuple[int, int, Block]] = []  # a heap, largest digest first
    for number, (source, lines) in enumerate(_blocks(texts)):
        entry = (-int(short_digest(lines[0]), 16), -number, Block(source, source in trusted, lines))
        if len(chosen) < MOST_BLOCKS:
            heapq.heappush(chosen, entry)
        elif entry > chosen[0]:
            heapq.heapreplace(chosen, entry)
    blocks = [block for _, _, block in sorted(chosen, key=lambda entry: -entry[1])]
    tidied = iter(corpus_form([line for block in blocks for line in block.lines], script, orthography))
    return [replace(block, lines=tuple(islice(tidied, BLOCK))) for block in blocks]


def _blocks(texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    waiting: list[str] = []
    of = ""
    for source, text in texts:
        if source != of:
            waiting, of = [], source
        waiting += [line for line in text.split("\n") if line.strip()]
        while len(waiting) >= BLOCK:
            yield source, tuple(waiting[:BLOCK])
            del waiting[:BLOCK]


def find_breadth(seed: Sequence[str], blocks: Sequence[Block], *, code: str, others: Mapping[str, Sequence[str]],
                 shared: float, chance: int) -> Breadth:
    """Measure the breadth of ``seed``, and the share of real words in negatives that it needs.

    Args:
        seed: lines known to be in the language, in file order.
        blocks: of the sources, in the corpus's form.
        code: of the language.
        others: language code -> lines in that language.
        shared: the usual share of real words in the negatives.
        chance: random seed.
    """
    left = {name: [line for number, line in enumerate(lines) if number % _HELD_OUT] for name, lines in others.items()}
    identifier, counts = build(seed, code, left, shared, chance)
    foreign = [identifier.costs(lines[::_HELD_OUT]) for lines in others.values() if lines]
    far = _Far(identifier, blocks, frozenset(seed))
    steps = [shared, *(step for step in STEPS if step < shared)]
    limits = cache(lambda step: limits_for(identifier, counts, step, chance))

    def enough(step: float) -> bool:
        accepted = far.accepted(limits(step))
        inside = far.in_language(accepted)
        return bool(inside.sum() >= LEAST_LINES and accepted[inside].mean() >= RECALL)

    at = _first(steps, enough)
    while at and any(_accepted(identifier, costs, limits(steps[at])).mean() > MOST_FOREIGN for costs in foreign):
        at -= 1
    usual, accepted = (far.accepted(limits(step)) for step in (shared, steps[at]))
    inside = far.in_language(accepted)
    if inside.sum() < LEAST_LINES:
        return _by_blocks(seed, code, steps, chance)
    return Breadth(steps[at], int(inside.sum()), int(usual[inside].sum()), int(accepted[inside].sum()),
                   far.by_source(inside, usual, accepted), len(blocks), far.doubtful(inside))


def _first(steps: Sequence[float], enough: Callable[[float], bool]) -> int:
    """Return the index of the first sufficient step, or the last; later steps accept more."""
    return min(bisect_left(steps, True, key=enough), len(steps) - 1)


class _Far:
    """The lines of the blocks that are not in the seed.

    Args:
        identifier: scores them.
        blocks: of the sources.
        known: lines of the seed.
    """

    def __init__(self, identifier: SeedIdentifier, blocks: Sequence[Block], known: frozenset[str]) -> None:
        lines = [(number, line) for number, block in enumerate(blocks) for line in block.lines
                 if line not in known and len(words(line)) >= TELLING_WORDS]
        self._identifier, self._blocks = identifier, blocks
        self._costs = identifier.costs([line for _, line in lines])
        self._of = np.array([number for number, _ in lines], dtype=np.int64)

    def accepted(self, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which lines are accepted at ``limits``."""
        return _accepted(self._identifier, self._costs, limits)

    def in_language(self, accepted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which lines belong to blocks in the language: trusted ones, and those at least half accepted."""
        number = len(self._blocks)
        share = np.bincount(self._of, accepted, number) / np.maximum(np.bincount(self._of, minlength=number), 1)
        inside = (share >= _LEAST_ACCEPTED) | np.array([block.trusted for block in self._blocks], dtype=np.bool_)
        found: NDArray[np.bool_] = inside[self._of]
        return found

    def doubtful(self, inside: NDArray[np.bool_]) -> int:
        """Return the number of blocks that are apparently in another language."""
        return len(set(self._of[~inside].tolist()))

    def by_source(self, inside: NDArray[np.bool_], usual: NDArray[np.bool_],
                  accepted: NDArray[np.bool_]) -> dict[str, tuple[int, int, int]]:
        """Return source -> lines in the language, accepted at the usual limits, and at the current limits."""
        sources = np.array([block.source for block in self._blocks])[self._of]
        found = {}
        for source in sorted({block.source for block in self._blocks}):
            own = inside & (sources == source)
            if own.any():
                found[source] = int(own.sum()), int(usual[own].sum()), int(accepted[own].sum())
        return found


def _by_blocks(seed: Sequence[str], code: str, steps: Sequence[float], chance: int) -> Breadth:
    """Measure breadth without other text: each third of the seed, with an identifier of the other two."""
    ends = [number * len(seed) // SEED_BLOCKS for number in range(SEED_BLOCKS + 1)]
    asked = [(*build([*seed[:first], *seed[last:]], code, {}, steps[0], chance),
              [line for line in seed[first:last] if len(words(line)) >= TELLING_WORDS])
             for first, last in pairwise(ends)]
    lines = sum(len(block) for _, _, block in asked)
    if lines < LEAST_LINES // 2:
        return Breadth(steps[0])

    @cache
    def accepted(step: float) -> int:
        found = (_accepted(identifier, identifier.costs(block), limits_for(identifier, counts, step, chance))
                 for identifier, counts, block in asked)
        return sum(int(lines.sum()) for lines in found)

    at = _first(steps, lambda step: accepted(step) >= RECALL * lines)
    return Breadth(steps[at], lines, accepted(steps[0]), accepted(steps[at]))


def _accepted(identifier: SeedIdentifier, costs: Costs, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    accepted: NDArray[np.bool_] = identifier.distances(costs, limits) >= 0
    return accepted
