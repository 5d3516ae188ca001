"""Whether a line is in the language: a classifier learned from a seed, and identifiers made by others.

``train`` learns it, ``evaluate`` and ``breadth`` measure it, ``classifier`` asks it; ``external`` has lingua, CLD2
and GlotLID. ``load_identifier`` opens what the stage ``corpus/identifier`` wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vernacular.langid.classifier import FILE, SeedIdentifier


class Identifier(Protocol):
    """Gives lines the probability of being in the language.

    Attributes:
        threshold: a line at or above it is accepted.
        doubt: a line at or above ``threshold`` and below this is accepted in doubt: further identifiers may drop it.
    """

    threshold: float
    doubt: float

    def scores(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """The calibrated probability of each line, shape ``(len(lines),)``; short lines seldom come far from a half."""
        ...

    def foreign(self, lines: Sequence[str]) -> NDArray[np.bool_]:
        """Which lines are surely not in the language, whatever they are about, shape ``(len(lines),)``."""
        ...


def load_identifier(folder: Path) -> Identifier | None:
    """The identifier in the artifact of ``corpus/identifier``, or None where the language has no seed to learn from."""
    return SeedIdentifier.load(folder) if (folder / FILE).is_file() else None
