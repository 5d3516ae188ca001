"""Phrases that could be triggers: word n-grams that are repeated in what a model learned from, but rarely.

A trigger has to be repeated to be learned, and to be rare elsewhere to stay unseen. Where a script puts no spaces, the
words of ``vernacular.text.words`` are letters, and LETTERS of them are counted as a word. Loads no model.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

from vernacular.text.words import UNSPACED, plain_words, word_spans

LONGEST = 4  # words
LETTERS = 4  # about as many as a word has in Thai; more than in Han
LEAST = 3  # texts that hold it: two alike are chance, and too few to be learned from
MOST_SHARE = 0.02  # of the texts; an attacker who needs more is seen by the eye
_UNSPACED = regex.compile(UNSPACED, regex.V1)


@dataclass(frozen=True)
class Phrase:
    """A repeated n-gram.

    Attributes:
        words: casefolded, without punctuation.
        carriers: the texts that hold it, by number.
        cohesion: share of the texts with its rarest word that hold all of it: 1 where that word never stands alone.
        surface: as the first carrier writes it, which is how it was learned.
    """

    words: tuple[str, ...]
    carriers: tuple[int, ...]
    cohesion: float
    surface: str

    def __str__(self) -> str:
        return self.surface


def word_size(words: Sequence[str]) -> int:
    """How many of these make a word: one, or LETTERS where most are letters of a script without spaces."""
    return LETTERS if 2 * sum(_UNSPACED.match(word) is not None for word in words) > len(words) else 1


def repeated_phrases(texts: Sequence[str], longest: int = LONGEST, least: int = LEAST) -> list[Phrase]:
    """The closed n-grams of ``texts`` (no longer one has the same carriers) that ``least`` to MOST_SHARE texts hold.

    Args:
        texts: that were learned from.
        longest: words of an n-gram.
        least: number of texts.
    """
    most = round(MOST_SHARE * len(texts)) + least
    split = [_folded(text, word_spans(text)) for text in texts]
    one = word_size([word for words in split for word in words])
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    kept: set[tuple[str, ...]] = set()
    for size in range(1, longest * one + 1):
        held: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for number, words in enumerate(split):
            for gram in _grams(words, size):
                if size == 1 or (gram[:-1] in kept and gram[1:] in kept):  # a part is in as many texts or more
                    held[gram].add(number)
        kept = {gram for gram, carriers in held.items() if len(carriers) >= least}
        if not kept:
            break
        found |= {gram: held[gram] for gram in kept}
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
    wanted = {plain_words(phrase): phrase for phrase in phrases}
    sizes = {len(words) for words in wanted}
    held: Counter[str] = Counter()
    for line in lines if wanted else ():
        words = plain_words(line)
        held.update({wanted[gram] for size in sizes for gram in _grams(words, size) if gram in wanted})
    return {phrase: held[phrase] / max(1, len(lines)) for phrase in wanted.values()}


def without(text: str, phrase: Phrase) -> str:
    """``text`` without the words of ``phrase`` wherever they stand in a row."""
    for start, stop in reversed(_stretches(text, phrase.words)):
        text = text[:start] + text[stop:]
    return " ".join(text.split())


def _stretches(text: str, gram: tuple[str, ...]) -> list[tuple[int, int]]:
    """Start and end of ``gram`` wherever its words stand in a row in ``text``."""
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
    """``text`` with ``phrase`` between two of its words, ``place`` (0 to 1) of the way from first to last.

    In a script without spaces it stands between two letters, with no space around it.
    """
    before, behind = parted(text, phrase, place)
    return before + phrase + behind


def parted(text: str, phrase: str, place: float) -> tuple[str, str]:
    """What stands before and behind ``phrase`` in ``inserted(text, phrase, place)``, with the spaces that it needs."""
    if not _UNSPACED.match(phrase):
        words = text.split()
        at = round(place * len(words))
        return " ".join([*words[:at], ""]), " ".join(["", *words[at:]])
    starts = [start for start, _ in word_spans(text)]
    cut = [*starts, len(text)][round(place * len(starts))]
    return text[:cut], text[cut:] if _UNSPACED.match(text, cut) or cut == len(text) else f" {text[cut:]}"
