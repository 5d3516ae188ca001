"""Run commands in separate processes that do not have to load torch again.

The fork server of ``multiprocessing`` imports ``vernacular.cli.preloaded`` once, and forks a process
for each command. It ends with the process that started it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.reduction import DupFd
from typing import Protocol

from vernacular.core.entry_point import EntryPoint
from vernacular.pipeline.parent_process import can_fork

_PRELOADED = "vernacular.cli.preloaded"
_LONGEST_PATH = 70  # bytes of the path of temporary files: multiprocessing creates a socket there, with a limited path
_LOST = 255  # exit code that multiprocessing reports if the fork server was killed
_main = EntryPoint[None]("vernacular.cli.main:main")


class _Descriptor(Protocol):
    def detach(self) -> int: ...


def can_run_command() -> bool:
    """Whether ``run_command`` works on this machine."""
    return can_fork() and len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_PATH


def run_command(command: Sequence[str], env: Mapping[str, str], stop_seconds: float = 60) -> int:
    """Run ``python -m vernacular COMMAND`` in a forked process with this process's output streams.

    If this call is interrupted, the command is interrupted too, and killed if it does not end.

    Args:
        command: the arguments after ``vernacular``.
        env: environment variables to add.
        stop_seconds: time to end after an interrupt.

    Returns:
        The exit code; negative for the signal that ended the command.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    process = context.Process(target=_Command(command, {**os.environ, **env}))
    try:
        process.start()
        process.join()
    except (EOFError, ConnectionError):  # the fork server was killed
        return -signal.SIGKILL
    except BaseException:
        if process.pid is not None:
            _signal(process.pid, signal.SIGINT)
            process.join(stop_seconds)
            process.kill()
        raise
    if process.exitcode == _LOST and process.pid is not None:
        _signal(process.pid, signal.SIGKILL)  # without the server, the exit code of a running command is lost
        return -signal.SIGKILL
    return process.exitcode or 0


class _Command:
    """A command to run in a forked process: arguments, environment, output streams."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.command, self.env = list(command), dict(env)

    def __getstate__(self) -> tuple[list[str], dict[str, str], _Descriptor, _Descriptor]:
        return self.command, self.env, DupFd(1), DupFd(2)  # multiprocessing passes these on

    def __setstate__(self, state: tuple[list[str], dict[str, str], _Descriptor, _Descriptor]) -> None:
        self.command, self.env, *streams = state
        for number, stream in enumerate(streams, 1):
            descriptor = stream.detach()
            os.dup2(descriptor, number)
            os.close(descriptor)

    def __call__(self) -> None:
        """Run the command and end this process with its exit code."""
        os.environ.clear()
        os.environ.update(self.env)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _main(self.command)


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended
        os.kill(process, number)
