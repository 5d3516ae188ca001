"""Typing errors, on the keyboard of the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar, Literal

from pydantic import Field

from vernacular.behavior_tests.operators.base import Context, Operator
from vernacular.text.words import word_spans

_LEAST_LETTERS = 4  # in a shorter word an error often gives another word


def beside(rows: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Return the adjacent keys of each key; each row is shifted right by half a key against the one above."""
    found: dict[str, list[str]] = {}
    for number, row in enumerate(rows):
        for at, key in enumerate(row):
            near = [(number, at - 1), (number, at + 1), (number - 1, at), (number - 1, at + 1), (number + 1, at - 1),
                    (number + 1, at)]
            found[key] = [rows[other][place] for other, place in near
                          if 0 <= other < len(rows) and 0 <= place < len(rows[other])]
    return found


class Typo(Operator):
    """Typing errors inside words of four letters and more."""

    operator: Literal["typo"] = Field(description="Typing errors inside words.")
    do: Literal["exchange", "neighbour", "leave_out", "double"] = Field("exchange", description=(
        "Swap two letters, hit an adjacent key (`keyboard`), or drop or double a letter."))
    count: int = Field(1, ge=1, le=100, examples=[3], description="Errors per line.")

    def apply(self, text: str, context: Context) -> str:
        """Return the line with ``count`` errors; never at the first letter of a word."""
        keys = beside(context.given.keyboard) if self.do == "neighbour" else {}
        for _ in range(self.count):
            places = [at for start, stop in word_spans(text) if stop - start >= _LEAST_LETTERS
                      for at in range(start + 1, stop) if self._fits(text, at, stop, keys)]
            if not places:
                return text
            at = context.rng.choice(places)
            text = text[:at] + self._instead(text, at, keys, context)
        return text

    def _fits(self, text: str, at: int, stop: int, keys: Mapping[str, Sequence[str]]) -> bool:
        if self.do == "exchange":
            return at < stop - 2 and text[at:at + 2].isalpha() and text[at] != text[at + 1]
        return bool(keys.get(text[at].lower())) if self.do == "neighbour" else text[at].isalpha()

    def _instead(self, text: str, at: int, keys: Mapping[str, Sequence[str]], context: Context) -> str:
        if self.do == "exchange":
            return text[at + 1] + text[at] + text[at + 2:]
        if self.do == "neighbour":
            key = context.rng.choice(keys[text[at].lower()])
            return (key.upper() if text[at].isupper() else key) + text[at + 1:]
        return (text[at] * 2 if self.do == "double" else "") + text[at + 1:]


class JoinWords(Operator):
    """A missed space bar: two adjacent words are joined."""

    operator: Literal["join_words"] = Field(description="Remove the space between two words.")
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """Return the line without one single space between two words."""
        spans = word_spans(text)
        places = [stop for (_, stop), (start, _) in pairwise(spans) if text[stop:start] == " "]
        if not places:
            return text
        at = context.rng.choice(places)
        return text[:at] + text[at + 1:]
