"""Sketches of texts, read from the tables where they are, to find pairs that are surely not alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.cleaning.cache import as_numpy
from vernacular.cleaning.disk_arrays import disk_array, stretches
from vernacular.cleaning.minhash import surely_apart
from vernacular.cleaning.table_view import View
from vernacular.text.word_hashes import Ints


class Sketches:
    """The sketches of texts.

    Args:
        view: the tables.
        level: of the texts.
        entries_of: returns where the sketches of texts are among all of the level.
        least: Jaccard index of texts that are alike.
    """

    def __init__(self, view: View, level: str, entries_of: Callable[[Ints], Ints], least: float) -> None:
        self._view, self._level, self._entries_of, self._least = view, level, entries_of, least
        self._loaded: tuple[Ints, NDArray[Any]] | None = None

    def load(self, texts: Ints) -> None:
        """Read the sketches of ``texts`` once; from now on no other text is compared.

        Finding a few among all tables takes a millisecond, which texts that are compared one by one cannot afford.
        """
        slots = None
        for first, last in stretches(len(texts)):
            part = self._read(texts[first:last])
            if slots is None:
                slots = disk_array(self._view.folder, len(texts), part.dtype, part.shape[1])
            slots[first:last] = part
        self._loaded = None if slots is None else (texts, slots)

    def apart(self, ones: Ints, others: Ints) -> NDArray[np.bool_]:
        """Return which of the texts ``ones`` are surely less alike to ``others`` than ``least``."""
        if self._loaded is None:
            return surely_apart(self._read(ones), self._read(others), self._least)
        texts, slots = self._loaded
        mine, theirs = (slots[np.searchsorted(texts, of)] for of in (ones, others))
        return surely_apart(mine, theirs, self._least)

    def _read(self, texts: Ints) -> NDArray[Any]:
        return as_numpy(self._view.values(self._level, "slots", self._entries_of(texts)))
