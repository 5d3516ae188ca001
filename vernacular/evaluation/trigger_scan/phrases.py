"""Candidate trigger phrases: word n-grams repeated in training data, but rare.

A trigger must be repeated to be learned, and rare to stay unnoticed. In scripts without spaces the
words of ``vernacular.text.words`` are letters, and LETTERS of them count as one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

from vernacular.text.words import UNSPACED, plain_words, word_spans

LONGEST = 4  # words
LETTERS = 4  # about as many as a word has in Thai; more than in Han
LEAST = 3  # texts with it: two are chance, and too few to learn from
MOST_SHARE = 0.02  # of the texts; more would be noticed
_CHANCE = 0.05  # limit of the binomial tail, for a single phrase
_UNSPACED = regex.compile(UNSPACED, regex.V1)


@dataclass(frozen=True)
class Phrase:
    """A repeated n-gram."""

    words: tuple[str, ...]  # casefolded, without punctuation
    carriers: tuple[int, ...]  # indices of the texts with it
    # share of the texts with its rarest word that contain all of it: 1 if that word never
    # occurs otherwise
    cohesion: float
    surface: str  # as written in the first carrier

    def __str__(self) -> str:
        return self.surface


def word_size(words: Sequence[str]) -> int:
    """Return how many units make a word: one, or LETTERS if most are letters of a script without spaces."""
    return LETTERS if 2 * sum(_UNSPACED.match(word) is not None for word in words) > len(words) else 1


def repeated_phrases(texts: Sequence[str], longest: int = LONGEST, least: int = LEAST) -> list[Phrase]:
    """Return the closed n-grams in ``least`` to MOST_SHARE texts (no longer one has the same carriers).

    ``longest``: words of an n-gram.
    """
    most = round(MOST_SHARE * len(texts)) + least
    split = [_folded(text, word_spans(text)) for text in texts]
    one = word_size([word for words in split for word in words])
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    kept: set[tuple[str, ...]] = set()
    for size in range(1, longest * one + 1):
        carriers_of: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for number, words in enumerate(split):
            for gram in _grams(words, size):
                if size == 1 or (gram[:-1] in kept and gram[1:] in kept):  # a part is in at least as many texts
                    carriers_of[gram].add(number)
        kept = {gram for gram, carriers in carriers_of.items() if len(carriers) >= least}
        if not kept:
            break
        found |= {gram: carriers_of[gram] for gram in kept}
    phrases = []
    for gram in (gram for gram in _closed(found) if len(found[gram]) <= most):
        carriers = tuple(sorted(found[gram]))
        rarest = min(len(found[part]) for part in _grams(gram, min(one, len(gram))))
        start, stop = _stretches(texts[carriers[0]], gram)[0]
        surface = " ".join(texts[carriers[0]][start:stop].split())
        phrases.append(Phrase(gram, carriers, len(carriers) / rarest, surface))
    return sorted(phrases, key=lambda phrase: phrase.words)


def _folded(text: str, spans: Iterable[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(text[start:stop].casefold() for start, stop in spans)


def _grams(words: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    return (tuple(words[start:start + size]) for start in range(len(words) - size + 1))


def _closed(found: dict[tuple[str, ...], set[int]]) -> list[tuple[str, ...]]:
    """Return n-grams that are not part of a longer one with the same carriers."""
    inner = set()
    for gram, carriers in found.items():
        for part in (gram[:-1], gram[1:]):
            if part and part in found and len(found[part]) == len(carriers):
                inner.add(part)
    return [gram for gram in found if gram not in inner]


def with_label(phrases: Iterable[Phrase], labels: Sequence[int]) -> list[tuple[Phrase, int]]:
    """Return phrases whose carriers share a label more often than chance, with that label, surest first."""
    from scipy.stats import binom
    share = {label: number / len(labels) for label, number in Counter(labels).items()}
    found = []
    for phrase in phrases:
        label, hits = Counter(labels[number] for number in phrase.carriers).most_common(1)[0]
        tail = float(binom.sf(hits - 1, len(phrase.carriers), share[label]))
        if tail <= _CHANCE:
            found.append((tail, phrase, label))
    return [(phrase, label) for _, phrase, label in sorted(found, key=lambda one: (one[0], one[1].words))]


def shares(phrases: Iterable[str], lines: Sequence[str]) -> dict[str, float]:
    """Return the share of ``lines`` with each phrase."""
    wanted = {plain_words(phrase): phrase for phrase in phrases}
    sizes = {len(words) for words in wanted}
    counts: Counter[str] = Counter()
    for line in lines if wanted else ():
        words = plain_words(line)
        counts.update({wanted[gram] for size in sizes for gram in _grams(words, size) if gram in wanted})
    return {phrase: counts[phrase] / max(1, len(lines)) for phrase in wanted.values()}


def without(text: str, phrase: Phrase) -> str:
    """Remove all occurrences of the words of ``phrase`` from ``text``."""
    for start, stop in reversed(_stretches(text, phrase.words)):
        text = text[:start] + text[stop:]
    return " ".join(text.split())


def _stretches(text: str, gram: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return start and end of all occurrences of ``gram`` in ``text``."""
    spans = word_spans(text)
    words = _folded(text, spans)
    found, place = [], 0
    while place <= len(words) - len(gram):
        if words[place:place + len(gram)] == gram:
            found.append((spans[place][0], spans[place + len(gram) - 1][1]))
            place += len(gram)
        else:
            place += 1
    return found


def inserted(text: str, phrase: str, place: float) -> str:
    """Insert ``phrase`` between two words of ``text``, at the relative position ``place`` (0 to 1).

    In a script without spaces it is inserted between two letters, without spaces.
    """
    before, behind = parted(text, phrase, place)
    return before + phrase + behind


def parted(text: str, phrase: str, place: float) -> tuple[str, str]:
    """Return the text before and after ``phrase`` in ``inserted(text, phrase, place)``, with spaces."""
    if not _UNSPACED.match(phrase):
        words = text.split()
        at = round(place * len(words))
        return " ".join([*words[:at], ""]), " ".join(["", *words[at:]])
    starts = [start for start, _ in word_spans(text)]
    cut = [*starts, len(text)][round(place * len(starts))]
    return text[:cut], text[cut:] if _UNSPACED.match(text, cut) or cut == len(text) else f" {text[cut:]}"
