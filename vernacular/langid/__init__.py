"""Language identification: a classifier trained on a seed, with votes of external identifiers.

``train`` trains it, ``evaluate`` and ``breadth`` measure it, ``ensemble`` applies it; ``classifier`` is
the model of the seed, ``external`` has lingua, CLD2, HeLI-OTS and GlotLID. ``load_identifier``
opens the output of the stage ``corpus/identifier``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.ensemble import FILE, Ensemble


class Identifier(Protocol):
    """Predicts the probability that lines are in the language."""

    threshold: float  # lines at or above it are accepted
    # lines from ``threshold`` to below this are accepted in doubt: external identifiers may drop them
    doubt: float

    def scores(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """Return calibrated probabilities, shape ``(len(lines),)``; short lines are usually near 0.5."""
        ...

    def foreign(self, lines: Sequence[str]) -> NDArray[np.bool_]:
        """Return which lines are certainly in another language, whatever their topic, shape ``(len(lines),)``."""
        ...


@dataclass(frozen=True)
class SeedWords:
    """What an identifier knows of the words of its seed."""

    model: CharacterModel  # of their letters
    common: frozenset[str]  # the most common ones, in lower case


def load_seed_words(folder: Path) -> SeedWords | None:
    """Load the words of a ``corpus/identifier`` artifact, or None if the language has no seed."""
    if not (folder / FILE).is_file():
        return None
    with np.load(folder / FILE, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files if name.startswith("own.")}
        common = stored["words.common"].tobytes().decode().split("\n")
    return SeedWords(CharacterModel.of_arrays(arrays, "own"), frozenset(common))


def load_identifier(folder: Path) -> Identifier | None:
    """Load the identifier of a ``corpus/identifier`` artifact, or None if the language has no seed."""
    return Ensemble.load(folder) if (folder / FILE).is_file() else None
