"""Commands of ``vernacular``, crawls and readers of files in processes forked from one that has loaded their imports.

A Python that starts imports for three seconds, and the fork server of its heavy stages for six; the tests run
dozens. So the first test that needs it starts a server, which all of pytest's workers use. Each command is a process of
its own. Its heavy stages are forked from one fork server, as in the product, but that is shared by all commands.
A crawl takes two seconds to import, the sandboxed reader of each command and crawl half a second. The script that a
release is checked with takes six: it is forked from a server of its own, which knows nothing of Vernacular
(``script_server``).
"""

from __future__ import annotations

import atexit
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NoReturn, Self

from filelock import FileLock

from tests.script_server import listen
from vernacular.cli.fork_server import run_command
from vernacular.pipeline.parent_process import can_fork
from vernacular.sandbox import reader

CRAWLER, READER = "vernacular.sources.web.crawler_process", "vernacular.sandbox.worker"
PURGE = "pipelines.purge_history"
SESSION = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()  # also in what a test forks
SERVER = "VERNACULAR_TESTS_SERVER"  # where it answers, in the environment of what it forks
PRELOADED = ("pipelines.run", "pipelines.dagster_run", "pipelines.build", "vernacular.cli.main",
             "vernacular.sources.crawl", "vernacular.reporting.full_report", CRAWLER,
             "scrapy.core.downloader.handlers.http11", PURGE, READER, "vernacular.sources.web.pages", "trafilatura",
             "feedparser", "protego", "vernacular.sources.formats", "vernacular.datasets.parsing",
             "vernacular.corpus.ingest", "vernacular.langid.stage", "vernacular.cleaning.stage",
             "vernacular.corpus.splits")
SECONDS = 600.0  # for a command
START_SECONDS = 120.0


def run_vernacular(words: Sequence[str], folder: Path, environment: Mapping[str, str],
                   text: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``vernacular WORDS`` in ``folder``, with this environment and input; return its exit code and output."""
    with (tempfile.TemporaryFile("w+", encoding="utf-8") as given, tempfile.TemporaryFile("w+", encoding="utf-8") as
          output, tempfile.TemporaryFile("w+", encoding="utf-8") as errors):
        given.write(text)
        given.seek(0)
        code = _Forked(words, folder, environment, given.fileno(), output.fileno(), errors.fileno()).wait()
        for stream in (output, errors):
            stream.seek(0)
        return subprocess.CompletedProcess(["vernacular", *words], code, output.read(), errors.read())


def run_purge(command: Sequence[str], input: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """What ``subprocess.run`` is to a takedown."""
    assert command[1:3] == ["-m", PURGE]
    return run_vernacular(command[2:], Path.cwd(), os.environ, input)


class _Forked:
    """A process that the server forks, with these streams as its first descriptors."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], *streams: int,
                 address: Path | None = None) -> None:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.settimeout(SECONDS)
        self._server.connect(str(address or os.environ.get(SERVER) or _address(environment)))
        socket.send_fds(self._server, [json.dumps([list(words), str(folder), dict(environment)]).encode()], streams)
        self.pid = int(self._server.recv(64))

    def wait(self, seconds: float = SECONDS) -> int:
        """The exit code, once it has ended."""
        self._server.settimeout(seconds)
        try:
            code = int(self._server.recv(64))
        except TimeoutError:
            raise subprocess.TimeoutExpired(str(self.pid), seconds) from None
        self._server.close()
        return code

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):  # it has ended
            os.kill(self.pid, signal.SIGKILL)


class ForkedCrawl(_Forked):
    """What ``subprocess.Popen`` starts for a source in the web."""

    def __init__(self, command: Sequence[str], stdin: int, stdout: int, stderr: IO[bytes], **more: Any) -> None:
        assert command[1:3] == ["-m", CRAWLER] and stdin == stdout == subprocess.PIPE
        (theirs, ours), (read, written) = os.pipe(), os.pipe()
        self._stdin, self.stdout = os.fdopen(ours, "wb"), os.fdopen(read, encoding="utf-8")
        super().__init__(command[2:], Path.cwd(), os.environ, theirs, written, stderr.fileno())
        os.close(theirs)
        os.close(written)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self._stdin.close()


