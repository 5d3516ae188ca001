"""Kills a run with signal 9 at random points of its stages, and says in what its artifacts differ from those of others.

When and what is killed comes from a seed. Processes, signals and disks are real.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.project import Place, surroundings
from vernacular.core.store import MANIFEST, Artifact, Store
from vernacular.release.attestation import SIGNATURE
from vernacular.release.verification import EVALUATION

VICTIMS = ("everything", "run", "stage")  # all processes, as in a power cut; the run alone; what computes the stage
PATIENCE = 300.0  # seconds for a stage to begin, or a process to end
# Keys of reports that hold measured time and what follows from it: no two runs have the same.
MEASURED = frozenset({"created", "seconds", "minutes", "memory_gib", "energy_kwh", "compute", "cost",
                      "training_minutes", "tokens_per_s", "predicted", "measured", "energy_kwh_estimated"})


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        stage: that is to be at work.
        delay: seconds after it has begun.
        victim: one of VICTIMS.
    """

    stage: str
    delay: float
    victim: str


def restarted(made: Place, folder: Path) -> Place:
    """A project of the same language and base as ``made``, in which nothing has been run."""
    shutil.copytree(made.folder / "languages", folder / "languages")
    shutil.copy(made.folder / "dagster.yaml", folder)
    return Place(folder, surroundings(folder))


def plan_kills(chance: random.Random, seconds: Mapping[str, float], count: int, last: str) -> list[Kill]:
    """Kills in the order of the stages, two of them in the stage ``last``.

    Args:
        chance: what they are drawn with.
        seconds: stage -> the time that it takes undisturbed, in the order of the run.
        count: how many.
        last: a stage that is in every plan.
    """
    order = list(seconds)
    drawn = sorted([*chance.choices(order, k=count - 2), last, last], key=order.index)
    return [Kill(stage, chance.uniform(0, seconds[stage] + 0.3), chance.choice(VICTIMS)) for stage in drawn]


def run_and_kill(place: Place, kill: Kill) -> bool:
    """Start a run and kill it; False if it came to its end all the same.

    Raises:
        AssertionError: a process outlives what was killed.
    """
    home, began = place.artifacts / "qaa" / kill.stage, time.time()
    with subprocess.Popen([sys.executable, "-m", "vernacular", "run", "qaa"], cwd=place.folder, env=place.environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        end = time.monotonic() + PATIENCE
        while run.poll() is None and not (_written_since(home, began) or (home / "current").is_file()):
            assert time.monotonic() < end, f"{kill}: was not begun"
            time.sleep(0.005)
        time.sleep(kill.delay)
        if run.poll() is not None:
            return False
        family = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
        _send(kill.victim, family)
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert not alive, f"{kill}: {[process.cmdline() for process in alive]} outlives it"
    return run.returncode != 0


def _written_since(home: Path, began: float) -> bool:
    """Whether a stage has run since: it makes its folder for results again, also after a kill."""
    for out in home.glob(".work-*/out"):
        with suppress(FileNotFoundError):
            if out.stat().st_mtime >= began:
                return True
    return False


def _send(victim: str, family: Sequence[psutil.Process]) -> None:
    run, *below = family
    if victim == "stage":  # a heavy stage is computed by a process that the warm one forked, a light one by the run
        family = [process for one in below for process in _forked(one, run.pid)] or [run]
    elif victim == "run":
        family = [run]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


def _forked(process: psutil.Process, run: int) -> list[psutil.Process]:
    """What ``process`` forked, if it is the warm process of ``run``; it may end meanwhile."""
    with suppress(psutil.NoSuchProcess):
        if process.ppid() == run and "multiprocessing.forkserver" in " ".join(process.cmdline()):
            return process.children()
    return []


def state_of(place: Place, stages: Sequence[str]) -> dict[str, str]:
    """Every file of the current artifacts -> digest of its bytes, without the time that was measured.

    Raises:
        AssertionError: there is no artifact, one is not whole, or something half-written is beside it.
    """
    store, found = Store(place.artifacts), dict[str, str]()
    for stage in stages:
        artifact = store.current("qaa", stage)
        assert artifact is not None, stage
        home = artifact.folder.parent
        extra = {path.name for path in home.iterdir()} - {"current", ".lock", artifact.manifest.key}
        assert not extra, f"{stage}: {extra}"
        for path, data in _files_of(artifact):
            found[f"{stage}/{artifact.manifest.key}/{path}"] = hashlib.sha256(data).hexdigest()
    return found


def _files_of(artifact: Artifact) -> Iterator[tuple[str, bytes]]:
    on_disk = {path.relative_to(artifact.folder).as_posix() for path in artifact.folder.rglob("*") if path.is_file()}
    assert on_disk == {*artifact.manifest.files, MANIFEST}, artifact.folder
    for name in sorted(on_disk):
        data = (artifact.folder / name).read_bytes()
        if name != MANIFEST:
            assert len(data) == artifact.manifest.files[name], artifact.folder / name
        yield name, without_time(name, data)


def without_time(name: str, data: bytes) -> bytes:
    """The bytes of a file of an artifact without the time that was measured and what follows from it."""
    if name == SIGNATURE:  # it holds the digests of files with measured time
        return b""
    if name == "README.md":
        return re.sub(rb"(?m)^\|.*(minutes|energy|kWh).*\n(\|.*\n)+", b"", data)
    if name not in (MANIFEST, EVALUATION):
        return data
    found = _without_time(json.loads(data))
    if name == MANIFEST and EVALUATION in found["files"]:
        del found["data_version"]
        found["files"] = sorted(found["files"])
    return json.dumps(found, sort_keys=True).encode()


def _without_time(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _without_time(value) for name, value in data.items() if name not in MEASURED}
    return [_without_time(value) for value in data] if isinstance(data, list) else data
