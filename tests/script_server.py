"""Runs scripts in processes forked from one that has loaded what they import: transformers, and nothing of ours.

It is started with ``-I``, as the script is that checks a release, and imports only Python's own modules before those.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

PRELOADED = ("transformers.pipelines", "peft", "sentence_transformers")
LARGEST_REQUEST = 1_000_000


def listen(address: Path, session: int, run: Callable[[list[str], Mapping[str, str]], NoReturn]) -> None:
    """Have ``run`` answer requests at ``address`` in forked processes, until the process ``session`` has ended."""
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
                    _serve_one(asking, run)
                os._exit(0)
            asking.close()
            os.wait()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _serve_one(asking: socket.socket, run: Callable[[list[str], Mapping[str, str]], NoReturn]) -> NoReturn:
    """In a process of its own: fork the command, wait for it and answer with its exit code."""
    request, streams, _, _ = socket.recv_fds(asking, LARGEST_REQUEST, 4)
    words, folder, environment = json.loads(request)
    command = os.fork()
    if command == 0:
        asking.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        run(words, environment)
    for stream in streams:
        os.close(stream)
    asking.send(str(command).encode())
    _, status = os.waitpid(command, 0)
    asking.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def run_script(words: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Run the script ``words[0]`` with the other words as its arguments."""
    sys.argv, code = words, 0
    try:
        runpy.run_path(words[0], run_name="__main__")
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for module in PRELOADED:
        importlib.import_module(module)
    assert "vernacular" not in sys.modules
    listen(Path(sys.argv[1]), int(sys.argv[2]), run_script)
