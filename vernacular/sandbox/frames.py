"""What passes between the side that asks and the worker: frames of one kind byte, a length and a payload.

Values are JSON in UTF-8 with lone surrogates kept, since parsed text may hold them. Nothing is
pickled: the worker reads what strangers wrote, and its answers are data alone.
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
    """A file that is open for reading, or bytes as one.

    Attributes:
        name: its last part tells the format.
        stream: positioned at the start.
        size: in bytes.
    """

    name: str
    stream: BinaryIO
    size: int

    def read(self) -> bytes:
        """All bytes of it."""
        return self.stream.read()


@dataclass(frozen=True)
class Allowance:
    """What one request may take.

    Attributes:
        seconds: of processor time.
        memory: bytes beside what the worker itself has in use.
        item: bytes of one value that it yields.
        output: bytes of all values.
    """

    seconds: float
    memory: int
    item: int
    output: int


@dataclass(frozen=True)
class Request:
    """What the worker is asked.

    Attributes:
        function: ``package.module:name``.
        arguments: values that can be written as JSON.
        files: of each its name, its size, and whether it is passed as a descriptor; else its bytes follow.
        allowance: what the answer may take.
        each: whether the time holds for each value, not for all.
    """

    function: str
    arguments: list[Any]
    files: list[tuple[str, int, bool]]
    allowance: Allowance
    each: bool

    def encode(self) -> bytes:
        """It as JSON."""
        return encode(asdict(self))

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """The request that ``data`` holds."""
        fields = decode(data)
        return cls(**{**fields, "allowance": Allowance(**fields["allowance"])})


def encode(value: Any) -> bytes:
    """``value`` as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decode(data: bytes) -> Any:
    """The value that ``data`` holds."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def send(link: socket.socket, kind: bytes, payload: bytes) -> None:
    """Send one frame."""
    link.sendall(HEADER.pack(kind, len(payload)))
    link.sendall(payload)


def receive(link: socket.socket, size: int, deadline: float | None = None) -> bytes:
    """The next ``size`` bytes.

    Raises:
        EOFError: the other side is gone.
        OutOfTime: they did not come before ``deadline``, a moment of ``time.monotonic``.
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
