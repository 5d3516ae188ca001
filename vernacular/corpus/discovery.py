"""Where more text in the language may be: hosts of accepted documents, and hosts that these link to.

Nothing is fetched. The counts are of the newest documents and what cleaning kept of them; links are
recorded when pages are fetched (``sources.web.page_store``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import regex

from vernacular.config.schema import Language
from vernacular.config.sources import CommonCrawlSource, WebPages
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.provenance.corpus_tables import DOCUMENTS, read_rows
from vernacular.sources import open_source, place_of
from vernacular.sources.web.page_source import PageSource
from vernacular.sources.web.page_store import Mirror
from vernacular.text.urls import host_of

LEAST_LINES, LEAST_SHARE = 20, 0.5  # of a host that is proposed because of its own text
LEAST_PAGES = 2  # pages with accepted text that link to a host that is proposed because of links
_HOST = regex.compile(r"^(?!-)[a-z0-9-]++(?<!-)(?:\.(?!-)[a-z0-9-]++(?<!-))++(?::\d++)?$")
# Everybody links to them, and their pages are by anybody in any language.
_PLATFORMS = ("apple.com", "blogger.com", "creativecommons.org", "facebook.com", "gmail.com", "google.com",
              "instagram.com", "linkedin.com", "microsoft.com", "pinterest.com", "reddit.com", "t.me", "telegram.me",
              "tiktok.com", "twitter.com", "wa.me", "whatsapp.com", "wordpress.org", "x.com", "youtu.be", "youtube.com")


@dataclass
class Host:
    """A host that documents came from."""

    name: str  # without www.
    documents: int = 0
    lines: int = 0  # of these documents
    accepted: int = 0  # lines that cleaning kept
    sources: set[str] = field(default_factory=set)
    crawled: bool = False  # by a source of kind crawl or feed

    @property
    def share(self) -> float:
        """The share of its lines that cleaning kept."""
        return self.accepted / self.lines if self.lines else 0.0

    @property
    def proposed(self) -> bool:
        """Whether to propose a crawl of it."""
        return not self.crawled and self.accepted >= LEAST_LINES and self.share >= LEAST_SHARE


@dataclass
class Linked:
    """A host that no document came from, and that pages with accepted text link to."""

    name: str
    pages: int = 0  # pages with accepted text that link to it
    hosts: set[str] = field(default_factory=set)  # of these pages
    accepted: int = 0  # lines that cleaning kept of these pages

    @property
    def proposed(self) -> bool:
        """Whether to propose a crawl of it."""
        return self.pages >= LEAST_PAGES


@dataclass(frozen=True)
class Discovery:
    """Hosts, best first."""

    hosts: list[Host]  # by accepted lines
    linked: list[Linked]  # by the number of hosts and pages that link to them


def discover(store: Store, language: Language) -> Discovery:
    """Rank the hosts of the documents of ``language``, and those that they link to.

    Raises:
        Problem: no text was cleaned yet.
    """
    documents, clean = (store.current(language.code, stage) for stage in ("corpus/documents", "corpus/clean"))
    if documents is None or clean is None:
        raise Problem("no text was cleaned yet", where=f"{language.code} discover", code=Code.RESULT_MISSING,
                      fix=f"Run `vernacular run {language.code} --to corpus/clean` first")
    accepted = _lines_by_url(clean.folder / DOCUMENTS)
    hosts = _hosts_of(documents.folder / DOCUMENTS, accepted)
    covered = [_covers(language, source, store.root) for source in language.sources if isinstance(source, WebPages)]
    for host in hosts.values():
        url = f"https://{host.name}/"
        host.crawled = any(covers(url) for covers, visits in covered if visits)
    linked = _linked(language, store.root, accepted)
    found = [host for host in linked.values() if host.name not in hosts and not any(
        covers(f"https://{host.name}/") for covers, _ in covered)]
    return Discovery(sorted(hosts.values(), key=lambda host: (-host.accepted, host.name)),
                     sorted(found, key=lambda host: (-len(host.hosts), -host.pages, host.name)))


def _lines_by_url(path: Path) -> dict[str, int]:
    """Return URL -> lines of cleaned documents."""
    found: dict[str, int] = defaultdict(int)
    for row in read_rows(path, ["path", "text"]):
        if "://" in row["path"]:
            found[row["path"]] += row["text"].count("\n") + 1
    return found


def _hosts_of(path: Path, accepted: Mapping[str, int]) -> dict[str, Host]:
    hosts: dict[str, Host] = {}
    seen: set[str] = set()
    for row in read_rows(path, ["path", "source", "text"]):
        name = _name_of(host_of(row["path"])) if "://" in row["path"] else ""
        if name:
            host = hosts.setdefault(name, Host(name))
            host.documents += 1
            host.lines += row["text"].count("\n") + 1
            host.accepted += accepted.get(row["path"], 0) if row["path"] not in seen else 0
            host.sources.add(row["source"])
            seen.add(row["path"])
    return hosts


def _linked(language: Language, root: Path, accepted: Mapping[str, int]) -> dict[str, Linked]:
    found: dict[str, Linked] = {}
    for source in language.sources:
        folder = place_of(language, source, root).mirror
        if not isinstance(source, WebPages) or not Mirror.exists(folder):
            continue
        with closing(Mirror(folder)) as mirror:
            for url, target in mirror.outgoing():
                name = _name_of(target)
                if name and accepted.get(url) and not _on_platform(name):
                    host = found.setdefault(name, Linked(name))
                    host.pages += 1
                    host.hosts.add(_name_of(host_of(url)))
                    host.accepted += accepted[url]
    return found


def _covers(language: Language, source: WebPages, root: Path) -> tuple[Callable[[str], bool], bool]:
    """Return whether a source reads the page at a URL, as a function, and whether it visits the site itself."""
    opened = open_source(source, place_of(language, source, root))  # type: ignore[arg-type]  # each subclass is a kind
    assert isinstance(opened, PageSource)
    return opened.site_filter(), not isinstance(source, CommonCrawlSource)


def _name_of(host: str) -> str:
    """Return ``host`` without www.; empty if it is not a name that can be proposed."""
    name = host.lower().removeprefix("www.")
    return name if _HOST.match(name) else ""


def _on_platform(name: str) -> bool:
    return any(name == platform or name.endswith(f".{platform}") for platform in _PLATFORMS)


def snippet(discovery: Discovery, language: Language, most: int) -> Iterator[str]:
    """Yield entries of ``sources:`` for the hosts that are proposed, at most ``most``, as lines of YAML."""
    reasons = {host.name: f"{host.accepted:,} lines accepted, {host.share:.0%} of what was read"
               for host in discovery.hosts if host.proposed}
    reasons |= {host.name: f"{host.pages:,} pages with accepted text link to it (hosts: {len(host.hosts)})"
                for host in discovery.linked if host.proposed}
    taken = {source.name for source in language.sources}
    for host, reason in list(reasons.items())[:most]:
        name = _source_name(host, taken)
        taken.add(name)
        yield from (f"  - name: {name}  # {reason}", "    kind: crawl", f"    start: [https://{host}/]",
                    "    contact: you@example.org  # an address that reaches you", "    licence: unverified",
                    "    consent: unknown", "    register: web")


def _source_name(host: str, taken: set[str]) -> str:
    plain = regex.sub(r"[^a-z0-9]+", "_", host.partition(":")[0])[:36].strip("_")
    name = plain if plain[0].isalpha() else f"site_{plain}"
    number = 1
    while name in taken:
        number += 1
        name = f"{name.rstrip('0123456789_')}_{number}"
    return name
