"""The output of the stage ``alignment/<name>``: sentence pairs, and the base's embeddings of the translations."""

from __future__ import annotations

from collections.abc import Sequence
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
_MOST = 500_000  # pairs: 0.75 GB of embeddings for a small model


@dataclass(frozen=True)
class Learned:
    """Training and held-out pairs of translations with target embeddings."""

    pairs: list[TextPair]  # (sentence, translation) for training, in random order
    targets: torch.Tensor  # (pairs at most, width) the base's embeddings of the first translations
    held_out: list[TextPair]  # pairs not used for training
    # (held-out pairs, width) the base's embeddings of their translations
    held_out_targets: torch.Tensor

    def write(self, folder: Path) -> None:
        """Write it to ``folder``."""
        write_jsonl(folder / PAIRS, ({"text": text, "translation": translation, "held_out": held_out}
                                     for held_out, some in ((False, self.pairs), (True, self.held_out))
                                     for text, translation in some))
        save_file({"train": self.targets.cpu().contiguous(), "held_out": self.held_out_targets.cpu().contiguous()},
                  folder / _EMBEDDINGS)

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
                   embeddings["held_out"])


def read_learned_pairs(folder: Path) -> list[TextPair]:
    """Read only the training pairs that ``Learned.write`` wrote to ``folder``."""
    return _read(folder, held_out=False)


def _read(folder: Path, held_out: bool) -> list[TextPair]:
    return [(row["text"], row["translation"]) for row in read_jsonl(folder / PAIRS) if row["held_out"] is held_out]


def targets_wanted(pairs: Sequence[TextPair], steps: int | None, batch_size: int) -> int:
    """Return the number of pairs a training uses; without known steps, the largest number stored."""
    return min(len(pairs), _MOST if steps is None else steps * batch_size)
