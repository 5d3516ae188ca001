"""An HTTP server of this machine whose connections are bounded in number and in time.

Knows nothing of what is answered. No request can hold a thread for longer than its answer takes to compute, and no
number of connections starts more than so many threads.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RD
from typing import Any

from vernacular.core.terminal import say

SECONDS = 10.0  # for a request to arrive whole, and for an answer to be taken
CONNECTIONS = 16  # at once
_BUSY = b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 10\r\n\r\n"


class LoopbackServer(ThreadingHTTPServer):
    """Answers a connection in a thread each, and further ones with 503 while all are taken.

    Args:
        address: host and port to listen on.
        handler: of one connection.
        seconds: for a request to arrive whole, and for an answer to be taken.
        connections: answered at once.
    """

    request_queue_size = 64  # connections that wait to be accepted; the default of 5 leaves a browser waiting

    def __init__(self, address: tuple[str, int], handler: type[LoopbackHandler], seconds: float = SECONDS,
                 connections: int = CONNECTIONS) -> None:
        self.seconds = seconds
        self._free = threading.Semaphore(connections)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of a connection if one is free."""
        if not self._free.acquire(blocking=False):
            with contextlib.suppress(OSError):
                request.setblocking(False)
                request.send(_BUSY)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection, in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a fault of the program by its name alone, without what was typed; a visitor who left is none."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            say(f"error: a request was not answered ({type(error).__name__})", err=True)


class LoopbackHandler(BaseHTTPRequestHandler):
    """One connection, on which nothing more is read once its seconds are over, however it trickles in."""

    server: LoopbackServer

    def setup(self) -> None:
        """Start the clock."""
        super().setup()
        self.connection.settimeout(self.server.seconds)
        self._clock = threading.Timer(self.server.seconds, self._stop_reading)
        self._clock.daemon = True
        self._clock.start()

    def finish(self) -> None:
        """Stop the clock."""
        self._clock.cancel()
        super().finish()

    def _stop_reading(self) -> None:
        with contextlib.suppress(OSError):  # it is closed already
            self.connection.shutdown(SHUT_RD)
