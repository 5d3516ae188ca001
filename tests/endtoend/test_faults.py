"""What goes wrong around a language: a full disk, two runs at once, a folder that goes away, a locked history, a hang.

After each: nothing is lost, nothing half-written counts as whole, what Dagster shows is true, and the next tick heals.
docs/explanation/faults.md lists these and the tests elsewhere.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRunStatus
from filelock import FileLock

from pipelines import run_locks as bookkeeping
from pipelines.refresh_sensor import Upkeep
from pipelines.run_locks import LAUNCH_SECONDS, STARTED_BY, end_dead_runs
from tests.dagster_internals import set_patience
from tests.generate import TINY_MODEL, make_documents, write_language
from tests.site import Answer, LoopbackSite
from tests.unit.pipelines.world import World
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core import clock
from vernacular.core.errors import TransientProblem, as_problem
from vernacular.core.project import Project
from vernacular.core.store import Artifact, Store
from vernacular.corpus import ingest as documents
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage, silent
from vernacular.provenance.corpus_tables import read_rows
from vernacular.sources import open_source, place_of
from vernacular.sources.fetch_schedule import fetch

SOURCE = {"licence": "CC0-1.0", "consent": "contributor", "register": "other"}
LINES = [f"Mbandi ngolo thambi se wapu dza {word} keli." for word in ("moto", "madzi", "mbale", "nyama", "phiri")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A project whose history is in SQLite files, as that of ``make ui`` is."""
    home = tmp_path / "home"
    home.mkdir()
    with DagsterInstance.local_temp(str(home)) as instance:
        yield World(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"), instance)


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


@pytest.fixture
def hang(tmp_path: Path) -> Iterator[Callable[[Path], Callable[[], None]]]:
    """Put a disk that answers nothing onto a folder; returns what takes it away, whoever waits for it."""
    libc, mounted = ctypes.CDLL(None), dict[int, Path]()  # by what the kernel asks through

    def take(kernel: int) -> None:
        if place := mounted.pop(kernel, None):
            os.close(kernel)  # whoever waits is told that nobody will answer
            subprocess.run(["umount", "--lazy", str(place)], check=True)

    def put(place: Path) -> Callable[[], None]:
        try:
            kernel = os.open("/dev/fuse", os.O_RDWR)
        except OSError:
            pytest.skip("there is no /dev/fuse here")
        options = f"fd={kernel},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()}"
        if libc.mount(b"hangs", bytes(place), b"fuse", 0, options.encode()):
            os.close(kernel)
            pytest.skip("a disk can be mounted by root alone")
        mounted[kernel] = place
        return partial(take, kernel)

    yield put
    for kernel in [*mounted]:
        take(kernel)


def small(root: Path, code: str = "qaa", **more: Any) -> Path:
    """A language of twelve texts that is kept up to date, and quickly cleaned."""
    return write_language(root, code, documents=12, refresh={"automatic": True}, identification={"rejecters": []},
                          models={"tiny": {**TINY_MODEL, "enabled": False}}, **more)


def fill(disk: Path, room: int) -> None:
    """Leave so many bytes on the disk."""
    (disk / "ballast").unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free
    (disk / "ballast").write_bytes(b"x" * max(0, free - room))


def texts_in(folder: Path, *names: str) -> list[str]:
    return sorted(row["text"] for name in names for row in read_rows(folder / name))


def make(language: Language, store: Store) -> dict[str, str]:
    """Run the stages of the corpus; the data versions."""
    return {stage.name: run_stage(stage, language, store).manifest.data_version for stage in stages(language)}


def everything_is_whole(store: Store, code: str) -> None:
    """Every artifact that can be found holds what its manifest says."""
    for manifest in store.root.glob(f"{code}/*/*/*/manifest.json"):
        if manifest.parent.parent.name != "out" and not manifest.parent.name.startswith("."):
            for name, size in Artifact(manifest.parent).manifest.files.items():
                assert (manifest.parent / name).stat().st_size == size, manifest.parent / name


def test_wherever_the_disk_is_full_it_is_said_and_what_is_there_is_whole(tmp_path: Path, disk: Path) -> None:
    language = load_language(small(tmp_path / "languages"))
    store, said = Store(disk / "artifacts"), []
    for room in (0, 4_096, 20_000, 45_000, 90_000, 140_000, 200_000):
        fill(disk, room)
        try:
            make(language, store)
        except Exception as error:
            problem = as_problem(error, "here")
            assert isinstance(problem, TransientProblem) and "disk is full" in str(problem), repr(error)
            said.append(room)
        (disk / "ballast").unlink()
        everything_is_whole(store, "qaa")
    assert len(said) >= 3, said
    assert make(language, store) == make(language, Store(tmp_path / "fresh"))
    assert not list(store.root.rglob("*.part")), "what a full disk cut off lies about"


def test_a_run_on_a_full_disk_is_asked_for_again_after_a_while(world: World, disk: Path) -> None:
    small(world.project.languages)
    world.project = world.upkeep.project = Project(world.project.home, world.project.languages, disk / "artifacts")
    fill(disk, 30_000)
    first, = world.tick().run_requests or ()
    assert not world.run(first)
    run, = world.instance.get_runs()
    assert run.status == DagsterRunStatus.FAILURE and "the disk is full" in reasons(world.instance, run.run_id)
    assert not world.tick().run_requests  # what would be different?
    (disk / "ballast").unlink()
    assert not world.tick().run_requests  # nobody has told it
    world.now += 301
    again, = world.tick().run_requests or ()
    assert world.run(again) and world.settle() == []
    current = Store(world.project.artifacts).current("qaa", "corpus/documents")
    assert current is not None and len(texts_in(current.folder, "documents.parquet")) == 12


def test_a_crawl_onto_a_full_disk_ends_and_goes_on_later(tmp_path: Path, disk: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    root, now, noise, said = disk / "artifacts", time.time(), random.Random(1), list[str]()
    with LoopbackSite({"/robots.txt": Answer(b"", type="text/plain")}) as site:
        for number, words in enumerate(make_documents(36)["river"]):  # with 40 kB each that take 20 when packed
            site.pages[f"/{number}.html"] = (f"<html><body><article><p>{words}</p></article>"
                                             f"<!--{noise.randbytes(20_000).hex()}--></body></html>")
        language = load_language(small(tmp_path / "languages", sources=[{
            "name": "web", "kind": "crawl", "start": [f"{site.url}/{number}.html" for number in range(12)], **SOURCE,
            "contact": "tests@example.org", "delay_seconds": 0, "private_addresses": True}]))
        fill(disk, 400_000)
        problem, = fetch(language, root, said.append)
        assert "the disk is full" in str(problem) and not any("FAULT" in line for line in said), said
        (disk / "ballast").unlink()
        monkeypatch.setattr(clock, "read", lambda: now + 600)
        assert fetch(language, root, silent) == []
        source, = language.sources
        found = open_source(source, place_of(language, source, root)).documents(silent)
        assert {document.path for document in found} == {f"{site.url}{path}" for path in site.pages if "html" in path}


def reasons(instance: DagsterInstance, run_id: str) -> str:
    """What the page of a run says of its failures."""
    return "\n".join(str(data.user_failure_data.description) for entry in instance.all_logs(run_id)
                     if (event := entry.dagster_event) and event.is_step_failure
                     and (data := event.step_failure_data).user_failure_data)


def _both(language: Language, root: Path, start: Any, said: Any) -> None:
    start.wait()
    try:
        make(language, Store(root))
        said.put("done")
    except TransientProblem as problem:
        said.put(str(problem))


def test_two_runs_of_one_language_at_once_leave_what_one_leaves(tmp_path: Path) -> None:
    language = load_language(small(tmp_path / "languages"))
    wanted = make(language, Store(tmp_path / "alone"))
    fork = multiprocessing.get_context("fork")
    for number in range(2):
        start, said, root = fork.Barrier(2), fork.Queue(), tmp_path / f"shared{number}"
        both = [fork.Process(target=_both, args=(language, root, start, said)) for _ in range(2)]
        for process in both:
            process.start()
        answers = sorted(said.get(timeout=120) for _ in both)
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


def test_a_run_killed_before_its_first_resource_does_not_block_its_language(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world.project.languages)
    request, = world.tick().run_requests or ()
    job = world.definitions().resolve_implicit_global_asset_job_def()
    run = world.instance.create_run_for_job(job, tags=dict(request.tags), status=DagsterRunStatus.STARTING)
    started = time.time()
    monkeypatch.setattr(clock, "read", lambda: started + LAUNCH_SECONDS - 60)
    assert end_dead_runs(world.instance) == 0  # it may be on its way: a large code location takes long to load
    monkeypatch.setattr(clock, "read", lambda: started + LAUNCH_SECONDS + 60)
    again, = world.tick().run_requests or ()
    found = world.instance.get_run_by_id(run.run_id)
    assert found is not None and found.status == DagsterRunStatus.FAILURE
    assert world.run(again) and world.settle() == []


def test_a_run_that_ends_while_the_dead_are_looked_for_is_not_called_dead(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world.project.languages)
    request, = world.tick().run_requests or ()
    job = world.definitions().resolve_implicit_global_asset_job_def()
    run = world.instance.create_run_for_job(job, tags={**request.tags, **STARTED_BY}, status=DagsterRunStatus.STARTED)
    of_run = bookkeeping.lock_of

    def ends_meanwhile(instance: DagsterInstance, run_id: str) -> FileLock:
        instance.report_dagster_event(DagsterEvent(DagsterEventType.RUN_SUCCESS.value, run.job_name), run_id)
        return of_run(instance, run_id)

    monkeypatch.setattr(bookkeeping, "lock_of", ends_meanwhile)
    assert end_dead_runs(world.instance) == 0
    found = world.instance.get_run_by_id(run.run_id)
    assert found is not None and found.status == DagsterRunStatus.SUCCESS


def test_a_server_that_hangs_holds_up_neither_the_tick_nor_another_language(world: World) -> None:
    with LoopbackSite({"/dump.xml.bz2": Answer(b"late", delay=600)}) as site:
        small(world.project.languages, "qaa", sources=[{"name": "wiki", "kind": "wikipedia", "wiki": "lg", **SOURCE,
                                    "dump": f"{site.url}/dump.xml.bz2"}])
        small(world.project.languages, "qab")
        world.upkeep = Upkeep(world.project, lambda: world.now)  # with the real way to start a fetch
        try:
            began = time.monotonic()
            requests = world.tick().run_requests or ()
            assert time.monotonic() - began < 60, "the tick waited for the server"
            assert [request.tags["language"] for request in requests] == ["qab"]
            fetch, = world.upkeep._fetches
            end = time.monotonic() + 120
            while not site.asked() and time.monotonic() < end:
                time.sleep(0.05)
            assert fetch.poll() is None
            reason = world.tick().skip_reason
            assert reason is not None and "qaa: is being fetched" in str(reason.skip_message)
        finally:
            for process in world.upkeep._fetches:
                process.kill()
                process.wait()
        requests = world.tick().run_requests or ()
        assert not requests and len(world.upkeep._fetches) == 1  # a fetch that is gone is begun again
        for process in world.upkeep._fetches:
            process.kill()
            process.wait()


def test_a_disk_that_hangs_holds_up_no_other_language(
        world: World, hang: Callable[[Path], Callable[[], None]], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small(world.project.languages, sources=[
        {"name": "text", "kind": "files", "files": "text/*/*.txt", **SOURCE},
        {"name": "inbox", "kind": "inbox", **SOURCE}])
    (folder / "inbox").mkdir()
    (folder / "inbox" / "a.txt").write_text("\n".join(LINES), encoding="utf-8")
    os.utime(folder / "inbox" / "a.txt", (0, 0))
    assert world.settle()
    monkeypatch.setattr("pipelines.language_snapshot.LOOK_SECONDS", 2.0)
    away = hang(folder / "inbox")
    world.tick()
    assert "qaa: it does not respond" in world.warnings[-1]
    small(world.project.languages, "qab")
    began = time.monotonic()
    asked = [request.tags["language"] for request in world.tick().run_requests or ()]
    assert asked == ["qab"] and time.monotonic() - began < 2.0
    away()
    (folder / "inbox" / "b.txt").write_text("Mbandi ngolo thambi se wapu dza mvula keli.\n", encoding="utf-8")
    os.utime(folder / "inbox" / "b.txt", (0, 0))
    monkeypatch.setattr("pipelines.language_snapshot.LOOK_SECONDS", 30.0)
    wait_for(world.upkeep._looks._away["qaa"].done)
    assert "qaa" in [request.tags["language"] for request in world.settle()]
    current = Store(world.project.artifacts).current("qaa", "corpus/documents")
    assert current is not None and len(texts_in(current.folder, "documents.parquet")) == 12 + len(LINES) + 1


@contextmanager
def webserver(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], dict[str, str]]]]:
    """Dagster's webserver on a history, and what it says of the runs: id -> status; killed with signal 9 in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER")}
    query = urllib.parse.urlencode({"query": "{runsOrError {... on Runs {results {runId status}}}}"})

    def runs() -> dict[str, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/graphql?{query}", timeout=60) as answer:
            return {run["runId"]: run["status"] for run in json.load(answer)["data"]["runsOrError"]["results"]}

    with subprocess.Popen([sys.executable, "-m", "dagster_webserver", "--empty-workspace", "-h", "127.0.0.1", "-p",
                           str(port)], env={**environment, "DAGSTER_HOME": str(home)}, cwd=home,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: answers(runs))
            yield process, runs
        finally:
            process.kill()


def answers(runs: Callable[[], dict[str, str]]) -> bool:
    try:
        return runs() is not None
    except OSError:
        return False


def wait_for(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 180
    while not met():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_a_killed_webserver_stops_no_run_and_shows_the_truth_when_it_is_back(
        world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world.project.languages)
    home, write = Path(world.instance.root_directory), documents.write_tables

    def in_time(path: Path, schema: Any, tables: Any) -> int:  # the run is not to be over before the webserver is
        wait_for((tmp_path / "killed").exists)
        return write(path, schema, tables)

    monkeypatch.setattr(documents, "write_tables", in_time)
    request, = world.tick().run_requests or ()
    with webserver(home) as (process, runs):
        run = multiprocessing.get_context("fork").Process(target=world.run, args=(request,))
        run.start()
        wait_for(lambda: "STARTED" in runs().values())
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    (tmp_path / "killed").touch()
    run.join(180)
    assert run.exitcode == 0
    with webserver(home) as (_, runs):
        assert list(runs().values()) == ["SUCCESS"]
    assert world.settle() == []
