"""Word lists for behavioural tests: as written, or found in the held-out text by their capitals.

Needs no network and no speaker; that a word stands capitalised inside a clause says that it is a name of some kind, no
more. Only for scripts with letter case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from vernacular.corpus.words import word_spans
from vernacular.evaluation.behaviour.schema import FromText, Suite


def names_in(lines: Iterable[str]) -> Counter[str]:
    """Words that stand capitalised inside a clause, with how often.

    The first word of a line and a word after any punctuation are passed over: there a capital may mean nothing.
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


def resolve(suite: Suite, lines: Sequence[str]) -> dict[str, list[str]]:
    """Every word list of ``suite`` as words; those ``from: text`` are read off ``lines``, in alphabetical order."""
    resolved: dict[str, list[str]] = {}
    counts: Mapping[str, int] | None = None
    for name, lexicon in suite.lexicons.items():
        if isinstance(lexicon, FromText):
            counts = names_in(lines) if counts is None else counts
            barred = set(lexicon.exclude)
            resolved[name] = sorted(word for word, count in counts.items()
                                    if count >= lexicon.min_count and word not in barred)
        else:
            resolved[name] = list(lexicon)
    return resolved
