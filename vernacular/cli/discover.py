"""The command ``discover``: where more text may be. ``main`` loads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from vernacular.cli.common import LanguageCode, command, open_language
from vernacular.core.terminal import say, say_json
from vernacular.corpus.discovery import Discovery, discover, snippet


@command(name="discover")
def list_hosts(code: LanguageCode,
               most: Annotated[int, typer.Option(min=1, help="hosts in each list, and entries of the snippet")] = 20,
               as_json: Annotated[bool, typer.Option("--json", help="machine-readable, with all hosts")] = False,
               ) -> None:
    """Propose sites with more text: hosts of accepted documents, and hosts they link to. Nothing is fetched."""
    store, language = open_language(code)
    found = discover(store, language)
    proposed = list(snippet(found, language, most))
    if as_json:
        say_json({"language": code, "hosts": [
            {"host": host.name, "documents": host.documents, "lines": host.lines, "accepted": host.accepted,
             "share": round(host.share, 4), "sources": sorted(host.sources), "crawled": host.crawled,
             "proposed": host.proposed} for host in found.hosts], "linked": [
            {"host": host.name, "pages": host.pages, "hosts": sorted(host.hosts), "accepted": host.accepted,
             "proposed": host.proposed} for host in found.linked], "sources": "\n".join(proposed)})
        return
    for line in _text(found, proposed, most):
        say(line)


def _text(found: Discovery, proposed: list[str], most: int) -> Iterator[str]:
    yield "Hosts of documents, by lines that cleaning kept:"
    rows = [("host", "documents", "lines", "kept", "share", "")]
    rows += [(host.name, f"{host.documents:,}", f"{host.lines:,}", f"{host.accepted:,}", f"{host.share:.0%}",
              "crawled" if host.crawled else f"through {', '.join(sorted(host.sources))}")
             for host in found.hosts[:most]]
    yield from _table(rows)
    yield ""
    yield "Other hosts that pages with such lines link to:"
    rows = [("host", "pages", "on hosts", "their kept lines", "", "")]
    rows += [(host.name, f"{host.pages:,}", f"{len(host.hosts):,}", f"{host.accepted:,}", "", "")
             for host in found.linked[:most]]
    yield from _table(rows)
    yield ""
    if not proposed:
        yield "No site is proposed."
        return
    yield "Look at each site first, ask its owners where you can, and copy what you choose into language.yaml:"
    yield "sources:"
    yield from proposed


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield aligned lines: the first column to the left, numbers to the right."""
    if len(rows) == 1:
        yield "  none"
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:-1], widths[1:-1],
                                                                                       strict=True)), row[-1]]
        yield f"  {'  '.join(cells)}".rstrip()
