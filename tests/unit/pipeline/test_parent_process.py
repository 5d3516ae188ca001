"""Processes that end with the one that started them, whatever they are doing."""

from __future__ import annotations

import subprocess
import sys

import psutil

POOL = """
import multiprocessing, time
from concurrent.futures import ProcessPoolExecutor
from vernacular.pipeline.parent_process import end_when_alone

pool = ProcessPoolExecutor(2, multiprocessing.get_context("fork"), end_when_alone)
jobs = [pool.submit(time.sleep, 100) for _ in range(2)]
print("ready", flush=True)
time.sleep(100)
"""


def test_no_worker_outlives_a_killed_process() -> None:
    with subprocess.Popen([sys.executable, "-c", POOL], stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        started.stdout.readline()
        workers = psutil.Process(started.pid).children()
        started.kill()
        assert len(workers) == 2 and psutil.wait_procs(workers, timeout=90)[1] == []
