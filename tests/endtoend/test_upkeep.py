"""Dagster's own daemon with the sensor on: text is dropped in, a run and the daemon are killed with signal 9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

from tests.project import CHECKOUT, Place, make_place
from vernacular.core.store import Store
from vernacular.provenance.corpus_tables import read_rows

PATIENCE = 180.0  # seconds; a run takes about ten where nothing else runs
NEW = "Mbandi ngolo thambi se wapu dza ng'ono keli."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project that keeps its corpus up to date by itself."""
    made = make_place(tmp_path_factory.mktemp("upkeep"))
    file = made.folder / "languages" / "qaa" / "language.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["models"]["tiny"]["enabled"] = False
    settings["sources"].append({"name": "inbox", "kind": "inbox", "licence": "CC0-1.0", "consent": "contributor",
                                "register": "other", "trusted": True})
    file.write_text(yaml.safe_dump(settings | {"refresh": {"automatic": True}}), encoding="utf-8")
    (made.folder / "workspace.yaml").write_text((CHECKOUT / "workspace.yaml").read_text(encoding="utf-8"),
                                                encoding="utf-8")
    made.environment["VERNACULAR_POLL_SECONDS"] = "2"
    dagster(made, "sensor", "start", "upkeep")
    return made


def dagster(place: Place, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "dagster", *words, "-w", "workspace.yaml", "-l", "vernacular"],
                   cwd=place.folder, env=place.environment, check=True, capture_output=True, timeout=120)


@contextmanager
def daemon(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """Dagster's daemon; whatever it started is ended with it."""
    with (place.folder / "daemon.log").open("ab") as log, subprocess.Popen(
            [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", "workspace.yaml"], cwd=place.folder,
            env=place.environment, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(what: Callable[[], bool], place: Place) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, (place.folder / "daemon.log").read_text(encoding="utf-8")[-4000:]
        time.sleep(0.5)


def lines(place: Place, stage: str) -> list[str]:
    """What the current artifact of a stage holds, line by line; empty before there is one."""
    current = Store(place.artifacts).current("qaa", stage)
    if current is None:
        return []
    names = ("train", "dev", "test") if stage == "corpus/splits" else ("documents",)
    return [line for name in names for row in read_rows(current.folder / f"{name}.parquet")
            for line in row["text"].split("\n")]


def run_processes(place: Place) -> list[psutil.Process]:
    """The processes that hold the lock of a run of this project."""
    locks = {str(file) for file in place.folder.rglob(".running-*")}
    found = []
    for process in psutil.process_iter() if locks else ():
        try:
            if locks.intersection(file.path for file in process.open_files()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_a_run(place: Place) -> None:
    """Kill the process of the next run with signal 9, as soon as there is one."""
    end = time.monotonic() + PATIENCE
    while not (found := run_processes(place)):
        assert time.monotonic() < end, "no run was started"
        time.sleep(0.02)
    found[0].kill()


def drop(place: Place, name: str, line: str) -> None:
    inbox = place.folder / "languages" / "qaa" / "inbox"
    inbox.mkdir(exist_ok=True)
    file: Path = inbox / name
    file.write_text(f"{line}\n", encoding="utf-8")
    os.utime(file, (time.time() - 10, time.time() - 10))


@pytest.mark.slow
def test_text_that_is_dropped_in_reaches_the_splits_whatever_is_killed(place: Place) -> None:
    with daemon(place):
        wait_for(lambda: bool(lines(place, "corpus/splits")), place)
        drop(place, "one.txt", f"{NEW} Zoyamba.")
        kill_a_run(place)
        wait_for(lambda: f"{NEW} Zoyamba." in lines(place, "corpus/splits"), place)
    with daemon(place) as process:
        drop(place, "two.txt", f"{NEW} Zachiwiri.")
        wait_for(lambda: bool(run_processes(place)), place)
        process.kill()
    with daemon(place):
        wait_for(lambda: f"{NEW} Zachiwiri." in lines(place, "corpus/splits"), place)
    for name in ("one", "two"):
        assert lines(place, "corpus/documents").count(f"{NEW} {'Zoyamba' if name == 'one' else 'Zachiwiri'}.") == 1
