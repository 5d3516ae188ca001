"""Tables outlive a run, are whole or not there, and go when nobody needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cleaning import letter_tables
from tests.unit.cleaning.letter_tables import look, write
from vernacular.cleaning.cache import (
    SUFFIX,
    Library,
    batch_of,
    keys_of,
    lists_of,
    read_table,
    vectors_of,
    write_table,
)
from vernacular.cleaning.table_view import View
from vernacular.cleaning.workers import Recipe, Rows, tables_for
from vernacular.pipeline.stage import silent


@given(st.lists(st.tuples(st.sampled_from(["u1", "<u4", "<u8", "<f8"]), st.integers(0, 70)), max_size=5))
def test_a_table_reads_as_it_was_written(tmp_path_factory: pytest.TempPathFactory,
                                         shapes: list[tuple[str, int]]) -> None:
    path = tmp_path_factory.mktemp("tables") / f"a{SUFFIX}"
    batch = batch_of({str(number): lists_of(np.array([length], dtype=np.int64), {
        "plain": np.arange(length).astype(kind), "vectors": vectors_of(np.zeros((length, 3), dtype=kind))})
        for number, (kind, length) in enumerate(shapes)})
    write_table(path, batch)
    found = read_table(path)
    assert found is not None and found.equals(batch)


@pytest.mark.parametrize("damage", [lambda data: data[:-70], lambda data: data[:200] + b"\xff" + data[201:],
                                    lambda data: b"", lambda data: b"x" * 300, lambda data: data[:30]])
def test_a_damaged_table_is_made_again(tmp_path: Path, damage: Any) -> None:
    path = write(tmp_path / "rows.parquet", ["nda", "wa", "", "mchihema" * 30])
    texts = look(path, Library(tmp_path / "cache", "1"))
    table = next((tmp_path / "cache" / "1").glob(f"*{SUFFIX}"))
    whole = table.read_bytes()
    table.write_bytes(damage(whole))
    assert look(path, Library(tmp_path / "cache", "1")) == texts == ["nda", "wa", "", "mchihema" * 30]
    assert table.read_bytes() == whole


@given(st.lists(st.lists(st.integers(0, 30), max_size=40), min_size=1, max_size=6))
def test_any_sequence_of_rows_is_as_if_made_afresh(tmp_path_factory: pytest.TempPathFactory,
                                                   runs: list[list[int]]) -> None:
    folder = tmp_path_factory.mktemp("runs")
    for numbers in runs:
        texts = [str(number) * (number % 5) for number in numbers]
        assert look(write(folder / "rows.parquet", texts), Library(folder / "cache", "1")) == texts


def test_only_new_rows_are_worked_on(tmp_path: Path) -> None:
    path, lines = tmp_path / "rows.parquet", []
    write(path, [f"text {number}" for number in range(50)])
    library = Library(tmp_path / "cache", "1")
    tables_for(Rows.of(path), Recipe.of(letter_tables.__name__, {}), library, silent)
    write(path, [f"text {number}" for number in range(10, 53)])
    tables_for(Rows.of(path), Recipe.of(letter_tables.__name__, {}), Library(tmp_path / "cache", "1"), lines.append)
    assert lines == ["3 of 43 documents are new"]


def test_what_nobody_needs_goes(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    for number in range(40):
        look(write(path, [f"text {number}.{row}" for row in range(20)]), Library(tmp_path / "cache", "1"))
    assert len(list((tmp_path / "cache" / "1").iterdir())) <= 2
    kept: list[str] = []
    for number in range(40):
        kept.append(f"more {number}")
        assert look(write(path, kept), Library(tmp_path / "cache", "1")) == kept
    assert len(list((tmp_path / "cache" / "1").iterdir())) <= 20
    (tmp_path / "cache" / "1" / "x.part").write_bytes(b"half")
    library = Library(tmp_path / "cache", "2")
    library.tidy()
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == ["2"]


def test_no_rows_at_all(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write(path, [])
    assert look(path, Library(tmp_path / "cache", "1")) == []


@given(st.lists(st.integers(0, 119), max_size=200), st.integers(1, 9))
def test_entries_are_read_in_any_order_and_in_parts(entries: list[int], most: int) -> None:
    tables = [batch_of({"level": lists_of(np.array([3, 0, 2]), {
        "code": codes, "text": pa.array(map(str, codes.tolist()), pa.string())})})
        for codes in np.arange(120).reshape(-1, 5)]
    view = View(tables, np.arange(3 * len(tables)))
    places = np.array(entries, dtype=np.int64)
    assert view.take("level", "code", places).tolist() == entries
    assert view.values("level", "text", places).to_pylist() == list(map(str, entries))
    parts = [part.take("level", "code", part.entries("level")).tolist() for _, part in view.parts("level", most)]
    assert [code for part in parts for code in part] == list(range(120))
    assert all(len(part) <= max(most, 3) for part in parts)


def test_keys_differ() -> None:
    keys = keys_of(pa.table({"a": ["", "a", "b", "a", "a"], "b": [[], ["x"], ["x"], ["x"], ["x", ""]]}))
    assert (keys[1] == keys[3]).all() and len({tuple(key) for key in keys.tolist()}) == 4
