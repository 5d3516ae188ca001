"""Parts hold all equal hashes, in the order of the whole; ids are numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.cleaning import document_ids
from vernacular.cleaning.disk_arrays import by_equal_hash, disk_array, partitioned, places_of, sort_once
from vernacular.cleaning.document_ids import KnownIds, contains, id_numbers, id_texts, union

NUMBERS = st.lists(st.integers(0, 7).map(lambda number: number * 0x1FFFFFFFFFFFFFFF), max_size=60)


@pytest.mark.parametrize("length", [3, 3 << 20])
def test_an_array_is_of_zeros_and_leaves_no_file(tmp_path: Path, length: int) -> None:
    found = disk_array(tmp_path, length, np.uint32, 2)
    found[-1] = 7
    assert found.shape == (length, 2) and found[:-1].sum() == 0 and not list(tmp_path.iterdir())


@given(NUMBERS, st.integers(0, 5), st.data())
def test_parts_hold_all_that_is_equal(numbers: Sequence[int], bits: int, data: st.DataObject) -> None:
    hashes = np.array(numbers, dtype=np.uint64)
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=len(hashes), max_size=len(hashes))), dtype=np.bool_)
    places, bounds = partitioned(hashes, None, bits, wanted)
    parts = [places[begin:end].tolist() for begin, end in pairwise(bounds)]
    assert sorted(place for part in parts for place in part) == np.flatnonzero(wanted).tolist()
    assert all(part == sorted(part) for part in parts)
    of = {place: number for number, part in enumerate(parts) for place in part}
    assert all(of[one] == of[other] for one in of for other in of if hashes[one] == hashes[other])
    assert places_of(wanted, None).tolist() == np.flatnonzero(wanted).tolist()
    assert [part.tolist() for part in by_equal_hash(hashes, None)] == [list(range(len(hashes)))] * bool(numbers)


@given(NUMBERS, NUMBERS)
def test_sets_of_numbers(ones: Sequence[int], others: Sequence[int]) -> None:
    first, second = (np.array(numbers, dtype=np.uint64) for numbers in (ones, others))
    assert sort_once(first.copy()).tolist() == sorted(set(ones))
    assert contains(np.unique(first), second).tolist() == [number in ones for number in others]
    assert union(np.unique(first), second, np.arange(len(second)), None).tolist() == sorted({*ones, *others})


@given(st.lists(st.integers(0, 40), max_size=120))
def test_known_ids_are_a_set(numbers: list[int]) -> None:
    ids = [f"{number * 0x0123456789ABCDEF % (1 << 64):016x}" for number in numbers]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_ids, "_MOST_NEW", 3)
        patch.setattr(document_ids, "_LEAST_BITS", 3)
        known = KnownIds()
        assert [known.add(one) for one in ids] == [one not in ids[:place] for place, one in enumerate(ids)]
    assert id_texts(id_numbers(pa.array(ids, pa.string()))).to_pylist() == ids


@pytest.mark.parametrize("wrong", ["a", "g" * 16, "A" * 16])
def test_other_ids_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError):
        id_numbers(pa.array([wrong]))
