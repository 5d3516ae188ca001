"""The memory that training takes, from the shape of a model and the settings.

Plain numbers in, bytes out: nothing is loaded. Compared with measured runs and published figures in
docs/experiments/memory.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from vernacular.config.base import Precision

GIB = 2**30
# Bytes per frozen weight of the layers. NF4 with double quantization (Dettmers et al. 2305.14314):
# 4 bits, a byte for each 64 weights, and a float32 for each 256 of those.
_STORED: dict[Precision, float] = {"float32": 4.0, "bfloat16": 2.0, "nf4": 0.5 + 1 / 64 + 4 / (64 * 256)}
_STATES = 12  # bytes per trained weight besides itself: gradient and two moments, in float32
_CAST = 2  # bytes per float32 weight: its copy in bfloat16, kept for the backward pass
# Measured on two encoders (docs/experiments/training-speed.md): bytes per token and layer, per unit of width and per
# attention weight of a CPU, which stores them.
_WIDTH, _SCORE = 60, 4


@dataclass(frozen=True)
class TrainingMemory:
    """What takes memory in a training step, in bytes."""

    weights: float  # of the model, with converted copies
    training: float  # gradients and optimizer states, and the low-rank changes themselves
    activations: float
    logits: float  # and the decoder's copy or gradient

    @property
    def total(self) -> int:
        """All bytes."""
        return round(self.weights + self.training + self.activations + self.logits)


def training_memory(parameters: int, hidden: int, layers: int, vocabulary: int, *, precision: Precision = "float32",
                    method: str = "full", rank: int = 64, rows: float = 16, length: int = 128, new_rows: int = 0,
                    predicted: float = 1.0, recompute: bool = False, tied: bool = True, heads: int = 0) -> int:
    """Return the bytes of weights, gradients, optimizer states, activations and logits in a training step.

    Arguments as in ``memory_parts``.
    """
    return memory_parts(parameters, hidden, layers, vocabulary, precision=precision, method=method, rank=rank,
                        rows=rows, length=length, new_rows=new_rows, predicted=predicted, recompute=recompute,
                        tied=tied, heads=heads).total


def memory_parts(parameters: int, hidden: int, layers: int, vocabulary: int, *, precision: Precision = "float32",
                 method: str = "full", rank: int = 64, rows: float = 16, length: int = 128, new_rows: int = 0,
                 predicted: float = 1.0, recompute: bool = False, tied: bool = True, heads: int = 0) -> TrainingMemory:
    """Return what takes memory in a training step.

    Args:
        parameters: of the model, before it gets new rows.
        hidden: width of the states.
        layers: their number.
        vocabulary: rows of the embedding.
        precision: of the frozen weights.
        method: ``full`` or ``lora``.
        rank: of LoRA.
        rows: blocks that are processed at once.
        length: tokens per block.
        new_rows: added to the embedding.
        predicted: share of the tokens that are predicted: 1 for a causal objective.
        recompute: whether activations are recomputed (gradient checkpointing).
        tied: whether input and output embeddings are one table.
        heads: attention heads, if attention weights are stored (on a CPU); else 0.
    """
    tables = (1 if tied else 2) * hidden
    body = max(0, parameters - tables * vocabulary)
    vocabulary += new_rows
    if method == "full":
        whole = body + tables * vocabulary
        weights, training, decoder = float((4 + _CAST) * whole), float(_STATES * whole), 6 * vocabulary * hidden
    else:
        stored = _STORED[precision]
        cast = _CAST if stored == 4 else 0
        weights = (stored + cast) * body + max(2, stored) * tables * vocabulary
        training = (4 + _STATES) * (lora_parameters(body, hidden, layers, rank) + new_rows * tables)
        decoder = cast * vocabulary * hidden
    tokens = rows * length
    layer = tokens * (_WIDTH * hidden + _SCORE * length * heads)
    kept = layer + 4 * tokens * hidden * layers if recompute else layer * layers
    return TrainingMemory(weights, training, kept, 2 * tokens * predicted * vocabulary + decoder)


def lora_parameters(body: int, hidden: int, layers: int, rank: int) -> int:
    """Return the parameters of LoRA on every linear layer of a body of ``body`` weights.

    Exact for Llama's layers; for others it assumes four square attention matrices and three of the
    feed-forward network.
    """
    return round(rank * (7 * hidden * layers + body / hidden))
