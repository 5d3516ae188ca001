"""Commands of ``vernacular``, and crawls, in processes forked from one that has loaded what they import.

A Python that starts imports for three seconds, and the fork server of its heavy stages for six; the tests run
dozens. So the first test that needs it starts a server, which all of pytest's workers use. Each command is a process of
its own. Its heavy stages are forked from one fork server, as in the product, but that is shared by all commands.
"""

from __future__ import annotations

import atexit
import importlib
import json
import multiprocessing
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import IO, Any, NoReturn, Self

from filelock import FileLock

from vernacular.cli.fork_server import run_command
from vernacular.pipeline.parent_process import can_fork

CRAWLER = "vernacular.sources.web.crawler_process"
PRELOADED = ("pipelines.run", "pipelines.dagster_run", "pipelines.build", "vernacular.cli.main",
             "vernacular.sources.crawl", "vernacular.reporting.full_report", CRAWLER,
             "scrapy.core.downloader.handlers.http11")
SECONDS = 600.0  # for a command
START_SECONDS = 120.0
LARGEST_REQUEST = 1_000_000


def run_vernacular(words: Sequence[str], folder: Path,
                   environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``vernacular WORDS`` in ``folder``, with this environment, and return its exit code and output."""
    with (tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+", encoding="utf-8") as
          errors, Path(os.devnull).open("rb") as nothing):
        code = _Forked(words, folder, environment, nothing, output, errors).wait()
        for stream in (output, errors):
            stream.seek(0)
        return subprocess.CompletedProcess(["vernacular", *words], code, output.read(), errors.read())


class _Forked:
    """A command in a process that the server forks."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], *streams: IO[Any]) -> None:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.settimeout(SECONDS)
        self._server.connect(str(_address(environment)))
        request = json.dumps([list(words), str(folder), dict(environment)]).encode()
        socket.send_fds(self._server, [request], [stream.fileno() for stream in streams])

    def wait(self) -> int:
        """The exit code, once it has ended."""
        with self._server:
            return int(self._server.recv(64))


class ForkedCrawl:
    """What ``subprocess.Popen`` is to a source in the web, but forked: the start of a crawl takes two seconds."""

    def __init__(self, command: Sequence[str], stdin: int, stdout: int, stderr: IO[bytes], **more: Any) -> None:
        assert command[1:3] == ["-m", CRAWLER] and stdin == stdout == subprocess.PIPE
        (theirs, ours), (read, written) = os.pipe(), os.pipe()
        self._stdin, self.stdout = os.fdopen(ours, "wb"), os.fdopen(read, encoding="utf-8")
        with os.fdopen(theirs, "rb") as first, os.fdopen(written, "wb") as second:
            self._process = _Forked(command[2:], Path.cwd(), os.environ, first, second, stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self._stdin.close()

    def wait(self) -> int:
        """The exit code, once it has ended."""
        return self._process.wait()


def _address(environment: Mapping[str, str]) -> Path:
    """Start the server of this test session unless it runs; return the path of its socket."""
    session = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"vernacular-commands-{session}"
    folder.mkdir(mode=0o700, exist_ok=True)
    assert folder.stat().st_uid == os.getuid(), f"{folder} belongs to somebody else"
    address = folder / "socket"
    with FileLock(folder / "lock"):
        if not address.exists():
            with (folder / "log").open("wb") as log:
                server = subprocess.Popen([sys.executable, "-m", "tests.command_server", str(address), str(session)],
                                          env=dict(environment), cwd=Path(__file__).parents[1], start_new_session=True,
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            end = time.monotonic() + START_SECONDS
            while not address.exists():
                assert server.poll() is None and time.monotonic() < end, (folder / "log").read_text(encoding="utf-8")
                time.sleep(0.05)
    return address


def serve(address: Path, session: int) -> None:
    """Serve commands at ``address`` until the process ``session`` has ended."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["vernacular.cli.preloaded"])
    forkserver.ensure_running()  # loads while this process does
    for module in PRELOADED:
        importlib.import_module(module)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{address}.new")
        listener.listen(64)
        listener.settimeout(1)
        Path(f"{address}.new").rename(address)  # it exists once it answers
        while _is_alive(session):
            try:
                asking, _ = listener.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                if os.fork() == 0:  # the server waits for no child of a child
                    listener.close()
                    _serve_one(asking)
                os._exit(0)
            asking.close()
            os.wait()
    shutil.rmtree(address.parent, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _serve_one(asking: socket.socket) -> NoReturn:
    """In a process of its own: fork the command, wait for it and answer with its exit code."""
    request, streams, _, _ = socket.recv_fds(asking, LARGEST_REQUEST, 3)
    words, folder, environment = json.loads(request)
    command = os.fork()
    if command == 0:
        asking.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        random.seed()
        forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]  # it is the server's child
        _exit(_code_of(words, environment))
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(command, 0)
    asking.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _code_of(words: list[str], environment: Mapping[str, str]) -> int:
    """Run a command; ``run`` without the new Python that ``vernacular`` starts for it, ``stage`` as runs do."""
    if words[0] == "stage":
        return run_command(words, environment)
    module = importlib.import_module({"run": "pipelines.run", CRAWLER: CRAWLER}.get(words[0], "vernacular.cli.main"))
    try:
        if words[0] == CRAWLER:
            sys.argv = list(words)
            module.main()
            return 0
        return int(module.main(words[1:] if words[0] == "run" else words) or 0)
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1


def _exit(code: int) -> NoReturn:
    """End as Python does: threads first, then the functions of ``atexit``."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    assert can_fork()
    serve(Path(sys.argv[1]), int(sys.argv[2]))
