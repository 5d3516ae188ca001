"""Stages in processes of their own, without the seconds that each takes to load torch.

The fork server of ``multiprocessing`` loads ``vernacular.cli.preloaded`` once and forks a process for each command. It
ends with the process that started it.
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
_LONGEST_PATH = 70  # of the folder for temporary files: multiprocessing puts a socket there, whose path has a limit
_LOST = 255  # the exit code that multiprocessing gives where the fork server was killed
_main = EntryPoint[None]("vernacular.cli.main:main")


class _Descriptor(Protocol):
    def detach(self) -> int: ...


def can_run_command() -> bool:
    """Whether ``run_command`` works here; elsewhere a process has to load everything itself."""
    return can_fork() and len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_PATH


def run_command(command: Sequence[str], env: Mapping[str, str], stop_seconds: float = 60) -> int:
    """Do ``python -m vernacular COMMAND`` in a process of its own, which writes to where this one writes.

    Whatever interrupts this call interrupts that process too.

    Args:
        command: without the program's name.
        env: set in that process besides this one's environment.
        stop_seconds: that it has to end after an interrupt, before it is killed.

    Returns:
        Its exit code; negative for the signal that ended it.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    process = context.Process(target=_Command(command, {**os.environ, **env}))
    try:
        process.start()
        process.join()
    except (EOFError, ConnectionError):  # the server was killed while this process waited for it
        return -signal.SIGKILL
    except BaseException:
        if process.pid is not None:
            _signal(process.pid, signal.SIGINT)
            process.join(stop_seconds)
            process.kill()
        raise
    if process.exitcode == _LOST and process.pid is not None:
        _signal(process.pid, signal.SIGKILL)  # it may run on, and nobody can wait for it
        return -signal.SIGKILL
    return process.exitcode or 0


class _Command:
    """A command with its environment, and the streams of the process that made this object."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.command, self.env = list(command), dict(env)

    def __getstate__(self) -> tuple[list[str], dict[str, str], _Descriptor, _Descriptor]:
        return self.command, self.env, DupFd(1), DupFd(2)  # which multiprocessing hands to the other process

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
    with suppress(ProcessLookupError):  # it may have ended meanwhile
        os.kill(process, number)
