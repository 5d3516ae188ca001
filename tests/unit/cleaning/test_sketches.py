"""Sketches of texts in several tables: loaded at once or when needed, the same pairs are apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from vernacular.cleaning.minhash import surely_apart
from vernacular.cleaning.sketches import Sketches
from vernacular.cleaning.table_view import View

SLOTS = 16


def table(slots: np.ndarray) -> pa.RecordBatch:
    """A table of one document with a line for each row of ``slots``."""
    column = pa.FixedSizeListArray.from_arrays(pa.array(slots.ravel()), SLOTS)
    lines = pa.StructArray.from_arrays([column], ["slots"])
    return pa.record_batch([pa.ListArray.from_arrays(pa.array([0, len(slots)], pa.int32()), lines)], ["lines"])


def test_loaded_sketches_give_the_same_verdicts() -> None:
    chance = np.random.default_rng(1)
    slots = chance.integers(0, 3, (60, SLOTS)).astype(np.uint16)
    view = View([table(slots[:25]), table(slots[25:])], np.arange(2))
    order = chance.permutation(60)  # where the sketch of each text is
    ones, others = chance.integers(0, 30, (2, 500)) * 2
    sketches = Sketches(view, "lines", order.__getitem__, 0.7)
    expected = surely_apart(slots[order[ones]], slots[order[others]], 0.7)
    assert 0 < expected.sum() < len(expected)
    assert sketches.apart(ones, others).tolist() == expected.tolist()
    sketches.load(np.arange(0, 60, 2))
    assert sketches.apart(ones, others).tolist() == expected.tolist()
