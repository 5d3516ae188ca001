"""A heavy stage on a Ray cluster of one node: the same bytes as beside the run; no task outlives who waits for it."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.endtoend.launched import CHILD, an_interrupt_reaches_it, its_lines_and_end_come_back, launched, wait_for
from tests.project import CHECKOUT, Place
from vernacular.core.codes import Code

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None,
                                reason="ray is not installed (pip install -c constraints.txt -e '.[ray]')")
WORKER = "_run pid="  # in Ray's mark before each line that a worker writes


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """The environment in which a new cluster is found: one core, little memory, open to those who know its token."""
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
                   "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(CHECKOUT)}
    folder = tempfile.mkdtemp(prefix="ray-")  # short: sockets are in it
    head = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--port={port}", "--num-cpus=1",
         "--include-dashboard=false", "--object-store-memory=80000000", f"--temp-dir={folder}"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert head.stdout is not None
    output = ""
    for line in head.stdout:
        output += line
        if "Ray runtime started" in line:
            break
    else:
        pytest.fail(output)
    yield {**environment, "RAY_ADDRESS": f"{socket.gethostbyname(socket.gethostname())}:{port}"}
    head.terminate()
    head.wait(60)
    shutil.rmtree(folder, ignore_errors=True)


on_ray = partial(launched, "pipelines.on_ray")


def test_a_stage_gives_the_same_bytes_there(cluster: dict[str, str], with_corpus: Callable[..., Place],
                                            tmp_path: Path) -> None:
    here = with_corpus(tmp_path / "here", steps=20)
    done = here.run("run", "qaa", "--to", "model/tiny")
    assert done.returncode == 0, done.stdout + done.stderr
    assert WORKER not in here.written
    shutil.copytree(here.folder, tmp_path / "there")
    environment = {name: value.replace(str(here.folder), str(tmp_path / "there"))
                   for name, value in here.environment.items()}
    environment |= {name: value for name, value in cluster.items() if name.startswith("RAY_")}
    environment["VERNACULAR_LAUNCH"] = f"{sys.executable} -m pipelines.on_ray --cpus 1 --"
    there = Place(tmp_path / "there", environment)
    shutil.rmtree(there.artifacts / "qaa" / "model")
    done = there.run("run", "qaa", "--to", "model/tiny")
    assert done.returncode == 0, done.stdout + done.stderr
    assert WORKER in there.written
    assert "libraries wrote" not in done.stderr
    for name in ("model/model.safetensors", "curve.json"):
        assert (trained(here) / name).read_bytes() == (trained(there) / name).read_bytes()


def trained(place: Place) -> Path:
    home = place.artifacts / "qaa" / "model" / "tiny"
    return home / (home / "current").read_text().strip()


def test_what_the_command_writes_and_its_end_come_back(cluster: dict[str, str]) -> None:
    its_lines_and_end_come_back(partial(on_ray, cluster))


def test_an_interrupt_reaches_the_command(cluster: dict[str, str], tmp_path: Path) -> None:
    an_interrupt_reaches_it(partial(on_ray, cluster), tmp_path / "said")


@pytest.mark.parametrize("who", ["itself", "its parent"])
def test_nothing_goes_on_when_who_waits_is_killed(who: str, cluster: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "said"
    command = ["--", sys.executable, "-c", CHILD, str(output)]
    if who == "itself":
        waiting = on_ray(cluster, *command)
    else:
        parent = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'pipelines.on_ray', *sys.argv[1:]])"
        waiting = subprocess.Popen([sys.executable, "-c", parent, *command], cwd=CHECKOUT, env=cluster)
    wait_for(output, "3")
    waiting.send_signal(signal.SIGKILL)
    waiting.wait()
    end = time.monotonic() + 240
    before = ""
    while (now := output.read_text()) != before:
        assert time.monotonic() < end, "it still goes on"
        before = now
        time.sleep(1)


def test_no_cluster_is_reported_in_a_line(cluster: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("", 0))
        nowhere = f"127.0.0.1:{free.getsockname()[1]}"
    asked = on_ray(cluster, "--address", nowhere, "--", "true")
    assert Code.CLUSTER in asked.communicate(timeout=240)[0]
    assert asked.returncode == 2
