"""What a step sees and how fast it learns: the order of blocks from several texts, and the learning rates.

Both are functions of the seed and the step alone, so a resumed run needs no state for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vernacular.config.training import Pretraining


@dataclass(frozen=True)
class Stream:
    """One of the texts that a training mixes.

    Attributes:
        name: for the report.
        count: its blocks.
        share: of all blocks seen that come from it.
    """

    name: str
    count: int
    share: float


def shares(target: int, replay: int, related: Sequence[tuple[str, int, float]], replay_share: float) -> list[Stream]:
    """How much of what is seen comes from each text.

    Args:
        target: blocks of the target language.
        replay: blocks in the base's languages.
        related: (name, blocks, passes for each pass over the target) of related languages.
        replay_share: of all, where there are such blocks.
    """
    kept = replay_share if replay else 0.0
    weights = [target, *(blocks * passes for _, blocks, passes in related)]
    rest = [(1 - kept) * weight / sum(weights) for weight in weights]
    streams = [Stream("target", target, rest[0])]
    streams += [Stream(name, blocks, share) for (name, blocks, _), share in zip(related, rest[1:], strict=True)]
    return streams + ([Stream("replay", replay, kept)] if kept else [])


def most_blocks(streams: Sequence[Stream], passes: float) -> float:
    """The blocks seen, of all texts, once the target's has been seen ``passes`` times; the others' no more often."""
    spent = passes * streams[0].count
    going = sorted(streams[1:], key=lambda stream: stream.count / stream.share, reverse=True)
    while True:  # what those that have given all they may cannot give falls to the target
        total = spent / (1.0 - sum(stream.share for stream in going))
        if not going or going[-1].share * total <= passes * going[-1].count:
            return total
        spent += passes * going.pop().count


def capped(streams: Sequence[Stream], total: int, passes: float) -> list[Stream]:
    """``streams`` with no text but the target's seen more than ``passes`` times in ``total`` blocks.

    The target's is not either where ``total`` is within ``most_blocks``.
    """
    kept = [replace(stream, share=min(stream.share, passes * stream.count / total)) for stream in streams[1:]]
    return [replace(streams[0], share=1.0 - sum(stream.share for stream in kept)), *kept]


def order(streams: Sequence[Stream], total: int, seed: int) -> NDArray[np.int64]:
    """Which block is seen when: ``total`` numbers of blocks, all texts' blocks being counted through in their order.

    Every text is spread evenly over the run, and passes through a new permutation of its blocks each time.
    """
    counts = [round(stream.share * total) for stream in streams]
    counts[0] = total - sum(counts[1:])
    places, blocks, first = [], [], 0
    for number, (stream, count) in enumerate(zip(streams, counts, strict=True)):
        passes = -(-count // stream.count)
        drawn = [np.random.default_rng((seed, number, one)).permutation(stream.count) for one in range(passes)]
        blocks.append(first + np.concatenate([*drawn, np.zeros(0, np.int64)])[:count])
        places.append((np.arange(count) + 0.5) / max(count, 1))
        first += stream.count
    return np.concatenate(blocks)[np.argsort(np.concatenate(places), kind="stable")].astype(np.int64)


def rates(step: int, steps: int, settings: Pretraining) -> tuple[float, float]:
    """The learning rates of this step: (head and new rows, body and old rows).

    Both rise linearly and fall linearly to zero at the end; the body waits until ``head_first`` has passed, so that a
    head that starts from nothing does not pull the body apart.
    """
    warm = max(1, math.ceil(settings.warmup * steps))
    wait = math.floor((settings.head_first or 0.0) * steps)
    fall = min(1.0, (steps - step) / max(1, steps - warm))
    head = settings.learning_rate * min(1.0, (step + 1) / warm) * fall
    body = settings.learning_rate * min(1.0, (step + 1 - wait) / warm) * fall if step >= wait else 0.0
    return head, body
