"""Fork stage processes from a server that has torch loaded, to save the import time.

``python -m vernacular.cli.fork_server FD`` is the server: for each command received on the socket
``FD`` it forks a process that does what ``python -m vernacular COMMAND`` does; it ends with the
other side of the socket. Its imports start no thread that a fork would lose.
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

# Imported by nearly every heavy stage. None of it starts a thread or initializes a GPU.
MODULES = ("vernacular.pretraining.stage", "vernacular.tasks.stage", "vernacular.tasks.baselines",
           "vernacular.release.bundle", "peft", "transformers.models.auto.modeling_auto", "matplotlib.figure",
           "matplotlib.backends.backend_agg")
_MOST = 100_000  # bytes of a message


class Warm:
    """The client of the server: started with the first command, stopped by ``close``."""

    def __init__(self) -> None:
        self._started: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """Return the process and the socket to it."""
        if self._started is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._started = subprocess.Popen([sys.executable, "-m", __name__, str(theirs.fileno())],
                                                 stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]), ours
        return self._started

    def run(self, command: Sequence[str], env: Mapping[str, str], stop_seconds: float = 60) -> int:
        """Run ``python -m vernacular COMMAND`` in a forked process with this one's output.

        An interrupt of this call interrupts that process too.

        Args:
            command: without the program's name.
            env: additional environment variables of that process.
            stop_seconds: time to end after an interrupt, before it is killed.

        Returns:
            Its exit code; negative for the signal that ended it.
        """
        server, link = self.start()
        process = 0
        try:
            socket.send_fds(link, [json.dumps([*command, dict(env)]).encode()], [1, 2])
            process = int(link.recv(_MOST))
            return int(link.recv(_MOST))
        except (OSError, ValueError):  # the server has ended; its forks end by themselves
            code = server.wait()
            self.close()
            return code or 1
        except BaseException:
            if process:
                with suppress(ProcessLookupError):  # it may have ended already
                    os.kill(process, signal.SIGINT)
                    link.settimeout(stop_seconds)
                    try:
                        link.recv(_MOST)
                    except TimeoutError:
                        os.kill(process, signal.SIGKILL)
            self.close()
            raise

    def close(self) -> None:
        """End the process, if it was started."""
        if self._started is not None:
            server, link = self._started
            link.close()
            server.kill()  # it may still be importing
            server.wait()
            self._started = None


def serve(link: socket.socket) -> list[str] | None:
    """Return the command to run in each forked process; None in the server, at the end."""
    while True:
        message, streams, *_ = socket.recv_fds(link, _MOST, 2)
        if not message:
            return None
        *command, env = json.loads(message)
        alive, theirs = os.pipe()  # end of file when the process has ended
        parent, process = os.getpid(), os.fork()
        if not process:
            parent_process.PARENT = parent  # it may end before this process checks
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
        except OSError:  # the client was killed during the imports
            return None
        if link.fileno() in select.select([link.fileno(), alive], [], [])[0]:
            return None  # the forks notice the end of this process and stop
        os.close(alive)
        link.send(str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])).encode())


def main() -> None:
    """Serve until the other side closes; in a forked process, run the command."""
    cli = importlib.import_module("vernacular.cli.main")
    cli.before_torch()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends SIGINT to every process; the run passes it on
    for module in MODULES:
        importlib.import_module(module)
    gc.freeze()  # keep imported objects shared with forks
    command = serve(socket.socket(fileno=int(sys.argv[1])))
    if command is not None:
        sys.argv[1:] = command
        cli.main()


if __name__ == "__main__":
    main()
