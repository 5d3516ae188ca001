"""Apply a language model's head to some positions, whatever the family calls its parts.

The model's own ``forward`` computes the logits, with its body replaced by given states, so that
transforms, scaling and caps of logits are those of the family.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from vernacular.modeling.frozen_weights import LINEAR
from vernacular.modeling.fused_loss import UNSCORED, linear_cross_entropy
from vernacular.modeling.precision import stored_in


class _BodyOutput(tuple[torch.Tensor]):
    """The output of a body: its states, and None for whatever else the head's model reads from it."""

    __slots__ = ()

    @property
    def last_hidden_state(self) -> torch.Tensor:
        return self[0]

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def logits_of(model: Any, states: torch.Tensor) -> torch.Tensor:
    """Return the logits, (n, vocabulary), of last hidden states, (n, width)."""
    ids = torch.zeros(1, len(states), dtype=torch.long, device=states.device)  # not read
    with _replaced_body(model, states[None]):
        logits: torch.Tensor = model(input_ids=ids).logits
    return logits[0]


def summed_nats(model: Any, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the summed negative log-likelihood in nats of ``targets``, (n,), from ``states``, (n, width).

    If the last step of the head is a plain linear layer, the logits are never stored in float32.
    """
    decoder = model.get_output_embeddings()
    if type(decoder) not in LINEAR or not ends_with_decoder(model):  # wrapped by PEFT, or scaled
        return cross_entropy(logits_of(model, states).float(), targets, reduction="sum", ignore_index=UNSCORED)
    with _passed_through(decoder):
        states = logits_of(model, states)
    return linear_cross_entropy(states, decoder.weight, decoder.bias, targets, getattr(decoder, "new", None),
                                compiled=model.base_model._compiled_call_impl is not None)


def ends_with_decoder(model: Any) -> bool:
    """Whether the logits are the decoder's output, neither scaled nor capped; found out once by trying."""
    known: bool | None = getattr(model, "plain_decoder", None)
    if known is None:
        decoder = model.get_output_embeddings()
        weight = decoder.weight
        # Large, since a cap hardly changes small logits.
        states = 100 * torch.randn(4, model.config.get_text_config().hidden_size,
                                   generator=torch.Generator().manual_seed(0)).to(weight)
        if stored_in(model) != "float32":
            states = states.float()
        # Autocast would cache the weights without gradients for the steps after this.
        with torch.no_grad(), torch.autocast(weight.device.type, enabled=False):
            wanted = logits_of(model, states)
            try:
                with _passed_through(decoder):
                    inner = logits_of(model, states)
            except RuntimeError:  # ESM adds a bias of its own to the logits
                inner = states[:, :0]
            known = inner.shape[1] == weight.shape[1] and torch.allclose(
                decoder(inner), wanted, rtol=1e-3, atol=1e-3 * float(wanted.nan_to_num().abs().max()), equal_nan=True)
        model.plain_decoder = known
    return known


@contextlib.contextmanager
def _replaced_body(model: Any, states: torch.Tensor) -> Iterator[None]:
    """Make the body return ``states`` in the block. Some models call its decoder directly."""
    bodies = [model.base_model]
    if (inner := getattr(model.base_model, "decoder", None)) is not None and isinstance(inner, torch.nn.Module):
        bodies.append(inner)
    compiled = [body._compiled_call_impl for body in bodies]
    for body in bodies:
        body._compiled_call_impl, body.forward = None, lambda *_, **__: _BodyOutput((states,))
    try:
        yield
    finally:
        for body, call in zip(bodies, compiled, strict=True):
            del body.forward
            body._compiled_call_impl = call


@contextlib.contextmanager
def _passed_through(decoder: torch.nn.Linear) -> Iterator[None]:
    """Make the decoder an identity in the block, so that the head returns the states before it."""
    decoder.forward = lambda states: states  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        del decoder.forward
