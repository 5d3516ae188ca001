"""The changes that a behavioural test can make to a line: one settings class each, with the method that makes it.

Operators are pure: the same line, seed and lexicons give the same result. One that finds nothing to change returns the
line as it is, and the case is skipped. They know nothing of models, tasks or files.
"""

from __future__ import annotations

import random
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vernacular.config.strict import Name, Strict
from vernacular.corpus.words import word_spans, words

APOSTROPHES = "'\u2019\u02bc\u2018`"
_APOSTROPHE_IN_WORD = re.compile(rf"(?<=[^\W\d_])[{APOSTROPHES}](?=[^\W\d_])")
_FINAL_MARKS = ".!?;,:\u2026"


@dataclass(frozen=True)
class Context:
    """What an operator may draw on besides the line: a seeded generator and the suite's word lists."""

    rng: random.Random
    lexicons: Mapping[str, Sequence[str]] = field(default_factory=dict)


def each_word(text: str, change: Callable[[str], str]) -> str:
    """``text`` with every word changed by ``change``, and what stands between the words as it was."""
    parts, end = [], 0
    for start, stop in word_spans(text):
        parts += [text[end:start], change(text[start:stop])]
        end = stop
    return "".join(parts) + text[end:]


class Operator(Strict, ABC):
    """A change to a line.

    ``keeps_words``: the words before and after correspond one to one. ``may_be_idle``: text in which there is nothing
    to change passes an invariance test, for both forms of it are the same.
    """

    keeps_words: ClassVar[bool] = True
    may_be_idle: ClassVar[bool] = False

    @abstractmethod
    def apply(self, text: str, context: Context) -> str:
        """``text`` changed, or ``text`` itself where there is nothing to change."""


class NormalForm(Operator):
    """Another Unicode normal form of the same text (Unicode Standard Annex 15)."""

    operator: Literal["normal_form"]
    to: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFD"
    may_be_idle: ClassVar[bool] = True

    def apply(self, text: str, context: Context) -> str:
        """The line in the normal form ``to``."""
        return unicodedata.normalize(self.to, text)


class Spaces(Operator):
    """Spaces that carry no meaning."""

    operator: Literal["spaces"]
    where: Literal["trailing", "leading", "double"] = "trailing"

    def apply(self, text: str, context: Context) -> str:
        """The line with spaces added at ``where``."""
        if self.where == "double":
            return text.replace(" ", "  ")
        return text + "  " if self.where == "trailing" else "  " + text


class LetterCase(Operator):
    """The same letters in another case."""

    operator: Literal["letter_case"]
    to: Literal["upper", "lower", "title"] = "upper"

    def apply(self, text: str, context: Context) -> str:
        """The line in the case ``to``; a word with an apostrophe counts as one word for ``title``."""
        if self.to == "title":
            return each_word(text, lambda word: word[0].upper() + word[1:].lower())
        return text.upper() if self.to == "upper" else text.lower()


class ApostropheVariants(Operator):
    """The characters that people type for an apostrophe inside a word."""

    operator: Literal["apostrophe_variants"]
    variants: list[str] = Field(default_factory=lambda: list(APOSTROPHES), min_length=1)

    def apply(self, text: str, context: Context) -> str:
        """The line with every apostrophe inside a word written as one variant, drawn among those not in use."""
        used = set(_APOSTROPHE_IN_WORD.findall(text))
        others = [variant for variant in self.variants if variant not in used]
        if not used or not others:
            return text
        chosen = context.rng.choice(others)
        return _APOSTROPHE_IN_WORD.sub(lambda found: chosen, text)


class StripDiacritics(Operator):
    """Letters without their marks, as typed on a keyboard that lacks them."""

    operator: Literal["strip_diacritics"]
    may_be_idle: ClassVar[bool] = True

    def apply(self, text: str, context: Context) -> str:
        """The line without combining marks (general category Mn), in NFC."""
        if text.isascii():
            return text
        bare = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
        return text if unicodedata.normalize("NFC", bare) == unicodedata.normalize("NFC", text) else bare


