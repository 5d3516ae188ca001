"""The most common words of a hundred well-documented languages, from jusText.

A line with more words common in one of these than in the language itself is in that language, or
too mixed with it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import justext
import langcodes

from vernacular.text.words import APOSTROPHES

_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
SAME = 10  # langcodes distance below which two tags count as one language (0 to 134)


@lru_cache(maxsize=1)
def _all() -> dict[str, tuple[str, frozenset[str]]]:
    """Return name -> (language tag, words), by name."""
    found = {}
    for name in sorted(justext.get_stoplists()):
        try:
            tag = str(langcodes.find(name.replace("_", " ")))
        except LookupError:
            tag = "und"
        words = (word.translate(_APOSTROPHES).lower().strip(".,") for word in justext.get_stoplist(name))
        found[name] = (tag, frozenset(word for word in words if word.isalpha()))
    return found


def lists_for(code: str) -> dict[str, frozenset[str]]:
    """Return the lists of all languages except ``code`` (a BCP 47 tag) and near-identical ones: name -> words."""
    return {name: words for name, (tag, words) in _all().items()
            if tag == "und" or min(langcodes.tag_distance(code, tag), langcodes.tag_distance(tag, code)) >= SAME}


def lists_in(codes: Collection[str], but: str) -> dict[str, frozenset[str]]:
    """Return the lists of the languages ``codes``, except those of ``but``: name -> words."""
    return {name: words for name, words in lists_for(but).items() if (tag := _all()[name][0]) != "und"
            and any(langcodes.tag_distance(code, tag) < SAME for code in codes)}
