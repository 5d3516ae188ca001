"""What a stranger may put in the place of a file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

KINDS = ("link", "dangling", "link to a folder", "pipe", "socket", "link to a pipe", "link to /dev/zero")


def put(kind: str, path: Path, outside: Path) -> None:
    """Put something of ``kind`` at ``path``; what links lead to is in the folder ``outside``, by other names."""
    outside.mkdir(exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        before = os.open(".", os.O_RDONLY)
        os.chdir(path.parent)  # the address of a socket has to be short
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
        os.fchdir(before)
        os.close(before)
    elif kind == "dangling":
        path.symlink_to(outside / "new")
    elif kind == "link":
        (outside / "secret").write_bytes(b'{"password": "password"}\n')
        path.symlink_to(outside / "secret")
    elif kind == "link to a folder":
        (outside / "folder").mkdir(exist_ok=True)
        path.symlink_to(outside / "folder")
    elif kind == "link to a pipe":
        os.mkfifo(outside / "pipe")
        path.symlink_to(outside / "pipe")
    else:
        path.symlink_to(kind.removeprefix("link to "))


def contents(folder: Path) -> dict[str, bytes]:
    """Every ordinary file below ``folder`` and what it holds."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
