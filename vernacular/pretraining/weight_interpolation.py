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

from vernacular.modeling import lora
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


def between_weights(model: Any, base: Weights, new_rows: Sequence[int]) -> Callable[[float], None]:
    """Return a function that sets ``model`` to a share of the way from ``base`` to its present weights."""
    trained = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    tables = tables_of(model)
    return lambda share: model.load_state_dict(mix(base, trained, share, new_rows, tables))


def between_changes(wrapped: Any, head: Weights) -> Callable[[float], None]:
    """Return the same for low-rank changes, which are scaled: no copy of the model is needed.

    ``head``: the initial weights of ``lora.head_of``.
    """
    scale, parts = lora.scaling(wrapped), lora.head_of(wrapped)
    trained = {name: tensor.detach().clone() for name, tensor in parts.items()}

    def set_share(share: float) -> None:
        scale(share)
        with torch.no_grad():
            for name, tensor in parts.items():
                tensor.copy_(torch.lerp(head[name].to(tensor.device), trained[name], share))

    return set_share


def interpolate(model: Any, set_share: Callable[[float], None], shares: Sequence[float],
                target: Callable[[Any], float],
                replay: Callable[[Any], float] | None) -> tuple[list[Between], Between]:
    """Set ``model`` to the best interpolation by ``set_share``; return all points and the choice.

    The first point is the base with the trained new rows: for comparison, never chosen.
    """
    points = []
    for share in sorted({0.0, *shares}):
        set_share(share)
        points.append(Between(share, evaluated(model, target),
                              evaluated(model, replay) if replay is not None else None))
    chosen = choose([point for point in points if point.share in shares])
    set_share(chosen.share)
    return points, chosen
