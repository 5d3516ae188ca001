"""Data order and learning rates.

Both are functions of seed and step, so a resumed run needs no state for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stream:
    """One of the texts in a data mixture."""

    name: str  # for the report
    count: int  # number of its blocks
    share: float  # of all blocks seen


def shares(target: int, replay: int, related: Sequence[tuple[str, int, float]], replay_share: float) -> list[Stream]:
    """Return the share of each text in the mixture.

    Args:
        target: blocks of the target language.
        replay: blocks in the base's languages.
        related: (name, blocks, passes per pass over the target) of related languages.
        replay_share: of all, if there are such blocks.
    """
    kept = replay_share if replay else 0.0
    weights = [target, *(blocks * passes for _, blocks, passes in related)]
    rest = [(1 - kept) * weight / sum(weights) for weight in weights]
    streams = [Stream("target", target, rest[0])]
    streams += [Stream(name, blocks, share) for (name, blocks, _), share in zip(related, rest[1:], strict=True)]
    return streams + ([Stream("replay", replay, kept)] if kept else [])


def most_blocks(streams: Sequence[Stream], passes: float) -> float:
    """Return the blocks seen after ``passes`` over the target; other texts are not read more often."""
    spent = passes * streams[0].count
    going = sorted(streams[1:], key=lambda stream: stream.count / stream.share, reverse=True)
    while True:  # the target replaces texts that reached their limit
        total = spent / (1.0 - sum(stream.share for stream in going))
        if not going or going[-1].share * total <= passes * going[-1].count:
            return total
        spent += passes * going.pop().count


def capped(streams: Sequence[Stream], total: int, passes: float) -> list[Stream]:
    """Return ``streams`` with at most ``passes`` over every text but the target in ``total`` blocks.

    The target's limit holds too if ``total`` is within ``most_blocks``.
    """
    kept = [replace(stream, share=min(stream.share, passes * stream.count / total)) for stream in streams[1:]]
    return [replace(streams[0], share=1.0 - sum(stream.share for stream in kept)), *kept]


def order(streams: Sequence[Stream], total: int, seed: int) -> NDArray[np.int64]:
    """Return the order of ``total`` blocks, numbered through all texts.

    Every text is spread evenly over the run, with a new permutation of its blocks in each pass.
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


def rates(step: int, steps: int, highest: float, warmup: float, head_first: float | None) -> tuple[float, float]:
    """Return the learning rates of a step: (head and new rows, body and old rows).

    Both rise and fall linearly to zero; the body is frozen until ``head_first``, so that an
    untrained head does not damage it.
    """
    warm = max(1, math.ceil(warmup * steps))
    wait = math.floor((head_first or 0.0) * steps)
    body = rise_and_fall(highest, step, steps, warm, wait) if step >= wait else 0.0
    return rise_and_fall(highest, step, steps, warm), body


def rise_and_fall(highest: float, step: int, steps: int, warm: int, wait: int = 0) -> float:
    """The learning rate at ``step``: it rises for ``warm`` steps after ``wait``, and falls to zero at the end."""
    return highest * min(1.0, (step + 1 - wait) / warm) * min(1.0, (steps - step) / max(1, steps - warm))
