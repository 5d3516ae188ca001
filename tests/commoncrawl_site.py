"""Common Crawl on loopback: an index and WARC files of pages that were made up, and the sites themselves."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.site import Answer, LoopbackSite
from vernacular.config.limits import Limits
from vernacular.config.sources import CommonCrawlSource
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import Place
from vernacular.sources.commoncrawl.source import CommonCrawl

CRAWL, OLDER = "CC-MAIN-2025-43", "CC-MAIN-2025-38"
_PAGE = 8  # captures on a page of the index


@dataclass
class Archive:
    """The index and the archive. ``save`` writes a record, with its line in the index."""

    site: LoopbackSite
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # crawl -> its index
    files: dict[str, bytes] = field(default_factory=dict)  # path -> WARC file

    def __post_init__(self) -> None:
        self.site.otherwise = self.answer
        self.site.pages.setdefault("/robots.txt", Answer(b"User-agent: *\nDisallow: /private/\n", type="text/plain"))

    def save(self, path: str, body: str | bytes, *, crawl: str = CRAWL, stamp: str = "20251020101112",
             url: str = "", status: str = "200 OK", headers: dict[str, str] | None = None,
             warc: dict[str, str] | None = None, damage: Any = lambda record: record, **line: Any) -> None:
        """Add a capture of the page at ``path``; further arguments replace fields of its line."""
        url, data = url or f"{self.site.url}{path}", body.encode() if isinstance(body, str) else body
        file = f"crawl-data/{crawl}/segments/1/warc/part-{len(self.lines.get(crawl, [])) // 100:05}.warc.gz"
        digest = base64.b32encode(hashlib.sha1(data).digest()).decode()
        stream = io.BytesIO()
        writer = WARCWriter(stream, gzip=True)
        kinds = {"Content-Type": "text/html; charset=utf-8", **(headers or {})}
        writer.write_record(writer.create_warc_record(
            url, "response", io.BytesIO(data), len(data), http_headers=StatusAndHeaders(
                status, list(kinds.items()), protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:"
                                            f"{stamp[12:]}Z", **(warc or {})}))
        record = damage(stream.getvalue())
        offset = len(self.files.setdefault(file, b"not a record "))
        self.files[file] += record
        self.lines.setdefault(crawl, []).append({
            "url": url, "timestamp": stamp, "status": status.split()[0], "mime": "text/html",
            "mime-detected": "text/html", "digest": digest, "length": str(len(record)), "offset": str(offset),
            "filename": file, "languages": "nya", **line})

    def answer(self, path: str) -> Answer | None:
        """What the index or the archive says to a request."""
        parts = urlsplit(path)
        if parts.path.lstrip("/") in self.files:
            return Answer(self.files[parts.path.lstrip("/")], type="application/octet-stream",
                          headers={"Accept-Ranges": "bytes"})
        crawl = parts.path.removeprefix("/").removesuffix("-index")
        if crawl not in self.lines:
            return None
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        wanted = query["url"].partition("/")
        found = [line for line in self.lines[crawl] if urlsplit(line["url"]).netloc.endswith(wanted[0])
                 and urlsplit(line["url"]).path.startswith(f"/{wanted[2]}")]
        if not found:
            return Answer(b'{"message": "No Captures found"}', 404, type="application/json")
        pages = -(-len(found) // _PAGE)
        if "showNumPages" in query:
            return Answer(json.dumps({"pages": pages, "pageSize": 1, "blocks": pages}).encode())
        start = int(query["page"]) * _PAGE
        return Answer("".join(f"{json.dumps(line)}\n" for line in found[start:start + _PAGE]).encode())

    def asked(self) -> list[str]:
        """The records that were requested, in order: file and range."""
        return [f"{entry.path} {entry.headers.get('Range', entry.headers.get('range'))}" for entry in self.site.log
                if entry.path.startswith("/crawl-data/")]


def source_of(site: LoopbackSite, mirror: Path, suppressed: Suppressions | None = None, **more: Any) -> CommonCrawl:
    settings = CommonCrawlSource.model_validate({
        "name": "mined", "kind": "commoncrawl", "licence": "unverified", "consent": "unknown", "register": "web",
        "contact": "tests@example.org", "delay_seconds": 0, "private_addresses": True, "crawls": [CRAWL],
        "domains": [f"127.0.0.1:{site.port}"], "index_url": site.url, "data_url": site.url, **more})
    return CommonCrawl(settings, Place("nya", mirror.parent, mirror, suppressed or Suppressions(), Limits()))
