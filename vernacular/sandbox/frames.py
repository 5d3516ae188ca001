"""The protocol between reader and worker: frames of one kind byte, a length and a payload.

Values are JSON in UTF-8; lone surrogates are kept, since parsed text may contain them. Nothing is
pickled, because the worker handles untrusted files.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

READY, ITEMS, END, PROBLEM, FAULT, SYSTEM, MEMORY = b"r", b"i", b"e", b"p", b"f", b"s", b"m"
HEADER = struct.Struct(">cQ")
_CHUNK = 1 << 20


class OutOfTime(Exception):
    """The other side did not answer before the deadline."""


@dataclass(frozen=True)
class OpenFile:
    """A file that is open for reading, or bytes wrapped as one."""

    name: str  # its last part indicates the format
    stream: BinaryIO  # positioned at the start
    size: int  # in bytes

    def read(self) -> bytes:
        """Return all its bytes."""
        return self.stream.read()


@dataclass(frozen=True)
class Allowance:
    """Limits of one request."""

    seconds: float  # of processor time
    memory: int  # bytes in addition to the worker's own
    item: int  # bytes of one value
    output: int  # bytes of all values


@dataclass(frozen=True)
class Request:
    """A request to the worker."""

    function: str  # ``package.module:name``
    arguments: list[Any]  # JSON-serializable values
    # name, size, and whether it is passed as a descriptor; otherwise its bytes follow
    files: list[tuple[str, int, bool]]
    allowance: Allowance  # limits of the answer
    each: bool  # whether the time limit applies to each value instead of all

    def encode(self) -> bytes:
        """Encode it as JSON."""
        return encode(asdict(self))

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """Decode a request."""
        fields = decode(data)
        return cls(**{**fields, "allowance": Allowance(**fields["allowance"])})


def encode(value: Any) -> bytes:
    """Encode ``value`` as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decode(data: bytes) -> Any:
    """Decode a value."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def send(link: socket.socket, kind: bytes, payload: bytes) -> None:
    """Send one frame."""
    link.sendall(HEADER.pack(kind, len(payload)))
    link.sendall(payload)


def receive(link: socket.socket, size: int, deadline: float | None = None) -> bytes:
    """Receive the next ``size`` bytes.

    Raises:
        EOFError: the other side has closed.
        OutOfTime: they did not arrive before ``deadline``, a time of ``time.monotonic``.
    """
    data = bytearray()
    while len(data) < size:
        if deadline is not None and not select.select([link], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise OutOfTime
        part = link.recv(min(size - len(data), _CHUNK))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
