"""Word lists for behavioural tests: as written, or found in the held-out text.

Needs no network and no speaker; that a word stands capitalised inside a clause says that it is a name of some kind, no
more. Only for scripts with letter case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from vernacular.behavior_tests.operators.base import QWERTY, Given
from vernacular.behavior_tests.schema import FromText, Pairs, Suite
from vernacular.text.words import word_spans, words


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


def common_in(lines: Iterable[str]) -> Counter[str]:
    """Words of letters alone that never stand capitalised inside a clause, in lower case, with how often."""
    lines = list(lines)
    names = {name.lower() for name in names_in(lines)}
    return Counter(word for line in lines for word in words(line.lower()) if word.isalpha() and word not in names)


def resolve(suite: Suite, lines: Sequence[str]) -> Given:
    """Every list of ``suite`` as words or pairs; those ``from: text`` are read off ``lines``, in alphabetical order."""
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
    """The keys of a row of the keyboard: its characters, or what stands between spaces where there are any."""
    return row.split() if " " in row.strip() else list(row.strip())
