"""After training: how far to go from the base's weights to the trained ones, chosen on held-out text of both.

Weights between the two forget less and often foresee the target no worse (WiSE-FT, Wortsman et al. 2109.01903; for
languages, Alexandrov et al. 2407.08699). New rows have no base and are kept whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from vernacular.pretraining.loop import evaluated

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Between:
    """A model on the way from the base to the trained one.

    Attributes:
        share: of the way.
        target: held-out nats per character of the target language.
        replay: those of the base's languages; None where there is no such text.
    """

    share: float
    target: float
    replay: float | None


def mix(base: Weights, trained: Weights, share: float) -> dict[str, torch.Tensor]:
    """``base + share * (trained - base)``; rows that only ``trained`` has are taken as they are."""
    out = {}
    for name, tensor in trained.items():
        old = base[name]
        new = tensor.clone()
        if tensor.is_floating_point() and share < 1:
            rows = new[:len(old)] if old.ndim else new
            rows.copy_(torch.lerp(old.to(tensor.device), rows, share))
        out[name] = new
    return out


def choose(points: Sequence[Between]) -> Between:
    """The best of ``points``: a hundredth of the one likelihood weighs as much as a hundredth of the other.

    Of equals the one furthest from the base.
    """
    return min(points, key=lambda point: (point.target * (1.0 if point.replay is None else point.replay), -point.share))


def interpolate(model: Any, base: Weights, shares: Sequence[float], target: Callable[[Any], float],
                replay: Callable[[Any], float] | None) -> tuple[list[Between], Between]:
    """Give ``model`` the best weights between ``base`` and its own; returns all that was tried, and the choice.

    The first point is the base itself, with the trained new rows: for comparison, never chosen.
    """
    trained = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    points = []
    for share in sorted({0.0, *shares}):
        model.load_state_dict(mix(base, trained, share))
        points.append(Between(share, evaluated(model, target),
                              evaluated(model, replay) if replay is not None else None))
    chosen = choose([point for point in points if point.share in shares])
    model.load_state_dict(mix(base, trained, chosen.share))
    return points, chosen
