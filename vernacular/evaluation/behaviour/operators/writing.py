"""Changes of writing: characters, spaces, letter case, marks, numbers; the words themselves stay."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar, Literal

import regex
from pydantic import Field, field_validator, model_validator

from vernacular.evaluation.behaviour.operators.base import Context, Operator, each_word
from vernacular.normal_form import normalized

APOSTROPHES = "'\u2019\u02bc\u2018`"
_APOSTROPHE_IN_WORD = re.compile(rf"(?<=[^\W\d_])[{APOSTROPHES}](?=[^\W\d_])")
_FINAL_MARK = r"[\p{Terminal_Punctuation}\u2026\s]"  # of every script
_FINAL_MARKS = regex.compile(rf"(?<!{_FINAL_MARK}){_FINAL_MARK}++$")
_ASCII_DIGITS = "0123456789"
_NUMBER = re.compile(r"\d{1,300}")  # a longer one is several: Python limits the digits of an integer
_LONG = re.compile(r"(?<!\d)(?<!\d[.,٫])\d{4,}")  # not the digits behind a decimal mark: 3.1416 has no thousands
_NO_BREAK = "\u00a0"


class NormalForm(Operator):
    """Another Unicode normal form of the same text (Unicode Standard Annex 15)."""

    operator: Literal["normal_form"]
    to: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFD"
    may_be_idle: ClassVar[bool] = True

    def invisible(self) -> bool:
        """Canonical forms look the same; NFKC and NFKD do not."""
        return self.to in ("NFC", "NFD")

    def apply(self, text: str, context: Context) -> str:
        """The line in the normal form ``to``."""
        return normalized(self.to, text)


class Spaces(Operator):
    """Spaces that carry no meaning."""

    operator: Literal["spaces"]
    where: Literal["trailing", "leading", "double", "no_break"] = Field("trailing", description=(
        "after or before the line, two between words, or no-break spaces between words"))

    def invisible(self) -> bool:
        """Spaces around a line cannot be seen."""
        return self.where in ("trailing", "leading")

    def apply(self, text: str, context: Context) -> str:
        """The line with other spaces at ``where``."""
        if self.where in ("double", "no_break"):
            return text.replace(" ", "  " if self.where == "double" else _NO_BREAK)
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
    variants: list[str] = Field(default_factory=lambda: list(APOSTROPHES), min_length=1, description=(
        'characters to draw from; "" leaves the apostrophe out'))

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
        marked = normalized("NFD", text)
        bare = normalized("NFC", "".join(char for char in marked if unicodedata.category(char) != "Mn"))
        return text if bare == normalized("NFC", text) else bare


class FinalPunctuation(Operator):
    """The mark that ends a line, added where there is none or removed where there is one."""

    operator: Literal["final_punctuation"]
    do: Literal["add", "remove", "toggle"] = "toggle"
    mark: str = "."
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """The line with or without its final mark."""
        bare = _FINAL_MARKS.sub("", text).removesuffix(self.mark)
        if bare != text.rstrip():
            return bare if self.do != "add" and bare else text
        return text + self.mark if self.do != "remove" else text


class Replace(Operator):
    """Rules of spelling: digraphs, letters with and without marks, old and new orthography."""

    operator: Literal["replace"]
    pairs: dict[str, str] = Field(min_length=1, description="what -> by what, in this order, everywhere in the line")
    where: Literal["anywhere", "start", "end", "word"] = Field("anywhere", description=(
        "anywhere, at the start or the end of words, or whole words alone"))

    @field_validator("pairs")
    @classmethod
    def _something_is_replaced(cls, pairs: dict[str, str]) -> dict[str, str]:
        if "" in pairs:
            raise ValueError("nothing cannot be replaced; write the letters that are")
        return pairs

    def apply(self, text: str, context: Context) -> str:
        """The line with every pair replaced."""
        for old, new in self.pairs.items():
            text = (text.replace(old, new) if self.where == "anywhere" else
                    each_word(text, lambda word, old=old, new=new: self._in_word(word, old, new)))  # type: ignore[misc]
        return text

    def _in_word(self, word: str, old: str, new: str) -> str:
        if self.where == "word":
            return new if word == old else word
        if self.where == "start":
            return new + word[len(old):] if word.startswith(old) else word
        return word[:len(word) - len(old)] + new if word.endswith(old) else word


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
    style: Literal["thousands", "plain", "script"] = Field("thousands", description=(
        "with a separator of thousands, without one, or in the digits of another script"))
    separator: str = ","
    digits: str = Field("", description="style script: the ten digits from nought to nine")

    @field_validator("digits")
    @classmethod
    def _ten(cls, digits: str) -> str:
        if digits and len(digits) != len(_ASCII_DIGITS):
            raise ValueError(f"digits are ten characters, from nought to nine, not {len(digits)}")
        return digits

    @model_validator(mode="after")
    def _script_has_digits(self) -> Digits:
        if (self.style == "script") != bool(self.digits):
            raise ValueError("style: script needs digits, the ten from nought to nine, and no other style has them")
        return self

    def apply(self, text: str, context: Context) -> str:
        """The line with its numbers in the style; numbers below 1000 have no thousands."""
        if self.style == "script":
            return text.translate(str.maketrans(_ASCII_DIGITS, self.digits))
        mark = re.escape(self.separator)
        if self.style == "plain":
            return re.sub(rf"(?<=\d){mark}(?=\d{{3}}(?!\d))", "", text)
        return _LONG.sub(lambda found: self.separator.join(_thousands(found[0])), text)


class Numbers(Operator):
    """Another number in the place of one, of as many digits. Numbers in words are pairs of ``code_switch``."""

    operator: Literal["numbers"]

    def apply(self, text: str, context: Context) -> str:
        """The line with every number written in digits exchanged for another."""
        return _NUMBER.sub(lambda found: _another(found[0], context), text)


def _thousands(digits: str) -> list[str]:
    """``digits`` in threes, counted from the end."""
    first = len(digits) % 3
    return [part for part in (digits[:first], *(digits[begin:begin + 3] for begin in range(first, len(digits), 3)))
            if part]


def _another(number: str, context: Context) -> str:
    low, nought = 10 ** (len(number) - 1), ord(number[0]) - unicodedata.digit(number[0])  # Unicode keeps ten in a row
    drawn = context.rng.randrange(low, 10 * low - 1)  # one fewer than there are: the number itself is passed over
    return "".join(chr(nought + int(digit)) for digit in str(drawn + 1 if drawn >= int(number) else drawn))
