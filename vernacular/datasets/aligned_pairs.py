"""What the stage ``alignment/<name>`` keeps: pairs of sentences, and the base's embeddings of the translations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl, write_jsonl
from vernacular.datasets.raw_pairs import TextPair

PAIRS = "pairs.jsonl"
_EMBEDDINGS = "embeddings.safetensors"
_MOST = 500_000  # pairs: three quarters of a gigabyte of embeddings in a small model


@dataclass(frozen=True)
class Learned:
    """What is learned from translations, and what shows whether it was.

    Attributes:
        pairs: (sentence, translation) to learn from, in the order drawn.
        targets: (pairs at most, width) the base's embeddings of the first translations.
        held: pairs that are not learned from.
        held_targets: (held, width) the base's embeddings of their translations.
    """

    pairs: list[TextPair]
    targets: torch.Tensor
    held: list[TextPair]
    held_targets: torch.Tensor

    def write(self, folder: Path) -> None:
        """Write it into ``folder``."""
        write_jsonl(folder / PAIRS, ({"text": text, "translation": translation, "held_out": held_out}
                                     for held_out, some in ((False, self.pairs), (True, self.held))
                                     for text, translation in some))
        save_file({"train": self.targets.cpu().contiguous(), "held_out": self.held_targets.cpu().contiguous()},
                  folder / _EMBEDDINGS)

    @classmethod
    def read(cls, folder: Path) -> Learned:
        """What ``write`` wrote into ``folder``.

        Raises:
            Problem: it is not there.
        """
        if not (folder / _EMBEDDINGS).is_file():
            raise Problem("there are no embeddings of translations", where=str(folder),
                          fix="Delete that folder and run again")
        embeddings = load_file(folder / _EMBEDDINGS)
        return cls(read_learned_pairs(folder), embeddings["train"], _read(folder, held_out=True),
                   embeddings["held_out"])


def read_learned_pairs(folder: Path) -> list[TextPair]:
    """The pairs to learn from that ``Learned.write`` wrote into ``folder``."""
    return _read(folder, held_out=False)


def _read(folder: Path, held_out: bool) -> list[TextPair]:
    return [(row["text"], row["translation"]) for row in read_jsonl(folder / PAIRS) if row["held_out"] is held_out]


def targets_wanted(pairs: Sequence[TextPair], steps: int | None, batch_size: int) -> int:
    """How many pairs a training of so many steps sees; where its steps are not known yet, as many as are held."""
    return min(len(pairs), _MOST if steps is None else steps * batch_size)
