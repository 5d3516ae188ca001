"""HTTP responses: headers, content type, and failure reasons."""

from __future__ import annotations

from scrapy.http import Headers, Response
from twisted.python.failure import Failure

from vernacular.sources.web.ip_filter import PublicResolver
from vernacular.text.urls import host_of


def header(response: Response, name: str) -> str:
    """Return the header ``name`` of a response, or empty."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else ""


def headers_of(headers: Headers) -> list[tuple[str, str]]:
    """Return all headers, in order."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values]


def reservations(response: Response) -> tuple[list[str], bool]:
    """Return the values of ``X-Robots-Tag``, and whether text and data mining is reserved (TDM-Reservation)."""
    tags = [value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag")]
    return tags, header(response, "TDM-Reservation").strip() == "1"


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a response is a web page, by its Content-Type or else by its beginning."""
    kind = content_type.split(";")[0].strip().lower()
    if kind in ("", "text/plain", "application/octet-stream"):
        start = body[:1000].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html")) or b"<html" in start
    return kind in ("text/html", "application/xhtml+xml")


def why(failure: Failure) -> str:
    """Describe a failure in a few words."""
    name = failure.type.__name__ if failure.type else "failure"
    if name in ("DNSLookupError", "CannotResolveHostError"):
        host = host_of(failure.request.url).rsplit(":", 1)[0]  # type: ignore[attr-defined]
        return "private address" if host in PublicResolver.private else "unknown host"
    if "Cancelled" in name:
        return "too large"
    return {"DownloadTimeoutError": "no response in time", "DownloadConnectionRefusedError": "connection refused"}.get(
        name, name)
