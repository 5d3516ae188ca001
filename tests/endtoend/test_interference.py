"""Other programs at work meanwhile: a second run, a renamed folder, a locked history."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.dagster_internals import set_patience
from tests.endtoend.faults import LINES, SOURCE, everything_is_whole, make, reasons, small, texts_in
from tests.unit.pipelines.world import World
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import TransientProblem
from vernacular.core.store import Store
from vernacular.corpus import ingest as documents
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage


def _both(language: Language, root: Path, start: Any, outcomes: Any) -> None:
    start.wait()
    try:
        make(language, Store(root))
        outcomes.put("done")
    except TransientProblem as problem:
        outcomes.put(str(problem))


def test_two_runs_of_one_language_at_once_leave_what_one_leaves(tmp_path: Path) -> None:
    language = load_language(small(tmp_path / "languages"))
    wanted = make(language, Store(tmp_path / "alone"))
    fork = multiprocessing.get_context("fork")
    for number in range(2):
        start, outcomes, root = fork.Barrier(2), fork.Queue(), tmp_path / f"shared{number}"
        both = [fork.Process(target=_both, args=(language, root, start, outcomes)) for _ in range(2)]
        for process in both:
            process.start()
        answers = sorted(outcomes.get(timeout=120) for _ in both)
        for process in both:
            process.join(120)
            assert process.exitcode == 0
        assert "done" in answers or all("VN-STAGE-BUSY" in answer for answer in answers), answers
        everything_is_whole(Store(root), "qaa")
        assert make(language, Store(root)) == wanted


def test_what_another_process_finished_meanwhile_is_not_made_again(tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    language, store = load_language(small(tmp_path / "languages")), Store(tmp_path / "store")
    first, workspace = stages(language)[0], Store.workspace
    inodes: list[int] = []

    def late(own: Store, code: str, stage: str, key: str) -> Any:  # between the look and the lock
        monkeypatch.setattr(Store, "workspace", workspace)
        artifact = run_stage(first, language, Store(store.root))
        inodes.append((artifact.folder / "documents.parquet").stat().st_ino)
        return workspace(own, code, stage, key)

    monkeypatch.setattr(Store, "workspace", late)
    artifact = run_stage(first, language, store)
    assert [(artifact.folder / "documents.parquet").stat().st_ino] == inodes
    assert not list(artifact.folder.parent.glob(".work-*"))


def test_a_locked_history_costs_a_tick_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world.project.languages)
    set_patience(monkeypatch, 1)
    database, = Path(world.instance.root_directory).rglob("index.db")
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Exception, match="database is locked"):
            world.tick()
    world.cursor = None  # of a tick that failed Dagster keeps nothing
    request, = world.tick().run_requests or ()
    assert world.run(request) and world.settle() == []


def rename_while_reading(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[[], None]:
    """Have the folder renamed when the first row of the ledger is written; returns what puts it back."""
    write, away = documents.write_tables, folder.with_name("_away")

    def meanwhile(path: Path, schema: Any, tables: Any) -> int:
        if folder.exists():
            folder.rename(away)
        return write(path, schema, tables)

    monkeypatch.setattr(documents, "write_tables", meanwhile)

    def back() -> None:
        monkeypatch.setattr(documents, "write_tables", write)
        away.rename(folder)

    return back


@pytest.mark.parametrize("kind", ["inbox", "files"])
def test_a_folder_renamed_in_mid_run_is_no_empty_folder(world: World, kind: str,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"inbox": {"folder": "text"}, "files": {"files": "text/*/*.txt"}}[kind]
    folder = small(world.project.languages, sources=[{"name": "first", "kind": "inbox", **SOURCE},
                                 {"name": "text", "kind": kind, **more, **SOURCE}])
    (folder / "inbox").mkdir()
    (folder / "inbox" / "a.txt").write_text("\n".join(LINES), encoding="utf-8")
    os.utime(folder / "inbox" / "a.txt", (0, 0))
    back = rename_while_reading(monkeypatch, folder)
    request, = world.tick().run_requests or ()
    definitions = world.definitions()
    monkeypatch.setattr(world, "definitions", lambda: definitions)  # what was loaded while the folder was there
    assert not world.run(request)
    run, = world.instance.get_runs()
    assert "deleted or renamed" in reasons(world.instance, run.run_id)
    assert Store(world.project.artifacts).current("qaa", "corpus/documents") is None
    assert not world.tick().run_requests  # there is no such language now
    back()
    world.now += 301
    again, = world.tick().run_requests or ()
    assert world.run(again) and world.settle() == []
    current = Store(world.project.artifacts).current("qaa", "corpus/documents")
    assert current is not None and len(texts_in(current.folder, "documents.parquet")) == 12 + len(LINES)

