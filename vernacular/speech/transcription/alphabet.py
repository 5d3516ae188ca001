"""The symbols that a model can write: the characters of the training transcripts, tones and marks included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vernacular.core.normal_forms import normalized
from vernacular.speech.model_code.speech_pipeline import spelled


@dataclass(frozen=True)
class Alphabet:
    """Characters by number; number 0 is CTC's blank."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Alphabet:
        """The characters of ``texts`` in Unicode's normal form C, in the order of their code points."""
        return cls(("", *sorted({character for text in texts for character in normal(text)})))

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> list[int]:
        """The numbers of the characters of ``text``; others are left out."""
        numbers = {symbol: number for number, symbol in enumerate(self.symbols) if symbol}
        return [numbers[character] for character in normal(text) if character in numbers]

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of ``numbers``."""
        return spelled(list(self.symbols), list(numbers))

    def lacks(self, texts: Iterable[str]) -> set[str]:
        """The characters of ``texts`` that the model cannot write."""
        return {character for text in texts for character in normal(text)} - {*self.symbols}


def normal(text: str) -> str:
    """``text`` in normal form C with single spaces, as it is learned and scored."""
    return normalized("NFC", " ".join(text.split()))
