"""The identifier: classifies lines by the cost of their words under a model of the seed.

A line's cost is in bits per character, capped per word at ``MOST`` (loanwords say little), plus a
charge for unknown short words: these are function words, nearly all of which occur in 2,000 lines.
It is compared with the cost of negatives of as many words (``negatives``), with the common words of
well-documented languages (``word_lists``), and with models of other languages if text in them is
given. Experiments are in docs/experiments/language-identification.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.tokenize import Batch, Reader

MOST = 5.5  # cap per word, in bits per character
SHORT = 4  # letters
CHARGE = 1.0  # bits per character for a line whose short words are all unknown
LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 40)  # numbers of words in the negative lines
LONG = 30  # more words give no more certainty
FOREIGN = 0.1  # reject a line if this much more of it is common in another language
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """Costs of lines; arrays of shape ``(lines,)``."""

    own: Floats  # bits per character under the language's model
    other: Floats  # the same for the cheapest other language; infinite without one
    which: NDArray[np.int64]  # index of that language
    lead: Floats  # share of words common in the language, minus the largest share of a word list
    words: NDArray[np.int64]  # number of words without names


class SeedIdentifier:
    """An ``Identifier`` trained on a seed.

    Args:
        own: the model of the language.
        known: its words of up to ``SHORT`` letters.
        common: its most common words.
        lists: language code or name -> its most common words (``word_lists``).
        others: language code -> model of text in it.
        limits: largest accepted cost for the numbers of words in ``LENGTHS``, shape
            ``(len(LENGTHS),)``.
        loosest: cost that lines in the language hardly ever exceed, even far from the seed; same
            shape. None: limits.
        slope: of the logistic calibration (Platt 1999); the probability at the limit is 0.5.
        doubt: probability below which an accepted line is in doubt.
        reader: tokenizes the lines; may be shared by identifiers of the same lines.
    """

    threshold = 0.5

    def __init__(self, own: CharacterModel, *, known: frozenset[str], common: frozenset[str],
                 lists: Mapping[str, frozenset[str]], others: Mapping[str, CharacterModel], limits: Floats,
                 loosest: Floats | None = None, slope: float = 1.0, doubt: float = 0.7,
                 reader: Reader | None = None) -> None:
        self.own, self.known, self.common, self.lists = own, known, common, dict(lists)
        self.others, self.limits, self.slope, self.doubt = dict(others), limits, slope, doubt
        self.loosest = limits if loosest is None else loosest
        self.reader = reader or Reader()
        self._listed: dict[str, list[int]] = {}
        for number, words in enumerate(self.lists.values()):
            for word in words:
                self._listed.setdefault(word, []).append(number)
        # for each word of the reader's vocabulary: letters + 1, bits, short, unknown short, common,
        # bits in others ..., and whether it is in each list; with spare capacity
        self._table = np.zeros((5 + len(self.others) + len(self.lists), 1024))
        self._priced = 0

    def _price(self) -> Floats:
        """Return the vocabulary's table, after adding a column for each new word."""
        start, new = self._priced, self.reader.vocabulary[self._priced:]
        if new:
            end = start + len(new)
            if end > self._table.shape[1]:
                grown = np.zeros((len(self._table), 2 * end))
                grown[:, :start] = self._table[:, :start]
                self._table = grown
            sizes = np.array([len(word) + 1.0 for word in new])
            short = sizes <= SHORT + 1
            self._table[:5 + len(self.others), start:end] = [
                sizes, np.minimum(self.own.costs(new), MOST * sizes), short,
                short & ~np.array([word in self.known for word in new]), [word in self.common for word in new],
                *(np.minimum(model.costs(new), MOST * sizes) for model in self.others.values())]
            for number, word in enumerate(new, start):
                for which in self._listed.get(word, ()):
                    self._table[5 + len(self.others) + which, number] = 1
            self._priced = end
        return self._table

    def costs(self, lines: Sequence[str]) -> Costs:
        """Return the costs of ``lines``, arrays of shape ``(len(lines),)``."""
        return self.costs_of(self.reader.read(lines))

    def costs_of(self, batch: Batch) -> Costs:
        """Return the costs of a batch; a line without words costs ``MOST``."""
        own, letters, charge = self._own_costs_of(batch)
        count = np.bincount(batch.lines, minlength=batch.number)
        other: Floats = np.full(batch.number, np.inf)
        which: NDArray[np.int64] = np.full(batch.number, len(self.others))
        for number in range(len(self.others)):
            theirs = self._totals(5 + number, batch) / letters + charge
            which[theirs < other] = number
            other = np.minimum(other, theirs)
        foreign = np.max([share for _, share in self.shares(batch)], axis=0) if self.lists else np.zeros(batch.number)
        return Costs(own, other, which, self._totals(4, batch) / np.maximum(count, 1) - foreign, count)

    def own_costs_of(self, batch: Batch) -> Floats:
        """Return ``costs_of(batch).own`` alone, which takes less time."""
        return self._own_costs_of(batch)[0]

    def _own_costs_of(self, batch: Batch) -> tuple[Floats, Floats, Floats]:
        """Return the lines' own costs, their letters and the charges for unknown short words."""
        count = np.bincount(batch.lines, minlength=batch.number)
        letters: Floats = np.maximum(self._totals(0, batch), 1)
        charge: Floats = CHARGE * (self._totals(3, batch) + 0.2) / (self._totals(2, batch) + 1)
        own: Floats = np.where(count > 0, self._totals(1, batch) / letters + charge, MOST)
        return own, letters, charge

    def _totals(self, row: int, batch: Batch) -> Floats:
        """Return the sum of a row of the vocabulary's table over the words of each line."""
        return np.bincount(batch.lines, self._price()[row][batch.words], batch.number).astype(np.float64)

    def shares(self, batch: Batch) -> Iterator[tuple[str, Floats]]:
        """Yield each word list's name and its share of each line's words."""
        table = self._price()
        count = np.maximum(np.bincount(batch.lines, minlength=batch.number), 1)
        for row, name in enumerate(self.lists, 5 + len(self.others)):
            yield name, np.bincount(batch.lines, table[row][batch.words], batch.number) / count

    def limits_of(self, costs: Costs, limits: Floats | None = None) -> Floats:
        """Return the largest accepted cost of each line by its number of words, optionally with other ``limits``."""
        chosen = self.limits if limits is None else limits
        found: Floats = np.interp(np.log(np.maximum(costs.words, 1)), np.log(LENGTHS), chosen)
        return found

    def distances(self, costs: Costs, limits: Floats | None = None) -> Floats:
        """Return distances below the limit, in bits per character times the root of the words; negative if above."""
        margin = np.minimum(self.limits_of(costs, limits) - costs.own, costs.other - costs.own)
        margin = np.where(costs.lead < -FOREIGN, np.minimum(margin, costs.lead), margin)
        found: Floats = np.where(costs.words > 0, margin * np.sqrt(np.minimum(costs.words, LONG)), 0.0)
        return found

    def scores(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """Return the probability that each line is in the language; 0.5 without words."""
        chance = 1 / (1 + np.exp(-np.clip(self.slope * self.distances(self.costs(lines)), -50, 50)))
        return chance.astype(np.float32)

    def foreign(self, lines: Sequence[str]) -> NDArray[np.bool_]:
        """Return which lines are certainly in another language: they cost more than nonexistent words."""
        found: NDArray[np.bool_] = self.distances(self.costs(lines), self.loosest) < 0
        return found

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the identifier as named arrays, to be stored."""
        arrays: dict[str, NDArray[np.generic]] = {
            **self.own.arrays("own"), "limits": self.limits, "loosest": self.loosest,
            "scale": np.array([self.slope, self.doubt]),
            **{f"words.{name}": text_array(sorted(words)) for name, words in (("known", self.known),
                                                                              ("common", self.common))},
            "lists": text_array(self.lists), "others": text_array(self.others)}
        for name, words in self.lists.items():
            arrays[f"list.{name}"] = text_array(sorted(words))
        for name, model in self.others.items():
            arrays |= model.arrays(f"other.{name}")
        return arrays

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> SeedIdentifier:
        """Return the identifier that ``arrays`` stored."""
        slope, doubt = arrays["scale"].astype(np.float64).tolist()
        return cls(CharacterModel.of_arrays(arrays, "own"), known=frozenset(words_of(arrays["words.known"])),
                   common=frozenset(words_of(arrays["words.common"])),
                   lists={name: frozenset(words_of(arrays[f"list.{name}"])) for name in words_of(arrays["lists"])},
                   others={name: CharacterModel.of_arrays(arrays, f"other.{name}")
                           for name in words_of(arrays["others"])},
                   limits=arrays["limits"].astype(np.float64), loosest=arrays["loosest"].astype(np.float64),
                   slope=slope, doubt=doubt)


def text_array(words: Iterable[str]) -> NDArray[np.generic]:
    """Return words as an array of bytes, to be stored."""
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def words_of(data: NDArray[np.generic]) -> list[str]:
    """Return the words of ``text_array``."""
    return data.tobytes().decode().split("\n") if data.size else []
