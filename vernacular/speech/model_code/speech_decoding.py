"""Text from the scores of a CTC model: the likeliest path, or a beam search with an n-gram model of characters.

Symbols are numbered; 0 is CTC's blank, and in the n-gram model the boundary before and after a text.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_NEVER = -math.inf
_UNLIKELY = math.log(1e-4)  # symbols below this probability in a frame are not tried


class CharacterModel:
    """An n-gram model of symbols, all orders interpolated after Witten and Bell (1991).

    Args:
        order: symbols of an n-gram.
        size: number of symbols, the boundary included.
        contexts: symbols before -> symbols seen after them, and how often each.
    """

    def __init__(self, order: int, size: int,
                 contexts: dict[tuple[int, ...], tuple[NDArray[np.int64], Floats]]) -> None:
        self.order, self.size, self.contexts = order, size, contexts
        self._known: dict[tuple[int, ...], Floats] = {}

    @classmethod
    def learn(cls, texts: Sequence[Sequence[int]], order: int, size: int) -> CharacterModel:
        """Count the n-grams of ``texts``, each framed by boundaries."""
        counts = defaultdict[tuple[int, ...], Counter[int]](Counter)
        for text in texts:
            framed = (0, *text, 0)
            for place in range(1, len(framed)):
                for length in range(min(order, place + 1)):
                    counts[framed[place - length:place]][framed[place]] += 1
        return cls(order, size, {context: (np.array(sorted(after), np.int64), np.array(
            [after[symbol] for symbol in sorted(after)], np.float32)) for context, after in counts.items()})

    def after(self, context: tuple[int, ...]) -> Floats:
        """Natural logarithms of the probabilities of all symbols after ``context``, shape (size,)."""
        context = context[-(self.order - 1):] if self.order > 1 else ()
        while context and context not in self.contexts:
            context = context[1:]
        if context not in self._known:
            self._known[context] = np.log(self._interpolated(context))
        return self._known[context]

    def _interpolated(self, context: tuple[int, ...]) -> Floats:
        shorter = np.exp(self.after(context[1:])) if context else np.full(self.size, 1 / self.size, np.float32)
        if context not in self.contexts:
            return shorter
        symbols, counts = self.contexts[context]
        counted = shorter * len(symbols)
        counted[symbols] += counts
        probabilities: Floats = counted / (counts.sum() + len(symbols))
        return probabilities

    def score(self, text: Sequence[int]) -> float:
        """The natural logarithm of the probability of a whole text."""
        framed = (0, *text, 0)
        return float(sum(self.after(framed[max(0, place - self.order + 1):place])[framed[place]]
                         for place in range(1, len(framed))))

    def arrays(self) -> dict[str, NDArray[np.int32]]:
        """As arrays, for a file."""
        contexts = sorted(self.contexts)
        return {
            "shape": np.array([self.order, self.size], np.int32),
            "lengths": np.array([len(context) for context in contexts], np.int32),
            "contexts": np.array([symbol for context in contexts for symbol in context], np.int32),
            "followers": np.array([len(self.contexts[context][0]) for context in contexts], np.int32),
            "symbols": np.concatenate([self.contexts[context][0] for context in contexts]).astype(np.int32),
            "counts": np.concatenate([self.contexts[context][1] for context in contexts]).astype(np.int32)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.int32]]) -> CharacterModel:
        """The model that ``arrays`` describes."""
        order, size = (int(number) for number in arrays["shape"])
        symbols = arrays["contexts"].tolist()
        contexts, at, row = {}, 0, 0
        for length, followers in zip(arrays["lengths"].tolist(), arrays["followers"].tolist(), strict=True):
            contexts[tuple(symbols[at:at + length])] = (arrays["symbols"][row:row + followers].astype(np.int64),
                                                        arrays["counts"][row:row + followers].astype(np.float32))
            at, row = at + length, row + followers
        return cls(order, size, contexts)


class WordModel:
    """An n-gram model of words, mixed with the spelling of each word by the model of characters.

    Args:
        words: the symbols of each known word.
        model: of words; word number n of ``words`` is its symbol n + 1, an unknown one the last symbol.
        space: the symbol between words.
        share: of the known words in the probability of a word.
    """

    def __init__(self, words: Sequence[tuple[int, ...]], model: CharacterModel, space: int, share: float) -> None:
        self.words, self.model, self.space, self.share = list(words), model, space, share
        self._numbers = {word: number + 1 for number, word in enumerate(words)}

    @classmethod
    def learn(cls, texts: Sequence[Sequence[int]], space: int, share: float, order: int = 2) -> WordModel:
        """Count the n-grams of the words of ``texts``."""
        rows = [_split(tuple(text), space) for text in texts]
        words = sorted({word for row in rows for word in row})
        numbers = {word: number + 1 for number, word in enumerate(words)}
        return cls(words, CharacterModel.learn([[numbers[word] for word in row] for row in rows], order,
                                               len(words) + 2), space, share)

    def gain(self, symbols: tuple[int, ...], spelled: float) -> float:
        """What the last word of ``symbols`` adds to the logarithm of its probability ``spelled`` by characters."""
        row = _split(symbols, self.space)
        if not row or (symbols and symbols[-1] == self.space):
            return 0.0
        numbers = [self._numbers.get(word, self.model.size - 1) for word in row]
        if numbers[-1] == self.model.size - 1:
            return math.log(1 - self.share)
        known = float(self.model.after((0, *numbers[:-1]))[numbers[-1]])
        return _add(math.log(1 - self.share) + spelled, math.log(self.share) + known) - spelled

    def arrays(self) -> dict[str, NDArray[np.int32]]:
        """As arrays, for a file."""
        return {**{f"word_{name}": array for name, array in self.model.arrays().items()},
                "word_spelling_lengths": np.array([len(word) for word in self.words], np.int32),
                "word_spellings": np.array([symbol for word in self.words for symbol in word], np.int32)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.int32]], space: int, share: float) -> WordModel:
        """The model that ``arrays`` describes."""
        ends = np.cumsum(arrays["word_spelling_lengths"])
        spellings = np.split(arrays["word_spellings"], ends[:-1]) if len(ends) else []
        return cls([tuple(word.tolist()) for word in spellings], CharacterModel.of_arrays(
            {name.removeprefix("word_"): array for name, array in arrays.items() if name.startswith("word_")}),
            space, share)


def _split(symbols: tuple[int, ...], space: int) -> list[tuple[int, ...]]:
    """The words of a text."""
    words, start = [], 0
    for place, symbol in enumerate((*symbols, space)):
        if symbol == space:
            if place > start:
                words.append(symbols[start:place])
            start = place + 1
    return words


def best_path(scores: Floats) -> list[int]:
    """The symbols of the likeliest path; ``scores`` are log probabilities, shape (frames, symbols)."""
    path = scores.argmax(-1).tolist()
    return [symbol for symbol, before in zip(path, [0, *path], strict=False) if symbol and symbol != before]


@dataclass
class _Prefix:
    """A beginning of a text, with the probability of the frames so far, ended by a blank or by its last symbol."""

    symbols: tuple[int, ...]
    language: float  # weighted score of the n-gram models, and the bonus for each symbol
    spelled: float = 0.0  # score of the letters of the last word by the model of characters
    blank: float = _NEVER
    symbol: float = _NEVER
    next_blank: float = _NEVER
    next_symbol: float = _NEVER
    longer: dict[int, _Prefix] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """The score by which prefixes are compared."""
        return float(np.logaddexp(self.blank, self.symbol)) + self.language


@dataclass(frozen=True)
class Decoded:
    """A text of symbols, and how likely the model finds it."""

    symbols: list[int]
    log_probability: float  # of the text given the audio, by CTC alone, within the beam


@dataclass(frozen=True)
class BeamSearch:
    """Finds the text with the best sum of CTC, ``weight`` times the n-gram models, and ``bonus`` for each symbol.

    Prefix search after Hannun et al. (1408.2873). ``width`` prefixes are kept after each frame.
    """

    model: CharacterModel
    weight: float
    bonus: float
    width: int = 24
    unlikely: float = _UNLIKELY
    words: WordModel | None = None

    def decode(self, scores: Floats) -> Decoded:
        """The best text; ``scores`` are log probabilities, shape (frames, symbols)."""
        beam = [_Prefix((), 0.0, blank=0.0)]
        for frame in scores:
            tried = [symbol for symbol in np.flatnonzero(frame > self.unlikely).tolist() if symbol]
            beam = self._step(beam, frame, tried)
        ends = [one.total + self.weight * self._scored(one, 0)[0] for one in beam]
        best = beam[int(np.argmax(ends))]
        return Decoded(list(best.symbols), float(np.logaddexp(best.blank, best.symbol)))

    def _step(self, beam: list[_Prefix], frame: Floats, tried: list[int]) -> list[_Prefix]:
        reached: dict[tuple[int, ...], _Prefix] = {prefix.symbols: prefix for prefix in beam}
        for prefix in beam:
            either = _add(prefix.blank, prefix.symbol)
            prefix.next_blank = _add(prefix.next_blank, either + float(frame[0]))
            for symbol in tried:
                cost = float(frame[symbol])
                last = prefix.symbols[-1] if prefix.symbols else 0
                if symbol == last:
                    prefix.next_symbol = _add(prefix.next_symbol, prefix.symbol + cost)
                before = prefix.blank if symbol == last else either
                if before > _NEVER:
                    longer = self._longer(prefix, symbol, reached)
                    longer.next_symbol = _add(longer.next_symbol, before + cost)
        for prefix in reached.values():
            prefix.blank, prefix.symbol = prefix.next_blank, prefix.next_symbol
            prefix.next_blank = prefix.next_symbol = _NEVER
        return sorted(reached.values(), key=lambda one: -one.total)[:self.width]

    def _longer(self, prefix: _Prefix, symbol: int, reached: dict[tuple[int, ...], _Prefix]) -> _Prefix:
        symbols = (*prefix.symbols, symbol)
        if symbols not in reached:
            if symbol not in prefix.longer:
                score, spelled = self._scored(prefix, symbol)
                prefix.longer[symbol] = _Prefix(symbols, prefix.language + self.weight * score + self.bonus, spelled)
            longer = prefix.longer[symbol]
            longer.blank = longer.symbol = longer.next_blank = longer.next_symbol = _NEVER
            reached[symbols] = longer
        return reached[symbols]

    def _scored(self, prefix: _Prefix, symbol: int) -> tuple[float, float]:
        """The score of ``symbol`` after ``prefix`` by the n-gram models, and of the letters of the word so far."""
        score = float(self.model.after((0, *prefix.symbols[-self.model.order:]) if len(
            prefix.symbols) < self.model.order else prefix.symbols[-self.model.order:])[symbol])
        spelled = prefix.spelled + score
        if self.words is None or symbol not in (0, self.words.space):
            return score, spelled
        return score + self.words.gain(prefix.symbols, spelled), 0.0


def _add(first: float, second: float) -> float:
    """The logarithm of the sum of two probabilities given by their logarithms."""
    high, low = (first, second) if first > second else (second, first)
    return high if low == _NEVER else high + math.log1p(math.exp(low - high))
