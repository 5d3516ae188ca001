"""``python -m pipelines.ui [--port N] [--host NAME] [--open]``: run Dagster for the project (``vernacular ui``).

One parent process starts ``dagster dev`` (web server, daemon, code servers), reports when the UI is
ready, and on Ctrl-C ends all of them, including active runs. An ended run writes its checkpoint,
and the next one resumes.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import psutil
from dagster import DagsterInstance

from pipelines.dagster_home import use_home, workspace_of
from pipelines.repair_history import repair
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem
from vernacular.core.project import Project, find_project
from vernacular.core.terminal import guard_streams, say

INTERRUPTED = 130
END_SECONDS = 10.0  # for web server, daemon and code servers
RUN_SECONDS = 20.0  # then for runs, to write a checkpoint
POLL_SECONDS = 0.3
_LOG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ - dagster\S* - (?:DEBUG|INFO) - ")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def check_port(host: str, port: int) -> None:
    """Check that an address can be listened on.

    Raises:
        Problem: it is in use, or not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise Problem(f"port {port} is reserved for system services", where="vernacular ui",
                      fix="Use one above 1023, such as --port 3001", code=Code.COMMAND_ADDRESS) from None
    except socket.gaierror:
        raise Problem(f"unknown host '{host}'", where="vernacular ui", fix="Omit --host",
                      code=Code.COMMAND_ADDRESS) from None
    except OSError as error:
        if answers(host, port):
            raise Problem(f"Dagster is running on {address(host, port)} already", where="vernacular ui",
                          fix=f"Open it; for a second one use another port, such as --port {port + 1}",
                          code=Code.COMMAND_ADDRESS) from None
        raise Problem(f"port {port} on {host} cannot be used ({error.strerror})", where="vernacular ui",
                      fix=f"Use another one, such as --port {port + 1}", code=Code.COMMAND_ADDRESS) from None


def address(host: str, port: int) -> str:
    """Return the URL for a browser on this machine."""
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def answers(host: str, port: int) -> bool:
    """Whether a Dagster server responds there."""
    with (suppress(OSError, ValueError, urllib.error.URLError),
          urllib.request.urlopen(f"{address(host, port)}/server_info", timeout=2) as answer):
        return b"dagster" in answer.read(10_000)
    return False


def is_of_this_machine(host: str) -> bool:
    """Whether ``host`` is reachable only from this machine."""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def serve(project: Project, host: str, port: int, browser: bool) -> int:
    """Run Dagster until it is stopped; return the exit code.

    Raises:
        Problem: the address cannot be used, or the project's settings cannot be written.
    """
    check_port(host, port)
    use_home(project)
    workspace = workspace_of(project)
    with DagsterInstance.get() as instance:
        ended, woken = repair(instance)
    if ended or woken:
        say(f"{ended} killed runs were marked as failed, {woken} sensors tick again")
    if not is_of_this_machine(host):
        say(f"warning: everyone who can reach port {port} of this machine can read the texts and start or delete "
            "runs: Dagster requires no password. Use it behind a firewall "
            "or a proxy that does (docs/how-to/deploy.md)", err=True)
    say(f"{project.home}: starting Dagster, which takes a few seconds ...")
    command = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "--workspace", str(workspace), "--host", host,
               "--port", str(port), "--log-level", "warning"]
    stopped = _Stopped()
    with subprocess.Popen(command, cwd=project.home, start_new_session=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        threading.Thread(target=_pass_on, args=(process, stopped), daemon=True).start()
        try:
            ready = False
            while process.poll() is None and not stopped.times:
                if not ready and answers(host, port):
                    ready = True
                    say(f"{address(host, port)}  (Ctrl-C ends it)")
                    if browser:
                        webbrowser.open(address(host, port))
                time.sleep(POLL_SECONDS)
        finally:
            if stopped.times:
                say("stopping Dagster; active runs write a checkpoint ...")
            code = process.poll()
            end(process, stopped)
    if stopped.times:
        say("stopped")
        return INTERRUPTED
    say(f"error: Dagster ended unexpectedly with exit code {code}; see the lines above [{Code.UI_RESPONSE}]", err=True)
    return 2


def _pass_on(process: subprocess.Popen[str], stopped: _Stopped) -> None:
    """Pass on the output of Dagster and stages until stopped: each ended run would print a traceback.

    Dagster's own event messages are omitted, since its page shows them.
    """
    assert process.stdout is not None
    for line in process.stdout:
        if not stopped.times and not _LOG.match(line):
            say(line.rstrip("\n"), err=True)


class _Stopped:
    """Counts requests to stop."""

    def __init__(self) -> None:
        self.times = 0
        for number in _SIGNALS:
            signal.signal(number, self._count)

    def _count(self, signum: int, frame: FrameType | None) -> None:
        self.times += 1


def end(process: subprocess.Popen[Any], stopped: _Stopped) -> None:
    """End ``process`` and its children: first by Ctrl-C, then SIGTERM, then SIGKILL.

    A second Ctrl-C kills at once.
    """
    children = _children(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    _wait(children, END_SECONDS, stopped, until=process)
    for child in children:
        with suppress(psutil.Error):
            child.terminate()
    _wait(children, RUN_SECONDS, stopped)
    for child in children:
        with suppress(psutil.Error):
            child.kill()
    if process.poll() is None:
        process.kill()
    process.wait()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _wait(children: Sequence[psutil.Process], seconds: float, stopped: _Stopped,
          until: subprocess.Popen[Any] | None = None) -> None:
    """Wait up to ``seconds`` for ``children`` (and ``until``) to end; return at once on a second request to stop."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and stopped.times < 2:
        alive = until.poll() is None if until is not None else any(_alive(child) for child in children)
        if not alive:
            return
        time.sleep(POLL_SECONDS)


def _alive(child: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return child.is_running() and child.status() != psutil.STATUS_ZOMBIE
    return False


def main(arguments: list[str] | None = None) -> int:
    """Serve the project around the current folder; return the exit code."""
    parser = argparse.ArgumentParser(prog="vernacular ui", description="Show the project in Dagster.")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--open", action="store_true", help="open a browser")
    parser.add_argument("--debug", action="store_true", help="tracebacks")
    chosen = parser.parse_args(arguments)
    try:
        return serve(find_project(), chosen.host, chosen.port, chosen.open)
    except Exception as error:
        if chosen.debug:
            raise
        say(f"error: {as_problem(error, 'vernacular ui')}", err=True)
        return 2


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