class FinalPunctuation(Operator):
    """The mark that ends a line, added where there is none or removed where there is one."""

    operator: Literal["final_punctuation"]
    do: Literal["add", "remove", "toggle"] = "toggle"
    mark: str = "."
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """The line with or without its final mark."""
        bare = text.rstrip(_FINAL_MARKS + " ")
        if bare != text.rstrip():
            return bare if self.do != "add" and bare else text
        return text + self.mark if self.do != "remove" else text


class Replace(Operator):
    """Fixed replacements: spelling variants, digraphs, letters with and without marks."""

    operator: Literal["replace"]
    pairs: dict[str, str] = Field(min_length=1, description="what -> by what, in this order, everywhere in the line")

    def apply(self, text: str, context: Context) -> str:
        """The line with every pair replaced."""
        for old, new in self.pairs.items():
            text = text.replace(old, new)
        return text


class Insert(Operator):
    """Something put before or after the line that has no bearing on it: an emoji, an address, a verse number."""

    operator: Literal["insert"]
    at: Literal["start", "end"] = "end"
    texts: list[str] = Field(min_length=1, description="one is drawn for each case")
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """The line with one of ``texts`` at its start or end."""
        chosen = context.rng.choice(self.texts)
        return f"{chosen} {text}" if self.at == "start" else f"{text} {chosen}"


class Quotes(Operator):
    """The line in quotation marks."""

    operator: Literal["quotes"]
    pairs: list[str] = Field(default_factory=lambda: ["\u201c\u201d", '""', "\u00ab\u00bb"], min_length=1,
                             description="opening and closing mark, two characters each")
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """The line between one of the pairs."""
        pair = context.rng.choice(self.pairs)
        return pair[0] + text + pair[-1]


class Digits(Operator):
    """Another way to write the same number."""

    operator: Literal["digits"]
    style: Literal["thousands", "plain"] = "thousands"
    separator: str = ","

    def apply(self, text: str, context: Context) -> str:
        """Numbers of four digits and more with a separator of thousands, or without."""
        mark = re.escape(self.separator)
        if self.style == "plain":
            return re.sub(rf"(?<=\d){mark}(?=\d{{3}}(?!\d))", "", text)
        return re.sub(r"\d{4,}", lambda found: f"{int(found[0]):,}".replace(",", self.separator), text)


class Typo(Operator):
    """A slip of the fingers: two neighbouring letters inside a word change places."""

    operator: Literal["typo"]
    count: int = Field(1, ge=1, description="slips in the line")

    def apply(self, text: str, context: Context) -> str:
        """The line with ``count`` swaps of different letters inside words of four letters and more."""
        for _ in range(self.count):
            places = [at for start, stop in word_spans(text) if stop - start >= 4 for at in range(start + 1, stop - 2)
                      if text[at:at + 2].isalpha() and text[at] != text[at + 1]]
            if not places:
                return text
            at = context.rng.choice(places)
            text = text[:at] + text[at + 1] + text[at] + text[at + 2:]
        return text


class SwapWords(Operator):
    """One word of a list exchanged for another: names, places, synonyms."""

    operator: Literal["swap_words"]
    lexicon: Name = Field(description="the list a word of the line must stand in")
    by: Name | None = Field(None, description="the list the new word is drawn from; the same list if left out")

    def apply(self, text: str, context: Context) -> str:
        """The line with one listed word, wherever it stands in the line, exchanged for another."""
        known = set(context.lexicons[self.lexicon])
        present = set(words(text))
        found = sorted(present & known)
        if not found:
            return text
        old = context.rng.choice(found)
        others = [word for word in context.lexicons[self.by or self.lexicon] if word not in present]
        if not others:
            return text
        new = context.rng.choice(others)
        return each_word(text, lambda word: new if word == old else word)


AnyOperator = Annotated[
    NormalForm | Spaces | LetterCase | ApostropheVariants | StripDiacritics | FinalPunctuation | Replace | Insert
    | Quotes | Digits | Typo | SwapWords, Field(discriminator="operator")]
