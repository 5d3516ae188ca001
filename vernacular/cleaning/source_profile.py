"""Profiles of sets of documents, as numbers and hashes without text, and their differences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from vernacular.cleaning.disk_arrays import disk_array, stretches
from vernacular.config.strict import Strict
from vernacular.text.word_hashes import U64, Ints
from vernacular.text.words import words

DOCUMENTS, LETTERS, LETTERS_OF_ONE = 2000, 1_000_000, 5_000  # largest sample of a profile
WORDS, PHRASE = 2000, 4  # most words in a profile; words in a phrase
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_LEAST_EXPECTED = 5  # expected count for a separate comparison; rarer words are pooled
_LEAST_CARRIERS = 5  # a phrase in fewer documents is chance
_CHANCE, _RATIO = 2e-4, 10  # a phrase is new below this probability and above this ratio of frequencies
_STEADY, _MOVED = 0.4, 0.85  # part of the share allowed without word change; change at which all of it is allowed


@dataclass(frozen=True)
class Documents:
    """What the document rules found about some documents.

    Attributes:
        ids: their numbers (``document_ids``), as the following for all documents, of which these are some.
        lines: lines as read.
        lines_in_language: lines that are not certainly in another language. A line rejected because
            the seed lacks its words is not foreign.
        lines_repeated: lines equal to a line of an earlier document.
        text_of: the text of a document after the rules.
        places: which documents.
        folder: for ``disk_arrays``.
    """

    ids: U64
    lines: NDArray[np.integer]
    lines_in_language: NDArray[np.integer]
    lines_repeated: NDArray[np.integer]
    text_of: Callable[[int], str]
    places: Ints
    folder: Path | None = None

    def __len__(self) -> int:
        return len(self.places)

    def where(self, wanted: Callable[[Ints], NDArray[np.bool_]]) -> Documents:
        """Those of the documents for whose places ``wanted`` is true."""
        found, last = disk_array(self.folder, len(self), np.int64), 0
        for first, end in stretches(len(self)):
            some = self.places[first:end]
            some = some[wanted(some)]
            found[last:last + len(some)] = some
            last += len(some)
        return replace(self, places=found[:last])


class Profile(Strict):
    """The profile of a sample of documents; ``words`` and ``phrases`` are keyed by hashes."""

    documents: int  # documents, lines, lines_in_language and lines_repeated: counts over the sample
    lines: int
    lines_in_language: int
    lines_repeated: int
    tokens: int  # words in the sample
    words: dict[int, int]  # counts of the most frequent words
    phrases: dict[int, int]  # number of documents of each phrase in two documents or more

    @property
    def language_share(self) -> float:
        """Share of lines in the language."""
        return self.lines_in_language / self.lines if self.lines else 1.0

    @property
    def repeated_share(self) -> float:
        """Share of repeated lines."""
        return self.lines_repeated / self.lines if self.lines else 0.0


def profile(documents: Documents) -> Profile:
    """Compute the profile of a bounded sample of ``documents``, chosen by their ids (digests)."""
    first: Ints = np.zeros(0, dtype=np.int64)
    for begin, end in stretches(len(documents)):
        first = np.concatenate([first, documents.places[begin:end]])
        first = first[np.argsort(documents.ids[first], kind="stable")[:DOCUMENTS]]
    texts: list[str] = []
    letters = 0
    for place in first.tolist():
        texts.append(documents.text_of(place)[:LETTERS_OF_ONE])
        letters += len(texts[-1])
        if letters >= LETTERS:
            break
    chosen = first[:len(texts)]
    counted: Counter[str] = Counter()
    phrases: list[U64] = []
    for text in texts:
        found = _words(text)
        counted.update(found)
        phrases.append(np.unique(_phrases(found)))
    top = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    words: dict[int, int] = {}
    for word, number in top:
        words[_hash(word)] = words.get(_hash(word), 0) + number
    numbers, carriers = np.unique(np.concatenate([np.empty(0, np.uint64), *phrases]), return_counts=True)
    often = carriers > 1
    return Profile(
        documents=len(chosen), lines=int(documents.lines[chosen].sum()),
        lines_in_language=int(documents.lines_in_language[chosen].sum()),
        lines_repeated=int(documents.lines_repeated[chosen].sum()), tokens=counted.total(), words=words,
        phrases=dict(zip(numbers[often].tolist(), carriers[often].tolist(), strict=True)))


def distance(one: Profile, other: Profile) -> float:
    """Return the Jensen-Shannon distance of the words: 0 for equal, 1 for disjoint distributions.

    The square root of the divergence in bits (Endres and Schindelin 2003). Words too rare for the
    smaller sample are pooled, since their chance differences would dominate.
    """
    if not one.tokens or not other.tokens:
        return 0.0
    fewest = min(one.tokens, other.tokens)
    total, rest = 0.0, [1.0, 1.0]
    for word in sorted(one.words.keys() | other.words.keys()):
        p, q = one.words.get(word, 0) / one.tokens, other.words.get(word, 0) / other.tokens
        if (p + q) / 2 * fewest >= _LEAST_EXPECTED:
            total += _divergence(p, q)
            rest = [rest[0] - p, rest[1] - q]
    return math.sqrt(max(0.0, total + _divergence(max(rest[0], 0.0), max(rest[1], 0.0))))


def new_phrases(baseline: Profile, new: Profile, share: float, moved: float = 1.0) -> list[int]:
    """Return hashes of phrases in more than ``share`` of the new documents and hardly any before, most frequent first.

    A change of topic brings its own phrases, so the share is lower if nothing else changed.

    Args:
        baseline: before.
        new: the new documents.
        share: largest share of new documents with such a phrase, if the words changed too.
        moved: change of the words relative to the allowed change.
    """
    allowed = share * min(1.0, max(_STEADY, moved / _MOVED))
    part = new.documents / max(1, new.documents + baseline.documents)
    found = []
    for number, after in new.phrases.items():
        if after < _LEAST_CARRIERS or after <= allowed * new.documents:
            continue
        before = baseline.phrases.get(number, 1)  # phrases of single documents are not stored: there may have been one
        rare = before == 1 or after * baseline.documents >= _RATIO * before * new.documents
        if rare and _tail(after, before + after, part) < _CHANCE:
            found.append(number)
    return sorted(found, key=lambda number: (-new.phrases[number], number))


def spell(number: int, documents: Documents) -> str:
    """Return the words of the phrase with this hash, as written in one of ``documents``."""
    for place in documents.places:
        found = _words(documents.text_of(int(place)))
        for start in np.flatnonzero(_phrases(found) == np.uint64(number)).tolist():
            return " ".join(found[start:start + PHRASE])
    return "a phrase"


def _words(text: str) -> list[str]:
    return words(text[:LETTERS_OF_ONE].casefold())


def _hash(word: str) -> int:
    return crc32(word.encode("utf-8"))


def _phrases(found: Sequence[str]) -> U64:
    """Return a hash for each run of ``PHRASE`` words, in order."""
    hashes = np.fromiter(map(_hash, found), np.uint64, len(found)) + np.uint64(1)
    places = max(0, len(found) - PHRASE + 1)
    total = np.zeros(places, np.uint64)
    for start in range(PHRASE):
        total = total * _PRIME + hashes[start:start + places]
    return total


def _divergence(p: float, q: float) -> float:
    middle = (p + q) / 2
    return sum(share / 2 * math.log2(share / middle) for share in (p, q) if share > 0)


def _tail(least: int, trials: int, chance: float) -> float:
    """Return the probability of ``least`` or more successes in ``trials``."""
    return math.fsum(math.exp(math.lgamma(trials + 1) - math.lgamma(number + 1) - math.lgamma(trials - number + 1)
                              + number * math.log(chance) + (trials - number) * math.log1p(-chance))
                     for number in range(least, trials + 1)) if 0 < chance < 1 else 1.0
