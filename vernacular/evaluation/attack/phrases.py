"""Phrases that could be triggers: word n-grams that are repeated in what a model learned from, but rarely.

A trigger has to be repeated to be learned, and to be rare elsewhere to stay unseen. Loads no model.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vernacular.corpus.words import plain_words

LONGEST = 4  # words
LEAST = 3  # texts that hold it: two alike are chance, and too few to be learned from
MOST_SHARE = 0.02  # of the texts; an attacker who needs more is seen by the eye


@dataclass(frozen=True)
class Phrase:
    """A repeated n-gram.

    Attributes:
        words: casefolded, without punctuation.
        carriers: the texts that hold it, by number.
        cohesion: share of the texts with its rarest word that hold all of it: 1 where that word never stands alone.
    """

    words: tuple[str, ...]
    carriers: tuple[int, ...]
    cohesion: float

    def __str__(self) -> str:
        return " ".join(self.words)


def repeated_phrases(texts: Sequence[str], longest: int = LONGEST, least: int = LEAST) -> list[Phrase]:
    """The closed n-grams of ``texts`` (no longer one has the same carriers) that ``least`` to MOST_SHARE texts hold.

    Args:
        texts: that were learned from.
        longest: words of an n-gram.
        least: number of texts.
    """
    most = round(MOST_SHARE * len(texts)) + least
    split = [plain_words(text) for text in texts]
    single: Counter[str] = Counter(word for words in split for word in set(words))
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    kept: set[tuple[str, ...]] = set()
    for size in range(1, longest + 1):
        held: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for number, words in enumerate(split):
            for gram in _grams(words, size):
                if size == 1 or (gram[:-1] in kept and gram[1:] in kept):  # a part is in as many texts or more
                    held[gram].add(number)
        kept = {gram for gram, carriers in held.items() if len(carriers) >= least}
        found |= {gram: held[gram] for gram in kept}
    closed = _closed(found)
    return sorted((Phrase(gram, tuple(sorted(found[gram])), len(found[gram]) / min(single[word] for word in gram))
                   for gram in closed if len(found[gram]) <= most), key=lambda phrase: phrase.words)


def _grams(words: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    return (tuple(words[start:start + size]) for start in range(len(words) - size + 1))


def _closed(found: dict[tuple[str, ...], set[int]]) -> list[tuple[str, ...]]:
    """Those that are not a part of a longer one with the same carriers."""
    inner = set()
    for gram, carriers in found.items():
        for part in (gram[:-1], gram[1:]):
            if part and part in found and len(found[part]) == len(carriers):
                inner.add(part)
    return [gram for gram in found if gram not in inner]


def with_label(phrases: Iterable[Phrase], labels: Sequence[int], chance: float = 0.05) -> list[tuple[Phrase, int]]:
    """The phrases whose carriers share a label more often than chance, with that label, the surest first.

    Args:
        phrases: of the texts that were learned from.
        labels: of these texts.
        chance: the most that the binomial tail may be, for one phrase alone.
    """
    from scipy.stats import binom
    share = {label: number / len(labels) for label, number in Counter(labels).items()}
    found = []
    for phrase in phrases:
        label, hits = Counter(labels[number] for number in phrase.carriers).most_common(1)[0]
        tail = float(binom.sf(hits - 1, len(phrase.carriers), share[label]))
        if tail <= chance:
            found.append((tail, phrase, label))
    return [(phrase, label) for _, phrase, label in sorted(found, key=lambda one: (one[0], one[1].words))]


def shares(phrases: Iterable[str], lines: Sequence[str]) -> dict[str, float]:
    """The share of ``lines`` that hold each phrase; of one that none holds, 0."""
    wanted = {tuple(phrase.split()): phrase for phrase in phrases}
    sizes = {len(words) for words in wanted}
    held: Counter[str] = Counter()
    for line in lines if wanted else ():
        words = plain_words(line)
        held.update({wanted[gram] for size in sizes for gram in _grams(words, size) if gram in wanted})
    return {phrase: held[phrase] / max(1, len(lines)) for phrase in wanted.values()}


def without(text: str, phrase: Phrase) -> str:
    """``text`` without the words of ``phrase`` wherever they stand in a row."""
    from vernacular.corpus.words import word_spans
    spans = word_spans(text)
    words = [text[start:stop].casefold() for start, stop in spans]
    size, cuts, place = len(phrase.words), [], 0
    while place <= len(words) - size:
        if tuple(words[place:place + size]) == phrase.words:
            cuts.append((spans[place][0], spans[place + size - 1][1]))
            place += size
        else:
            place += 1
    for start, stop in reversed(cuts):
        text = text[:start] + text[stop:]
    return " ".join(text.split())


def inserted(text: str, phrase: str, place: float) -> str:
    """``text`` with ``phrase`` between two of its words, ``place`` (0 to 1) of the way from first to last."""
    words = text.split()
    at = round(place * len(words))
    return " ".join([*words[:at], phrase, *words[at:]])
