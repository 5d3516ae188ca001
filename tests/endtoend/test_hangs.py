"""A server and a disk that do not respond delay no other language."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from pipelines.refresh_sensor import Upkeep
from tests.endtoend.faults import LINES, SOURCE, small, texts_in, wait_for
from tests.site import Answer, LoopbackSite
from tests.unit.pipelines.world import World
from vernacular.core.store import Store


@pytest.fixture
def hang(tmp_path: Path) -> Iterator[Callable[[Path], Callable[[], None]]]:
    """Mount a disk that does not respond over a folder; returns a function that unmounts it."""
    libc, mounted = ctypes.CDLL(None), dict[int, Path]()  # by what the kernel asks through

    def take(kernel: int) -> None:
        if place := mounted.pop(kernel, None):
            os.close(kernel)  # a waiting process gets an error
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
            assert reason is not None and "qaa" in str(reason.skip_message)
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
    monkeypatch.setattr("pipelines.language_snapshot.LOOK_SECONDS", 600.0)
    small(world.project.languages, "qab")
    began = time.monotonic()
    asked = [request.tags["language"] for request in world.tick().run_requests or ()]
    assert asked == ["qab"] and time.monotonic() - began < 300
    away()
    (folder / "inbox" / "b.txt").write_text("Mbandi ngolo thambi se wapu dza mvula keli.\n", encoding="utf-8")
    os.utime(folder / "inbox" / "b.txt", (0, 0))
    wait_for(world.upkeep._looks._away["qaa"].done)
    assert "qaa" in [request.tags["language"] for request in world.settle()]
    current = Store(world.project.artifacts).current("qaa", "corpus/documents")
    assert current is not None and len(texts_in(current.folder, "documents.parquet")) == 12 + len(LINES) + 1

