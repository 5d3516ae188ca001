"""Processes that work on batches: the same as in one process, one clear error, and none outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.cleaning import letter_tables
from tests.unit.cleaning.letter_tables import look, write
from vernacular.cleaning import workers
from vernacular.cleaning.cache import Library
from vernacular.cleaning.ray_batches import TableFunction
from vernacular.core.errors import Problem

TEXTS = [f"text {number}" * 20 for number in range(400)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes and batches for little text."""
    monkeypatch.setattr(workers, "BATCH", 5_000)
    monkeypatch.setattr(workers, "_ALONE", 1)
    monkeypatch.setattr(workers, "_processors", lambda: 2)


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_processes_make_the_same_tables_as_one(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "rows.parquet", TEXTS)
    assert look(path, Library(tmp_path / "many", "1")) == TEXTS
    monkeypatch.setattr(workers, "_ALONE", 1 << 40)
    assert look(path, Library(tmp_path / "one", "1")) == TEXTS
    assert tables(tmp_path / "many") == tables(tmp_path / "one") and len(tables(tmp_path / "one")) > 5


@pytest.mark.parametrize(("spec", "kind", "expected"), [({"problem": True}, Problem, "here: bad text. Mend it"),
                                                    ({"error": True}, ValueError, "no such thing")])
def test_an_error_in_a_process_is_one_clear_error(small: None, tmp_path: Path, spec: dict[str, bool],
                                                  kind: type[Exception], expected: str) -> None:
    path = write(tmp_path / "rows.parquet", [*TEXTS[:300], "bad", *TEXTS[300:]])
    with pytest.raises(kind, match=expected):
        look(path, Library(tmp_path / "cache", "1"), spec)
    assert look(path, Library(tmp_path / "cache", "1"))[300] == "bad"


def test_a_process_that_is_killed_is_a_problem(small: None, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.parquet", [*TEXTS, "bad"])
    with pytest.raises(Problem, match="VN-STAGE-STOPPED"):
        look(path, Library(tmp_path / "cache", "1"), {"kill": True})
    assert look(path, Library(tmp_path / "cache", "1"))[-1] == "bad"


def test_no_process_outlives_one_that_is_killed(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.parquet", TEXTS)
    code = ("import sys, time\nfrom pathlib import Path\nfrom vernacular.cleaning import workers\n"
            "from vernacular.cleaning.cache import Library\nfrom tests.unit.cleaning.test_workers import slow\n"
            "workers.BATCH, workers._ALONE, workers._processors = 5000, 1, lambda: 2\nslow(Path(sys.argv[1]))\n")
    mark = f"--mark-{os.getpid()}-{tmp_path.name}"
    parent = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=Path(__file__).parents[3],
                              env={**os.environ, "MARK": mark, "PYTHONPATH": str(Path(__file__).parents[3])})
    wait_for(lambda: len(with_mark(mark)) >= 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not with_mark(mark))


@pytest.mark.slow
def test_a_ray_cluster_makes_the_same_tables(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    path = write(tmp_path / "rows.parquet", TEXTS)
    assert look(path, Library(tmp_path / "here", "1")) == TEXTS
    monkeypatch.setenv("VERNACULAR_BATCHES", "ray")
    ray.init(num_cpus=1, include_dashboard=False, object_store_memory=80_000_000, runtime_env={
        "env_vars": {"PYTHONPATH": str(Path(__file__).parents[3])}})
    try:
        assert look(path, Library(tmp_path / "there", "1")) == TEXTS
    finally:
        ray.shutdown()
    assert tables(tmp_path / "there") == tables(tmp_path / "here")


def test_an_empty_block_of_a_cluster_is_no_table(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray gives one where a batch went to another block; this engine does so behind every batch."""
    def blocks(batches: Iterator[pa.Table], function: TableFunction) -> Iterator[pa.Table]:
        for batch in batches:
            table = function(batch)
            yield from (table, table.schema.empty_table())

    path = write(tmp_path / "rows.parquet", TEXTS)
    monkeypatch.setenv("VERNACULAR_BATCHES", "ray")
    monkeypatch.setattr(workers, "run_on_ray", blocks)
    assert look(path, Library(tmp_path / "cache", "1")) == TEXTS


def test_other_engines_than_ray_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNACULAR_BATCHES", "spark")
    with pytest.raises(Problem, match=r"VERNACULAR_BATCHES.*VN-ENVIRONMENT"):
        look(write(tmp_path / "rows.parquet", TEXTS[:2]), Library(tmp_path / "cache", "1"))


def slow(path: Path) -> None:
    """Have batches worked on that take a while."""
    letter_tables.look(path, Library(path.parent / "cache", "1"), {"wait": 0.3})


def wait_for(met: object, limit: float = 180.0) -> None:
    end = time.monotonic() + limit
    while not met():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def with_mark(mark: str) -> list[str]:
    """Processes with ``mark`` in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in entry.read_bytes() and b"spawn_main" in (entry.parent / "cmdline").read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found
