"""Word lists of behavioral tests: written in the file, or extracted from held-out text.

Extraction uses capitals: a word capitalized inside a clause is probably a name. Only for cased
scripts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from vernacular.behavior_tests.operators.base import QWERTY, Given
from vernacular.behavior_tests.schema import FromText, Pairs, Suite
from vernacular.text.words import word_spans, words


def names_in(lines: Iterable[str]) -> Counter[str]:
    """Count words capitalized inside a clause.

    The first word of a line and words after punctuation are skipped, since capitals there are
    regular.
    """
    found: Counter[str] = Counter()
    for line in lines:
        last_end = -1
        for start, stop in word_spans(line):
            word, inside = line[start:stop], last_end >= 0 and line[last_end:start].isspace()
            if inside and word[0].isupper() and not word.isupper():
                found[word] += 1
            last_end = stop
    return found


def common_in(lines: Iterable[str]) -> Counter[str]:
    """Count lower-cased alphabetic words that are never capitalized inside a clause."""
    lines = list(lines)
    names = {name.lower() for name in names_in(lines)}
    return Counter(word for line in lines for word in words(line.lower()) if word.isalpha() and word not in names)


def resolve(suite: Suite, lines: Sequence[str]) -> Given:
    """Return every list of ``suite`` as words or pairs; those with ``from: text`` come from ``lines``, sorted."""
    lexicons: dict[str, list[str]] = {}
    pairs: dict[str, dict[str, str]] = {}
    for name, lexicon in suite.lexicons.items():
        if isinstance(lexicon, FromText):
            lexicons[name] = _found(lexicon, lines)
        elif isinstance(lexicon, Pairs):
            pairs[name] = dict(lexicon.pairs)
        else:
            lexicons[name] = list(lexicon)
    return Given(lexicons, pairs, [keys_of(row) for row in suite.keyboard] or QWERTY)


def _found(lexicon: FromText, lines: Sequence[str]) -> list[str]:
    counts = (names_in if lexicon.words == "capitalised" else common_in)(lines)
    barred = set(lexicon.exclude)
    kept = [word for word, count in counts.items() if count >= lexicon.min_count and word not in barred]
    return sorted(sorted(kept, key=lambda word: (-counts[word], word))[:lexicon.most])


def keys_of(row: str) -> list[str]:
    """Return the keys of a keyboard row: its characters, or its parts if it has spaces."""
    return row.split() if " " in row.strip() else list(row.strip())
