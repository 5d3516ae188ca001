"""The server of ``try`` over real sockets: requests that no browser sends, that never end, and too many of them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.panics import panic
from tests.unit.release.made_up import NAME
from tests.within import within
from vernacular.config.schema import Language
from vernacular.release.inference import Answers
from vernacular.reporting.demo_server import ASKED_FIELDS, FIELDS, LARGEST, make_server
from vernacular.reporting.loopback_server import LoopbackServer

SECONDS, CONNECTIONS = 0.4, 3
HOST = b"Host: localhost\r\n"
MARK = b"POST /mark HTTP/1.1\r\n" + HOST


@pytest.fixture
def server(language: Language, request: pytest.FixtureRequest) -> Iterator[LoopbackServer]:
    """A server that gives a request less than half a second, or the seconds that the test says."""
    def ask(text: str) -> dict[str, Answers]:
        if text == "panic":
            panic()
        return {}

    made = make_server(ask, language, NAME, 0, token="t", seconds=getattr(request, "param", SECONDS),
                       connections=CONNECTIONS)
    threading.Thread(target=made.run, daemon=True).start()
    with within(60):
        yield made
    made.close()


def connect(server: LoopbackServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def answer(link: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    found = b""
    try:
        while some := link.recv(65_536):
            found += some
    except ConnectionResetError:  # it closed before it had read everything
        pass
    return found


def status(server: LoopbackServer, request: bytes) -> int:
    """The status of the answer to a request; 0 where the connection was closed without one."""
    with connect(server) as link:
        link.sendall(request)
        found = answer(link)
    return int(found.split(b" ", 2)[1]) if found.startswith(b"HTTP/") else 0


def alive(server: LoopbackServer) -> bool:
    return status(server, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") == 200


@pytest.mark.parametrize(("request_", "expected"), [
    pytest.param(MARK + b"Content-Length: \xb2\r\n\r\n", 400, id="a superscript length"),
    pytest.param(MARK + b"Content-Length: -1\r\n\r\n", 400, id="a negative length"),
    pytest.param(MARK + b"Content-Length: +5\r\n\r\nabcde", 400, id="a signed length"),
    pytest.param(MARK + b"Content-Length: 1_0\r\n\r\n", 400, id="a length as Python writes it"),
    pytest.param(MARK + b"Content-Length: \r\n\r\n", 400, id="an empty length"),
    pytest.param(MARK + b"\r\n", 403, id="no length, no token"),
    pytest.param(MARK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, id="two lengths"),
    pytest.param(MARK + b"Content-Length: 1, 2\r\n\r\na", 400, id="a list of lengths"),
    pytest.param(MARK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 403, id="chunks without a token"),
    pytest.param(MARK + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx\r\n", 400, id="chunks and a length"),
    pytest.param(MARK + b"Content-Length: %d\r\n\r\n" % (LARGEST + 1), 413, id="a length above the limit"),
    pytest.param(MARK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", 400, id="a length of 5,000 digits"),
    pytest.param(MARK + b"Content-Length: %d\r\n\r\n%b" % (2 * (FIELDS + 1), b"a&" * (FIELDS + 1)), 400,
                 id="too many fields of a mark"),
    pytest.param(b"GET /?" + b"a=1&" * 50 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400, id="50 fields"),
    pytest.param(b"GET /?" + b"a=1&" * (ASKED_FIELDS - 1) + b" HTTP/1.1\r\n" + HOST + b"\r\n", 200,
                 id="as many as allowed"),
    pytest.param(b"GET http://[ HTTP/1.1\r\n" + HOST + b"\r\n", 404, id="an address that does not parse"),
    pytest.param(b"POST http://[/mark HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", 404, id="another one"),
    pytest.param(b"GET /" + b"a" * 500_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400, id="a long address"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 500_000 + b"\r\n\r\n", 400, id="a long header"),
    pytest.param(MARK + b"Transfer-Encoding: chunked\r\n\r\n" + (b"7D0\r\n%b\r\n" % (b"a" * 2_000)) * 40, 413,
                 id="chunks above the limit"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"Sec-Fetch-Site: cross-site\r\n\r\n", 403, id="a picture elsewhere"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"Sec-Fetch-Site: none\r\n\r\n", 200, id="an address that was typed"),
    pytest.param(b"GET /?text=panic HTTP/1.1\r\n" + HOST + b"\r\n", 200, id="a model that panics")])
def test_each_request_gets_an_answer_and_no_traceback(server: LoopbackServer, capfd: pytest.CaptureFixture[str],
                                                      request_: bytes, expected: int) -> None:
    assert status(server, request_) == expected
    assert "Traceback" not in capfd.readouterr().err
    assert alive(server)


@pytest.mark.parametrize("start", [
    pytest.param(b"", id="nothing"), pytest.param(b"GET / HT", id="half a line"),
    pytest.param(b"GET / HTTP/1.1\r\nX: ", id="half a header"),
    pytest.param(MARK + b"Content-Length: 60000\r\n\r\ntoken=t", id="half a body")])
@pytest.mark.parametrize("drip", [False, True])
def test_what_never_comes_whole_holds_a_connection_for_its_seconds_alone(server: LoopbackServer, start: bytes,
                                                                         drip: bool) -> None:
    with connect(server) as link:
        link.sendall(start)
        began, over = time.monotonic(), threading.Event()

        def trickle() -> None:
            while not over.wait(0.05):
                try:
                    link.send(b"a")
                except OSError:
                    return

        if drip:
            threading.Thread(target=trickle, daemon=True).start()
        answer(link)
        over.set()
        assert time.monotonic() - began < 30
    assert alive(server)


@pytest.mark.parametrize("server", [30.0], indirect=True)
def test_connections_beyond_the_limit_are_refused_at_once(server: LoopbackServer) -> None:
    before = threading.active_count()
    links = [connect(server) for _ in range(20)]
    began = time.monotonic()
    assert b" 503 " in answer(links[-1])
    assert time.monotonic() - began < 20  # the others have their seconds still
    assert threading.active_count() <= before + 2 * CONNECTIONS  # a thread and its clock each
    for link in links:
        link.close()
    assert alive(server)
