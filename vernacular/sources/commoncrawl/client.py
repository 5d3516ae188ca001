"""A patient HTTP client: one connection, a pause between requests, Retry-After, no foreign redirects."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urljoin

import httpcore2

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.sources.web.politeness import seconds_until
from vernacular.sources.web.public_addresses import is_public
from vernacular.text.urls import host_of

TRIES = 5  # of a request that fails or is refused for the moment
_BACK_OFF = 5.0  # seconds before the second try; doubled for each further one
_LONGEST = 600.0  # seconds to wait for a server; for longer, the fetch ends and is repeated later
_HOPS = 3  # redirects within the allowed hosts
_REDIRECTS = (301, 302, 303, 307, 308)
_UNKNOWN = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))  # there is no such name
_LATER = (403, 429)  # the archive answers 403 to those who ask too much


class Gone(Exception):
    """The host does not exist any more: its name is unknown."""


class Unreachable(Exception):
    """The host gives no answer now."""


@dataclass(frozen=True)
class Reply:
    """A server's answer."""

    status: int
    headers: Mapping[str, str]  # by name in lower case
    body: bytes


@dataclass
class Budget:
    """What may still be requested from the index and the archive. ``spent`` stores it before a request is sent."""

    requests: int
    size: int  # in bytes
    spent: Callable[[int, int], None] = field(repr=False)

    def covers(self, size: int = 1) -> bool:
        """Whether a request of ``size`` bytes is within the budget."""
        return self.requests > 0 and self.size >= size

    def ask(self) -> None:
        """Count a request."""
        self.requests -= 1
        self.spent(1, 0)

    def came(self, size: int) -> None:
        """Count bytes that arrived."""
        self.size -= size
        self.spent(0, size)


class PublicBackend(httpcore2.SyncBackend):
    """Connects to public addresses only, whatever a name resolves to."""

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                    socket_options: Any = None) -> httpcore2.NetworkStream:
        """Connect to the first public address of ``host``.

        Raises:
            Gone: the name does not exist.
        """
        # not gone: filters and captive portals answer for sites that exist
        failure: Exception = httpcore2.ConnectError(f"{host} has no public address")
        for *_, place in _resolved(host, port):
            address = str(place[0])
            if is_public(address):
                try:
                    return super().connect_tcp(address, port, timeout, local_address, socket_options)
                except httpcore2.ConnectError as error:
                    failure = error
        raise failure


def _resolved(host: str, port: int) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _UNKNOWN:
            raise Gone(f"the name {host} does not exist") from None
        raise httpcore2.ConnectError(str(error)) from None
    except UnicodeError:
        raise Gone(f"{host} is not a name") from None


