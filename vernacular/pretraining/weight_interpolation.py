"""Interpolate between base and trained weights, chosen on held-out text of both languages.

Interpolated weights forget less and often predict the target equally well (WiSE-FT, Wortsman et al.
2109.01903; for languages, Alexandrov et al. 2407.08699). New rows have no base and are kept
unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from vernacular.modeling.training_loop import evaluated

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Between:
    """An interpolated model."""

    share: float  # weight of the trained model
    target: float  # held-out nats per character of the target language
    replay: float | None  # those of the base's languages; None without such text


def mix(base: Weights, trained: Weights, share: float, new_rows: Sequence[int] = (),
        tables: Collection[str] = ()) -> dict[str, torch.Tensor]:
    """Return ``base + share * (trained - base)``, except ``new_rows`` of ``tables``, which are ``trained``'s."""
    out = {}
    for name, tensor in trained.items():
        new = tensor.clone()
        if tensor.is_floating_point() and share < 1:
            new = torch.lerp(base[name].to(tensor.device), tensor, share)
            if name in tables:
                new[list(new_rows)] = tensor[list(new_rows)]
        out[name] = new
    return out


def tables_of(model: Any) -> set[str]:
    """Return the names of weights with a row per token: embedding, decoder and its bias."""
    decoder = model.get_output_embeddings()
    tables = [model.get_input_embeddings().weight, decoder.weight, getattr(decoder, "bias", None)]
    return {name for name, tensor in model.named_parameters(remove_duplicate=False)
            if any(tensor is table for table in tables)}


def choose(points: Sequence[Between]) -> Between:
    """Return the best of ``points``: relative changes of both likelihoods count equally.

    Of equals the one closest to the trained model.
    """
    return min(points, key=lambda point: (point.target * (1.0 if point.replay is None else point.replay), -point.share))


def interpolate(model: Any, base: Weights, new_rows: Sequence[int], shares: Sequence[float],
                target: Callable[[Any], float],
                replay: Callable[[Any], float] | None) -> tuple[list[Between], Between]:
    """Set ``model`` to the best interpolation of ``base`` and its weights; return all points and the choice.

    The first point is the base with the trained new rows: for comparison, never chosen.
    """
    trained = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    points, tables = [], tables_of(model)
    for share in sorted({0.0, *shares}):
        model.load_state_dict(mix(base, trained, share, new_rows, tables))
        points.append(Between(share, evaluated(model, target),
                              evaluated(model, replay) if replay is not None else None))
    chosen = choose([point for point in points if point.share in shares])
    model.load_state_dict(mix(base, trained, chosen.share, new_rows, tables))
    return points, chosen
