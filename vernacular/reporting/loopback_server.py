"""An HTTP server of this machine, with limits on connections, their time, and the size of a request.

Runs any ASGI application on uvicorn. uvicorn by itself waits for a request, and for a client that reads slowly, without
limit; the protocol here closes such connections.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0  # for a request to arrive whole, and for an answer to be taken
CONNECTIONS = 16  # at once
HEAD = 65_536  # bytes of an incomplete request line and its headers
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 10\r\nConnection: close\r\n\r\n"


class LoopbackServer(uvicorn.Server):
    """A server that is bound at once, and answers between ``run`` and ``close``.

    Args:
        seconds: for a request to arrive whole, and for an answer to be taken.
        connections: answered at once; further ones get 503.
    """

    def __init__(self, application: ASGIApp, listener: socket.socket, headers: Mapping[str, str],
                 seconds: float = SECONDS, connections: int = CONNECTIONS) -> None:
        super().__init__(uvicorn.Config(
            application, http=_protocol(seconds, connections), ws="none", loop="asyncio", lifespan="off",
            log_config=None, log_level="critical", access_log=False, proxy_headers=False, server_header=False,
            h11_max_incomplete_event_size=HEAD, timeout_graceful_shutdown=1,
            headers=[*headers.items(), ("Connection", "close")]))
        self._listener = listener
        self._ended = threading.Event()

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._listener.getsockname()[1]
        return port

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer until it is interrupted or closed."""
        try:
            super().run([self._listener])
        finally:
            self._ended.set()

    def close(self) -> None:
        """End ``run`` in another thread."""
        self.should_exit = True
        self._ended.wait()


def _protocol(seconds: float, connections: int) -> type[asyncio.Protocol]:
    class Bounded(H11Protocol):
        """A connection that is closed when its request is not there after ``seconds``, however it trickles in."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > connections:
                transport.write(_BUSY)
                transport.close()
            self.loop.call_later(seconds, self._stop_waiting)

        def _stop_waiting(self) -> None:
            if self.cycle is None or self.cycle.more_body:
                self.transport.abort()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self.loop.call_later(seconds, self.transport.abort)

    return Bounded
