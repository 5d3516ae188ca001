"""A disk that is full, below artifacts, a run of the sensor and a crawl."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterRunStatus

from tests.endtoend.faults import SOURCE, everything_is_whole, make, reasons, small, texts_in
from tests.generate import make_documents
from tests.site import Answer, LoopbackSite
from tests.unit.pipelines.world import World
from vernacular.config.load import load_language
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import TransientProblem, as_problem
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.pipeline.stage import silent
from vernacular.sources import open_source, place_of
from vernacular.sources.fetch_schedule import fetch


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)],
                                      capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, room: int) -> None:
    """Leave so many bytes on the disk."""
    (disk / "ballast").unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free
    (disk / "ballast").write_bytes(b"x" * max(0, free - room))


def test_wherever_the_disk_is_full_it_is_reported_and_every_artifact_is_whole(tmp_path: Path, disk: Path) -> None:
    language = load_language(small(tmp_path / "languages"))
    store, failed_at = Store(disk / "artifacts"), []
    for room in (0, 4_096, 20_000, 45_000, 90_000, 140_000, 200_000):
        fill(disk, room)
        try:
            make(language, store)
        except Exception as error:
            problem = as_problem(error, "here")
            assert isinstance(problem, TransientProblem) and problem.code == "VN-DISK-FULL", repr(error)
            failed_at.append(room)
        (disk / "ballast").unlink()
        everything_is_whole(store, "qaa")
    assert len(failed_at) >= 3, failed_at
    assert make(language, store) == make(language, Store(tmp_path / "fresh"))
    assert not list(store.root.rglob("*.part")), "a partial file is left"


def test_a_run_on_a_full_disk_is_requested_again_after_a_while(world: World, disk: Path) -> None:
    small(world.project.languages)
    world.project = world.upkeep.project = Project(world.project.home, world.project.languages, disk / "artifacts")
    fill(disk, 30_000)
    first, = world.tick().run_requests or ()
    assert not world.run(first)
    run, = world.instance.get_runs()
    assert run.status == DagsterRunStatus.FAILURE and "the disk is full" in reasons(world.instance, run.run_id)
    assert not world.tick().run_requests  # nothing has changed
    (disk / "ballast").unlink()
    assert not world.tick().run_requests  # it does not notice
    world.now += 301
    again, = world.tick().run_requests or ()
    assert world.run(again) and world.settle() == []
    current = Store(world.project.artifacts).current("qaa", "corpus/documents")
    assert current is not None and len(texts_in(current.folder, "documents.parquet")) == 12


def test_a_crawl_onto_a_full_disk_ends_and_continues_later(tmp_path: Path, disk: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    root, now, noise, messages = disk / "artifacts", time.time(), random.Random(1), list[str]()
    with LoopbackSite({"/robots.txt": Answer(b"", type="text/plain")}) as site:
        for number, words in enumerate(make_documents(36)["river"]):  # with 40 kB each that take 20 when packed
            site.pages[f"/{number}.html"] = (f"<html><body><article><p>{words}</p></article>"
                                             f"<!--{noise.randbytes(20_000).hex()}--></body></html>")
        language = load_language(small(tmp_path / "languages", sources=[{
            "name": "web", "kind": "crawl", "start": [f"{site.url}/{number}.html" for number in range(12)], **SOURCE,
            "contact": "tests@example.org", "delay_seconds": 0, "private_addresses": True}]))
        fill(disk, 400_000)
        problem, = fetch(language, root, messages.append)
        assert Code.DISK_FULL in str(problem) and not any("FAULT" in line for line in messages), messages
        (disk / "ballast").unlink()
        monkeypatch.setattr(clock, "read", lambda: now + 600)
        assert fetch(language, root, silent) == []
        source, = language.sources
        documents = open_source(source, place_of(language, source, root)).documents(silent)
        assert {document.path for document in documents} == {
            f"{site.url}{path}" for path in site.pages if "html" in path}