class Client:
    """A connection at a time, for one fetch. A context manager."""

    def __init__(self, agent: str, delay: float, timeout: float, private: bool, progress: Callable[[str], None],
                 name: str) -> None:
        self.agent, self.delay, self.timeout = agent, delay, timeout
        self.progress, self.name = progress, name
        self._next: dict[str, float] = {}  # host -> monotonic time of its next request
        self._pool = httpcore2.ConnectionPool(
            ssl_context=ssl.create_default_context(), max_connections=1, keepalive_expiry=60.0,
            network_backend=None if private else PublicBackend())

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._pool.close()

    def get(self, url: str, most: int, budget: Budget, hosts: Collection[str], span: tuple[int, int] | None = None,
            ) -> Reply:
        """Ask the index or the archive, again and again if it is busy.

        Args:
            url: what is wanted.
            most: bytes that the answer may have.
            budget: to be spent; must cover a request.
            hosts: where a redirect may lead.
            span: offset and length in bytes of the part that is wanted.

        Raises:
            TransientProblem: it is unreachable, busy for longer, or the budget ends while it is.
            Problem: a redirect leads elsewhere, or the answer is too large.
        """
        tries, hops = 0, 0
        while True:
            self._pause(url)
            budget.ask()
            asked = 0.0
            try:
                reply = self.once(url, most, span)
            except (Unreachable, Gone) as error:
                why = str(error)
            else:
                budget.came(len(reply.body))
                if reply.status in _REDIRECTS and hops < _HOPS:
                    url, hops = _redirected(url, reply, hosts), hops + 1
                    if budget.covers():
                        continue
                elif reply.status < 500 and reply.status not in _LATER:
                    return reply
                why = f"the server responds {reply.status}"
                asked = seconds_until(reply.headers.get("retry-after", "")) or 0.0
            tries += 1
            self._wait(url, why, tries, asked, budget)

    def _wait(self, url: str, why: str, tries: int, asked: float, budget: Budget) -> None:
        seconds = max(asked, _BACK_OFF * 2 ** (tries - 1) * min(1.0, self.delay))
        if tries >= TRIES or seconds > _LONGEST or not budget.covers():
            wait = f"; it asks to wait {asked:,.0f} seconds" if asked > _LONGEST else ""
            raise TransientProblem(f"{why}, after {tries} tries{wait}", where=url,
                                   fix="Run again later; it resumes", code=Code.SOURCE_NETWORK)
        if seconds:
            self.progress(f"{self.name}: {host_of(url)}: {why}; trying again in {seconds:.0f} seconds")
        self._next[host_of(url)] = time.monotonic() + seconds

    def _pause(self, url: str) -> None:
        """Wait until the next request to the host is due."""
        host = host_of(url)
        left = self._next.get(host, 0.0) - time.monotonic()
        if left > 0:
            time.sleep(left)
        self._next[host] = time.monotonic() + self.delay

    def once(self, url: str, most: int, span: tuple[int, int] | None = None) -> Reply:
        """Send one request.

        Raises:
            Gone: the host does not exist any more.
            Unreachable: it gives no answer, or breaks off.
            Problem: the answer is too large, or is not the requested part.
        """
        headers: dict[bytes | str, bytes | str] = {
            "User-Agent": self.agent, "Host": host_of(url), "Accept-Encoding": "identity"}
        if span is not None:
            headers["Range"] = f"bytes={span[0]}-{span[0] + span[1] - 1}"
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self.timeout)
        try:
            with self._pool.stream("GET", url, headers=headers, extensions={"timeout": limits}) as response:
                fields = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                if span is not None and response.status == 200:
                    raise Problem("the server ignores ranges: it would send the whole file", where=url,
                                  fix="Correct `data_url:`", code=Code.SOURCE_NETWORK)
                return Reply(response.status, fields, self._body(response, url, most))
        except httpcore2.ConnectError as error:
            if any(isinstance(part, socket.gaierror) and part.errno in _UNKNOWN for part in error.args):
                raise Gone(f"the name {host_of(url)} does not exist") from None
            raise Unreachable(f"no connection ({error})") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError,
                httpcore2.UnsupportedProtocol) as error:
            raise Unreachable(f"no answer ({type(error).__name__})") from None

    def _body(self, response: httpcore2.Response, url: str, most: int) -> bytes:
        """Read the answer; it may neither be too large nor trickle for longer than ten time-outs."""
        parts, size, begun = list[bytes](), 0, time.monotonic()
        for part in response.iter_stream():
            size += len(part)
            if size > most:
                raise Problem(f"the answer has more than {most:,} bytes", where=url, fix="Check the address",
                              code=Code.DATA_LIMIT)
            if time.monotonic() - begun > 10 * self.timeout:
                raise Unreachable("the answer trickles")
            parts.append(part)
        return b"".join(parts)


def _redirected(url: str, reply: Reply, hosts: Collection[str]) -> str:
    try:
        target = urljoin(url, reply.headers.get("location", ""))
    except ValueError:
        target = ""
    if not target.startswith(("http://", "https://")) or host_of(target) not in hosts:
        raise Problem(f"it redirects to another host ({host_of(target) or 'none'}), which is not followed", where=url,
                      fix="Correct `index_url:` or `data_url:`", code=Code.SOURCE_ACCESS)
    return target
