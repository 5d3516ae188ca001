"""Stages in processes of their own, without the seconds that each takes to load torch: one has it loaded, and forks.

``python -m vernacular.cli.fork_server FD`` is that process: for each command that it is handed over the socket
``FD`` it forks one
that does what ``python -m vernacular COMMAND`` does, and it ends when the other side of the socket does. It computes
nothing itself: what it has loaded has started no thread that a fork would miss.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from vernacular.pipeline import parent_process

# What nearly every heavy stage loads. None of it starts a thread or looks at a card.
MODULES = ("vernacular.pretraining.stage", "vernacular.tasks.stage", "vernacular.tasks.baselines",
           "vernacular.release.bundle", "peft", "transformers.models.auto.modeling_auto", "matplotlib.figure",
           "matplotlib.backends.backend_agg")
_MOST = 100_000  # bytes of a message


class Warm:
    """The other side of that process: started with the first command, gone after ``close``."""

    def __init__(self) -> None:
        self._started: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """The process and the socket to it."""
        if self._started is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._started = subprocess.Popen([sys.executable, "-m", __name__, str(theirs.fileno())],
                                                 stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]), ours
        return self._started

    def run(self, command: Sequence[str], env: Mapping[str, str], stop_seconds: float = 60) -> int:
        """Do ``python -m vernacular COMMAND`` in a process of its own, which writes to where this one writes.

        Whatever interrupts this call interrupts that process too.

        Args:
            command: without the program's name.
            env: set in that process besides this one's environment.
            stop_seconds: that it has to end after an interrupt, before it is killed.

        Returns:
            Its exit code; negative for the signal that ended it.
        """
        server, link = self.start()
        process = 0
        try:
            socket.send_fds(link, [json.dumps([*command, dict(env)]).encode()], [1, 2])
            process = int(link.recv(_MOST))
            return int(link.recv(_MOST))
        except (OSError, ValueError):  # the server is gone, and what it forked ends by itself
            code = server.wait()
            self.close()
            return code or 1
        except BaseException:
            if process:
                with suppress(ProcessLookupError):  # it may have ended meanwhile
                    os.kill(process, signal.SIGINT)
                    link.settimeout(stop_seconds)
                    try:
                        link.recv(_MOST)
                    except TimeoutError:
                        os.kill(process, signal.SIGKILL)
            self.close()
            raise

    def close(self) -> None:
        """End the process, if one was started."""
        if self._started is not None:
            server, link = self._started
            link.close()
            server.kill()  # it may be loading still; it has nothing to lose
            server.wait()
            self._started = None


def serve(link: socket.socket) -> list[str] | None:
    """In each process that is forked, the command that it is to do; None in this one, at the end."""
    while True:
        message, streams, *_ = socket.recv_fds(link, _MOST, 2)
        if not message:
            return None
        *command, env = json.loads(message)
        alive, theirs = os.pipe()  # reads as ended when the process has
        parent, process = os.getpid(), os.fork()
        if not process:
            parent_process.PARENT = parent  # which may be gone before this one looks
            link.close()
            os.close(alive)
            for number, stream in enumerate(streams, 1):
                os.dup2(stream, number)
                os.close(stream)
            os.environ.update(env)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            return list(command)
        for descriptor in (theirs, *streams):
            os.close(descriptor)
        try:
            link.send(str(process).encode())
        except OSError:  # the other side was killed while this one was loading
            return None
        if link.fileno() in select.select([link.fileno(), alive], [], [])[0]:
            return None  # nobody is there any more: what was forked sees that this process ends, and stops
        os.close(alive)
        link.send(str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])).encode())


def main() -> None:
    """Serve until the other side ends; in a forked process, run the command."""
    cli = importlib.import_module("vernacular.cli.main")
    cli.before_torch()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to every process; the run passes it on
    for module in MODULES:
        importlib.import_module(module)
    gc.freeze()  # what is loaded stays shared with what is forked
    command = serve(socket.socket(fileno=int(sys.argv[1])))
    if command is not None:
        sys.argv[1:] = command
        cli.main()


if __name__ == "__main__":
    main()
