"""Print search results: each passage with its origin and terms."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from vernacular.core.terminal import say
from vernacular.search.finding import Hit

WIDTH = 100


def print_hits(hits: Sequence[Hit], passages: int) -> None:
    """Print the hits, best first, wrapped at ``WIDTH`` columns."""
    if not hits:
        say("No result: the corpus contains no passage." if not passages else "No result.")
    for number, hit in enumerate(hits, 1):
        for line in textwrap.wrap(hit.text, WIDTH, initial_indent=f"{number:>2}  {hit.score:.2f}  ",
                                  subsequent_indent=" " * 10, break_on_hyphens=False):
            say(line)
        for line in textwrap.wrap(origin(hit), WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 10,
                                  break_on_hyphens=False, break_long_words=False):
            say(line)


def origin(hit: Hit) -> str:
    """Return a passage's origin and terms, on one line."""
    place = f"line {hit.line}" if hit.whole else f"in document {hit.id}"
    parts = [f"{hit.title} ({hit.source})" if hit.title else hit.source, hit.author, hit.date,
             f"{hit.path}, {place}", "" if hit.url == hit.path else hit.url,
             f"licence {hit.licence or 'unknown'}", f"consent {hit.consent or 'unknown'}",
             f"the same text in {hit.places - 1} other places" if hit.places > 2 else
             "the same text in another place" if hit.places == 2 else ""]
    return " · ".join(filter(None, parts))
