"""A heavy stage on a Slurm cluster of this one machine, and how a job ends with the process that waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.endtoend.launched import CHILD, an_interrupt_reaches_it, its_lines_and_end_come_back, launched, wait_for
from tests.project import CHECKOUT, Place
from tests.slurm import WITHOUT, installed, slurm
from vernacular.core.codes import Code

pytestmark = pytest.mark.skipif(not installed(), reason=WITHOUT)


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    with slurm() as environment:
        yield {**environment, "PYTHONPATH": str(CHECKOUT)}


on_slurm = partial(launched, "pipelines.on_slurm")


def test_a_stage_runs_there(cluster: dict[str, str], with_corpus: Callable[..., Place], tmp_path: Path) -> None:
    made = with_corpus(tmp_path)
    log = tmp_path / "jobs"
    prefix = [sys.executable, "-m", "pipelines.on_slurm", "--cpus-per-task=1", "--", "sh", "-c",
              f"'echo $SLURM_JOB_NAME >> {log}; exec \"$@\"'", "job"]
    place = Place(tmp_path, made.environment | {"SLURM_CONF": cluster["SLURM_CONF"], "PATH": cluster["PATH"],
                                                "VERNACULAR_LAUNCH": " ".join(prefix)})
    done = place.run("run", "qaa", "--to", "tokenizer/tiny")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "qaa tokenizer/tiny: choosing" in place.written  # what the job writes comes back
    assert log.read_text().startswith("vernacular-")
    assert (place.artifacts / "qaa" / "tokenizer" / "tiny" / "current").is_file()


def test_what_the_command_writes_and_its_end_come_back(cluster: dict[str, str]) -> None:
    its_lines_and_end_come_back(partial(on_slurm, cluster))


def test_an_interrupt_reaches_the_command(cluster: dict[str, str], tmp_path: Path) -> None:
    an_interrupt_reaches_it(partial(on_slurm, cluster), tmp_path / "said")


def test_a_job_that_waits_in_the_queue_is_taken_out(cluster: dict[str, str], tmp_path: Path) -> None:
    waiting = on_slurm(cluster, "--hold", "--", "touch", str(tmp_path / "started"))
    end = time.monotonic() + 240
    while "vernacular-" not in queue(cluster):
        assert time.monotonic() < end
        time.sleep(0.2)
    waiting.terminate()
    waiting.communicate(timeout=240)
    assert waiting.returncode == 130
    assert "vernacular-" not in queue(cluster)
    assert not (tmp_path / "started").exists()


def queue(cluster: dict[str, str]) -> str:
    return subprocess.run(["squeue", "-h", "-t", "PENDING", "-o", "%j"], env=cluster, capture_output=True, text=True,
                          check=True).stdout


@pytest.mark.parametrize("who", ["itself", "its parent"])
def test_nothing_goes_on_when_who_waits_is_killed(who: str, cluster: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "said"
    command = ["--", sys.executable, "-c", CHILD, str(output)]
    if who == "itself":
        waiting = on_slurm(cluster, *command)
    else:
        parent = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'pipelines.on_slurm', *sys.argv[1:]])"
        waiting = subprocess.Popen([sys.executable, "-c", parent, *command], cwd=CHECKOUT, env=cluster, text=True)
    wait_for(output, "3")
    waiting.send_signal(signal.SIGKILL)
    waiting.wait()
    end = time.monotonic() + 240
    before = ""
    while (now := output.read_text()) != before:
        assert time.monotonic() < end, "it still goes on"
        before = now
        time.sleep(1)


def test_no_slurm_is_reported_in_a_line(cluster: dict[str, str]) -> None:
    asked = on_slurm({**cluster, "PATH": "/nowhere"}, "--", "true")
    assert Code.INSTALLATION in asked.communicate(timeout=240)[0]
    assert asked.returncode == 2
