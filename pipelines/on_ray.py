"""``python -m pipelines.on_ray [--cpus N] [--gpus N] [--address WHERE] -- COMMAND``: run a command on a Ray cluster.

A prefix for ``VERNACULAR_LAUNCH``. It waits for the end and passes on the command's output and exit
code. The command runs as a task of this process, not as a submitted job: Ray ends the task when
this process or its parent ends for any reason. The command receives interrupts and then writes its
checkpoint.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time

from pipelines.process_control import end_as, end_with_the_parent, interrupt_when_unwanted
from vernacular.core.codes import Code
from vernacular.core.terminal import guard_streams, say

POLL_SECONDS, ANSWER_SECONDS = 0.2, 20.0


def main() -> int:
    """Run it; return the command's exit code, 1 if its worker was lost, 2 without a cluster, 130 if interrupted."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.on_ray", description="run a command on a Ray cluster")
    parser.add_argument("--cpus", type=float, default=1, help="cores for the command, and its threads")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs for the command")
    parser.add_argument("--address", help="of the cluster: HOST:PORT, or ray://HOST:PORT from outside; default "
                                          "RAY_ADDRESS or the local cluster")
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    try:
        import ray
    except ModuleNotFoundError:
        say(f"error: ray is not installed. Run `pip install -c constraints.txt -e '.[ray]'` [{Code.INSTALLATION}]",
            err=True)
        return 2
    for name in ("RAY_DEDUP_LOGS", "RAY_COLOR_PREFIX"):  # keep every progress line unchanged
        os.environ.setdefault(name, "0")
    address = asked.address or os.environ.get("RAY_ADDRESS", "auto")
    try:
        _answers(address)
        ray.init(address=address, log_to_driver=True, logging_level="warning")
    except (OSError, RuntimeError, ValueError) as error:
        say(f"error: no Ray cluster responds ({error}). Start one with `ray "
            f"start --head`, or give --address [{Code.CLUSTER}]", err=True)
        return 2
    interrupt_when_unwanted()
    task = ray.remote(max_retries=0)(_run).options(num_cpus=asked.cpus, num_gpus=asked.gpus).remote(asked.command)
    try:
        code = int(ray.get(task))
    except ray.exceptions.RayError as error:
        say(f"error: Ray lost the command's worker ({error}) [{Code.CLUSTER}]", err=True)
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ended = False
        while not ended:  # again and again: a busy cluster may lose one
            ray.cancel(task, force=False)
            ended = bool(ray.wait([task], timeout=ANSWER_SECONDS)[0])
        return 130
    return end_as(code)


def _run(command: list[str]) -> int:
    """In the worker: run the command as a child that is interrupted and ended with the task."""
    def end_with_the_worker() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # Ray's workers block it
        end_with_the_parent()

    child = subprocess.Popen(command, preexec_fn=end_with_the_worker)
    interrupted = False
    while child.poll() is None:
        try:
            time.sleep(POLL_SECONDS)  # Ray's interrupt does not end a system call
        except KeyboardInterrupt:
            if not interrupted:
                child.send_signal(signal.SIGINT)
            interrupted = True
    return child.returncode


def _answers(address: str) -> None:
    """Raise OSError if nothing listens; Ray would retry for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()


if __name__ == "__main__":
    guard_streams()
    sys.exit(main())
