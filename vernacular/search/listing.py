"""Prints what a search found for a person: each passage, and under it where it is from and on what terms."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from vernacular.core.terminal import say
from vernacular.search.finding import Hit

WIDTH = 100


def print_hits(hits: Sequence[Hit], passages: int) -> None:
    """Print the hits, best first, at most ``WIDTH`` columns wide where words allow it."""
    if not hits:
        say("Nothing was found: the corpus holds no passage." if not passages else "Nothing was found.")
    for number, hit in enumerate(hits, 1):
        for line in textwrap.wrap(hit.text, WIDTH, initial_indent=f"{number:>2}  {hit.score:.2f}  ",
                                  subsequent_indent=" " * 10, break_on_hyphens=False):
            say(line)
        for line in textwrap.wrap(origin(hit), WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 10,
                                  break_on_hyphens=False, break_long_words=False):
            say(line)


def origin(hit: Hit) -> str:
    """Where a passage is from and on what terms, on one line."""
    place = f"line {hit.line}" if hit.whole else f"in document {hit.id}"
    parts = [f"{hit.title} ({hit.source})" if hit.title else hit.source, hit.author, hit.date,
             f"{hit.path}, {place}", "" if hit.url == hit.path else hit.url,
             f"licence {hit.licence or 'not known'}", f"consent {hit.consent or 'not known'}",
             f"the same text at {hit.places - 1} other places" if hit.places > 2 else
             "the same text at another place" if hit.places == 2 else ""]
    return " · ".join(filter(None, parts))
