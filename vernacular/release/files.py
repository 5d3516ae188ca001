"""The files of a release: listed, read, digested and copied without following a link. Interprets none of them."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Failure:
    """Why a release is refused."""

    code: str  # stable, such as ``VN-RELEASE-DIGEST``; docs/how-to/verify-a-release.md lists all
    file: str  # relative to the release
    reason: str  # what is wrong with it

    def __str__(self) -> str:
        return f"{self.code} {self.file}: {self.reason}"


def list_files(folder: Path) -> tuple[list[str], list[Failure]]:
    """The paths of all regular files below ``folder``, sorted, hidden ones included; and all other entries.

    Raises:
        OSError: a folder cannot be read.
    """
    found, failures = list[str](), list[Failure]()

    def fail(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=fail):
        for name in (*folders, *files):
            path = Path(place) / name
            relative, mode = path.relative_to(folder).as_posix(), path.lstat().st_mode
            if stat.S_ISLNK(mode):
                failures.append(Failure("VN-RELEASE-LINK", relative, "is a link; a release holds plain files"))
            elif stat.S_ISREG(mode):
                found.append(relative)
            elif not stat.S_ISDIR(mode):
                failures.append(Failure("VN-RELEASE-LINK", relative, "is neither a file nor a folder"))
            elif not any(path.iterdir()):
                failures.append(Failure("VN-RELEASE-EXTRA", relative, "is an empty folder"))
    return sorted(found), sorted(failures, key=lambda failure: failure.file)


def open_regular(path: Path, *, follow: bool = False) -> BufferedReader:
    """Open a regular file for reading; a pipe or a device is an error, and a link unless it is to be followed.

    Raises:
        OSError: it is no regular file, or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    stream = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        stream.close()
        raise OSError(None, "it is no regular file", str(path))
    return stream


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: as ``open_regular``, or it has more than ``most`` bytes.
    """
    with open_regular(path) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(None, f"it has more than {most:,} bytes", str(path))
    return data


def digest_of_file(path: Path) -> str:
    """SHA-256 of the bytes of a regular file, 64 hexadecimal digits.

    Raises:
        OSError: as ``open_regular``.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_file(path: Path, to: Path) -> str:
    """Copy a regular file; return the SHA-256 of the bytes that were written.

    Raises:
        OSError: as ``open_regular``, or there is something at ``to``.
    """
    total = hashlib.sha256()
    with open_regular(path) as stream, to.open("xb") as copy:
        while chunk := stream.read(_CHUNK):
            total.update(chunk)
            copy.write(chunk)
    return total.hexdigest()
