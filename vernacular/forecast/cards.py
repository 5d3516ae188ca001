"""Which card a training fits on. Nothing heavy is imported, so that commands can ask it at once."""

from __future__ import annotations

from vernacular.modeling.memory import GIB

CARDS = (8, 12, 16, 24, 48, 80)  # GiB that cards have
_CONTEXT = 0.6 * GIB  # bytes that CUDA and its libraries take besides tensors
_USABLE = 0.92  # share of a card that tensors fill before the allocator fails: blocks do not fit together exactly


def fits(needed: float, card: float) -> bool:
    """Whether a training that needs ``needed`` bytes runs on a card of ``card`` GiB."""
    return needed + _CONTEXT <= _USABLE * card * GIB


def card_for(needed: float) -> int | None:
    """Return the smallest of ``CARDS`` that ``needed`` bytes fit on; None if there is none."""
    return next((card for card in CARDS if fits(needed, card)), None)
