"""The output of the stage ``alignment/<name>``: sentence pairs, and the teacher's embeddings of the translations.

The teacher is the base itself, or a model of pictures and texts; then a projection leads from the
base's states to its vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl, write_jsonl
from vernacular.datasets.raw_pairs import TextPair

PAIRS = "pairs.jsonl"
_EMBEDDINGS = "embeddings.safetensors"
_WEIGHT, _BIAS = "projection.weight", "projection.bias"
_MOST = 500_000  # pairs: 0.75 GB of embeddings for a small model


@dataclass(frozen=True)
class Projection:
    """A linear map from the mean state of a text to the vectors of a model of pictures."""

    weight: torch.Tensor  # (width, hidden) float32
    bias: torch.Tensor  # (width,) float32

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Return the vectors of ``states``: (texts, width)."""
        return torch.nn.functional.linear(states, self.weight.to(states.device), self.bias.to(states.device))


@dataclass(frozen=True)
class Learned:
    """Training and held-out pairs of translations with target embeddings."""

    pairs: list[TextPair]  # (sentence, translation) for training, in random order
    targets: torch.Tensor  # (pairs at most, width) the base's embeddings of the first translations
    held_out: list[TextPair]  # pairs not used for training
    # (held-out pairs, width) the base's embeddings of their translations
    held_out_targets: torch.Tensor
    projection: Projection | None = None  # to the embeddings, if the teacher is not the base

    def write(self, folder: Path) -> None:
        """Write it to ``folder``."""
        write_jsonl(folder / PAIRS, ({"text": text, "translation": translation, "held_out": held_out}
                                     for held_out, some in ((False, self.pairs), (True, self.held_out))
                                     for text, translation in some))
        tensors = {"train": self.targets, "held_out": self.held_out_targets}
        if self.projection is not None:
            tensors |= {_WEIGHT: self.projection.weight, _BIAS: self.projection.bias}
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, folder / _EMBEDDINGS)

    @classmethod
    def read(cls, folder: Path) -> Learned:
        """Read what ``write`` wrote to ``folder``.

        Raises:
            Problem: it does not exist.
        """
        if not (folder / _EMBEDDINGS).is_file():
            raise Problem("there are no embeddings of translations", where=str(folder),
                          fix="Delete that folder and run again", code=Code.DATA_MISSING)
        embeddings = load_file(folder / _EMBEDDINGS)
        return cls(read_learned_pairs(folder), embeddings["train"], _read(folder, held_out=True),
                   embeddings["held_out"], _projection(embeddings))


def read_projection(folder: Path) -> Projection | None:
    """Read only the projection that ``Learned.write`` wrote to ``folder``; None if the base was the teacher."""
    return _projection(load_file(folder / _EMBEDDINGS))


def _projection(tensors: Mapping[str, torch.Tensor]) -> Projection | None:
    return Projection(tensors[_WEIGHT], tensors[_BIAS]) if _WEIGHT in tensors else None


def read_learned_pairs(folder: Path) -> list[TextPair]:
    """Read only the training pairs that ``Learned.write`` wrote to ``folder``."""
    return _read(folder, held_out=False)


def _read(folder: Path, held_out: bool) -> list[TextPair]:
    return [(row["text"], row["translation"]) for row in read_jsonl(folder / PAIRS) if row["held_out"] is held_out]


def targets_wanted(pairs: Sequence[TextPair], steps: int | None, batch_size: int) -> int:
    """Return the number of pairs a training uses; without known steps, the largest number stored."""
    return min(len(pairs), _MOST if steps is None else steps * batch_size)