class ForkedReader(_Forked):
    """What ``subprocess.Popen`` starts to read files in a process with limits."""

    def __init__(self, command: Sequence[str], stdin: int, pass_fds: Sequence[int], env: Mapping[str, str]) -> None:
        assert command[1:3] == ["-m", READER]
        with Path(os.devnull).open("r+b") as nothing:
            super().__init__([READER, "3"], Path.cwd(), env, *[nothing.fileno()] * 3, *pass_fds)


def run_script(command: Sequence[str], *, cwd: str, env: Mapping[str, str], timeout: float,
               **more: Any) -> subprocess.CompletedProcess[str]:
    """What ``subprocess.run`` is to the check of a release; other scripts get a Python of their own."""
    if command[1] != "-I":
        return subprocess.run(command, cwd=cwd, env=env, timeout=timeout, **more)
    folder = Path(os.environ[SERVER]).parent
    address = _started(folder / "scripts", [sys.executable, "-I", str(Path(__file__).with_name("script_server.py")),
                                            str(folder / "scripts"), folder.name.rpartition("-")[2]], env)
    with Path(os.devnull).open("rb") as nothing, tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = _Forked(command[2:], Path(cwd), env, nothing.fileno(), errors.fileno(), errors.fileno(),
                          address=address)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        errors.seek(0)
        return subprocess.CompletedProcess(command, code, "", errors.read())


def _address(environment: Mapping[str, str]) -> Path:
    """Start the server of this test session unless it runs; return the path of its socket."""
    folder = Path(tempfile.gettempdir()) / f"vernacular-commands-{SESSION}"
    folder.mkdir(mode=0o700, exist_ok=True)
    assert folder.stat().st_uid == os.getuid(), f"{folder} belongs to somebody else"
    return _started(folder / "socket", [sys.executable, "-m", "tests.command_server", str(folder / "socket"),
                                        str(SESSION)], {**environment, "HF_HUB_OFFLINE": "1"})


def _started(address: Path, command: Sequence[str], environment: Mapping[str, str]) -> Path:
    """Start a server with ``command`` unless there is one at ``address``; return that once it answers."""
    with FileLock(f"{address}.lock"):
        if not address.exists():
            with Path(f"{address}.log").open("wb") as log:
                server = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[1],
                                          start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            end = time.monotonic() + START_SECONDS
            while not address.exists():
                assert server.poll() is None and time.monotonic() < end, Path(f"{address}.log").read_text(
                    encoding="utf-8")
                time.sleep(0.05)
    return address


def serve(address: Path, session: int) -> None:
    """Serve commands at ``address`` until the process ``session`` has ended."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(
        ["vernacular.cli.preloaded", "tests.forked_scripts"])
    forkserver.ensure_running()  # loads while this process does
    for module in PRELOADED:
        importlib.import_module(module)
    listen(address, session, partial(_run_one, address))
    shutil.rmtree(address.parent, ignore_errors=True)


def _run_one(address: Path, words: list[str], environment: Mapping[str, str]) -> NoReturn:
    """A command, in the process that was forked for it."""
    os.environ[SERVER] = str(address)
    random.seed()
    if words[0] != READER:
        reader.subprocess = SimpleNamespace(  # type: ignore[assignment]
            Popen=ForkedReader, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired)
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]  # it is the server's child
    _exit(_code_of(words, environment))


def _code_of(words: list[str], environment: Mapping[str, str]) -> int:
    """Run a command; ``run`` without the new Python that ``vernacular`` starts for it, ``stage`` as runs do."""
    if words[0] == "stage":
        return run_command(words, environment)
    module = importlib.import_module({"run": "pipelines.run"}.get(words[0], words[0] if "." in words[0]
                                                                  else "vernacular.cli.main"))
    try:
        if words[0] in (CRAWLER, READER):
            sys.argv = list(words)
            module.main()
            return 0
        return int(module.main(words[words[0] in ("run", PURGE):]) or 0)
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
