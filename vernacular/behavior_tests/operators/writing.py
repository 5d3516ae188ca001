"""Changes of writing: characters, spaces, case, marks, numbers; words are kept."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar, Literal

import regex
from pydantic import Field, field_validator, model_validator

from vernacular.behavior_tests.operators.base import Context, Operator, each_word
from vernacular.core.normal_forms import normalized

APOSTROPHES = "'\u2019\u02bc\u2018`"
_APOSTROPHE_IN_WORD = re.compile(rf"(?<=[^\W\d_])[{APOSTROPHES}](?=[^\W\d_])")
_FINAL_MARK = r"[\p{Terminal_Punctuation}\u2026\s]"  # of every script
_FINAL_MARKS = regex.compile(rf"(?<!{_FINAL_MARK}){_FINAL_MARK}++$")
_ASCII_DIGITS = "0123456789"
_NUMBER = re.compile(r"\d{1,300}")  # a longer one is matched in parts: Python limits the digits of an integer
_LONG = re.compile(r"(?<!\d)(?<!\d[.,٫])\d{4,}")  # not decimals: 3.1416 has no thousands
_NO_BREAK = "\u00a0"


class NormalForm(Operator):
    """Another Unicode normal form of the same text (Unicode Standard Annex 15)."""

    operator: Literal["normal_form"] = Field(description="Another Unicode normal form.")
    to: Literal["NFC", "NFD", "NFKC", "NFKD"] = Field("NFD", description="The form of the changed line.")
    may_be_idle: ClassVar[bool] = True

    def invisible(self) -> bool:
        """Canonical forms look the same; NFKC and NFKD do not."""
        return self.to in ("NFC", "NFD")

    def apply(self, text: str, context: Context) -> str:
        """Return the line in the normal form ``to``."""
        return normalized(self.to, text)


class Spaces(Operator):
    """Meaningless spaces."""

    operator: Literal["spaces"] = Field(description="Add meaningless spaces.")
    where: Literal["trailing", "leading", "double", "no_break"] = Field("trailing", description=(
        "After or before the line, two between words, or no-break spaces between words."))

    def invisible(self) -> bool:
        """Spaces around a line are invisible."""
        return self.where in ("trailing", "leading")

    def apply(self, text: str, context: Context) -> str:
        """Return the line with other spaces at ``where``."""
        if self.where in ("double", "no_break"):
            return text.replace(" ", "  " if self.where == "double" else _NO_BREAK)
        return text + "  " if self.where == "trailing" else "  " + text


class LetterCase(Operator):
    """The same letters in another case."""

    operator: Literal["letter_case"] = Field(description="Another letter case.")
    to: Literal["upper", "lower", "title"] = Field("upper", description="The case of the changed line.")

    def apply(self, text: str, context: Context) -> str:
        """Return the line in the case ``to``; for ``title`` an apostrophe does not split a word."""
        if self.to == "title":
            return each_word(text, lambda word: word[0].upper() + word[1:].lower())
        return text.upper() if self.to == "upper" else text.lower()


class ApostropheVariants(Operator):
    """Characters typed as an apostrophe inside a word."""

    operator: Literal["apostrophe_variants"] = Field(description="Other characters for an apostrophe.")
    variants: list[str] = Field(default_factory=lambda: list(APOSTROPHES), min_length=1, description=(
        "Characters to choose from; \"\" removes the apostrophe."), examples=[["\u2019", ""]])

    def apply(self, text: str, context: Context) -> str:
        """Return the line with every inner apostrophe replaced by one variant that it does not use."""
        used = set(_APOSTROPHE_IN_WORD.findall(text))
        others = [variant for variant in self.variants if variant not in used]
        if not used or not others:
            return text
        chosen = context.rng.choice(others)
        return _APOSTROPHE_IN_WORD.sub(lambda found: chosen, text)


class StripDiacritics(Operator):
    """Letters without diacritics, as typed on a keyboard that lacks them."""

    operator: Literal["strip_diacritics"] = Field(description="Letters without their marks.")
    may_be_idle: ClassVar[bool] = True

    def apply(self, text: str, context: Context) -> str:
        """Return the line without combining marks (general category Mn), in NFC."""
        if text.isascii():
            return text
        marked = normalized("NFD", text)
        bare = normalized("NFC", "".join(char for char in marked if unicodedata.category(char) != "Mn"))
        return text if bare == normalized("NFC", text) else bare


class FinalPunctuation(Operator):
    """The final mark of a line, added or removed."""

    operator: Literal["final_punctuation"] = Field(description="Add or remove the final mark.")
    do: Literal["add", "remove", "toggle"] = Field("toggle", description=(
        "Add the mark, remove it, or whichever is possible."))
    mark: str = Field(".", description="The mark that is added.", examples=["\u0964"])
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """Return the line with or without its final mark."""
        bare = _FINAL_MARKS.sub("", text).removesuffix(self.mark)
        if bare != text.rstrip():
            return bare if self.do != "add" and bare else text
        return text + self.mark if self.do != "remove" else text


class Replace(Operator):
    """Spelling rules: digraphs, letters with and without marks, old and new orthography."""

    operator: Literal["replace"] = Field(description="Apply spelling rules.")
    pairs: dict[str, str] = Field(min_length=1, description="Replacements, applied in this order.",
                                  examples=[{"mau": "mawu", "zao": "zawo"}])
    where: Literal["anywhere", "start", "end", "word"] = Field("anywhere", description=(
        "Anywhere, at the start or end of words, or only whole words."))

    @field_validator("pairs")
    @classmethod
    def _something_is_replaced(cls, pairs: dict[str, str]) -> dict[str, str]:
        if "" in pairs:
            raise ValueError("an empty string cannot be replaced; write the letters to replace")
        return pairs

    def apply(self, text: str, context: Context) -> str:
        """Return the line with every pair replaced."""
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
    """Insert an irrelevant text before or after the line: an emoji, an address, a verse number."""

    operator: Literal["insert"] = Field(description="Insert a text before or after the line.")
    at: Literal["start", "end"] = Field("end", description="Before or after the line.")
    texts: list[str] = Field(min_length=1, description="One of these is drawn for each case.",
                             examples=[["\U0001f642", "https://example.org"]])
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """Return the line with one of ``texts`` at its start or end."""
        chosen = context.rng.choice(self.texts)
        return f"{chosen} {text}" if self.at == "start" else f"{text} {chosen}"


class Quotes(Operator):
    """The line in quotation marks."""

    operator: Literal["quotes"] = Field(description="Put the line in quotation marks.")
    pairs: list[str] = Field(default_factory=lambda: ["\u201c\u201d", '""', "\u00ab\u00bb"], min_length=1,
                             description="Opening and closing mark, two characters each.", examples=[["\u00ab\u00bb"]])
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """Return the line within one of the pairs."""
        pair = context.rng.choice(self.pairs)
        return pair[0] + text + pair[-1]


class Digits(Operator):
    """Another notation of the same number."""

    operator: Literal["digits"] = Field(description="Write numbers another way.")
    style: Literal["thousands", "plain", "script"] = Field("thousands", description=(
        "With a separator of thousands, without one, or in the digits of another script."))
    separator: str = Field(",", description="Separator of thousands.", examples=["."])
    digits: str = Field("", description="The ten digits from 0 to 9 (style `script`).",
                        examples=["\u0966\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e\u096f"])

    @field_validator("digits")
    @classmethod
    def _ten(cls, digits: str) -> str:
        if digits and len(digits) != len(_ASCII_DIGITS):
            raise ValueError(f"digits must be ten characters, from zero to nine, not {len(digits)}")
        return digits

    @model_validator(mode="after")
    def _script_has_digits(self) -> Digits:
        if (self.style == "script") != bool(self.digits):
            raise ValueError("style: script needs digits, the ten from zero to nine, and no other style has them")
        return self

    def apply(self, text: str, context: Context) -> str:
        """Return the line with numbers in the style; numbers below 1000 have no thousands."""
        if self.style == "script":
            return text.translate(str.maketrans(_ASCII_DIGITS, self.digits))
        mark = re.escape(self.separator)
        if self.style == "plain":
            return re.sub(rf"(?<=\d){mark}(?=\d{{3}}(?!\d))", "", text)
        return _LONG.sub(lambda found: self.separator.join(_thousands(found[0])), text)


class Numbers(Operator):
    """Replace numbers by others with as many digits. Numbers in words are pairs of ``code_switch``."""

    operator: Literal["numbers"] = Field(description="Replace a number by another with as many digits.")

    def apply(self, text: str, context: Context) -> str:
        """Return the line with every number in digits replaced."""
        return _NUMBER.sub(lambda found: _another(found[0], context), text)


def _thousands(digits: str) -> list[str]:
    """Split ``digits`` into groups of three, from the end."""
    first = len(digits) % 3
    return [part for part in (digits[:first], *(digits[begin:begin + 3] for begin in range(first, len(digits), 3)))
            if part]


def _another(number: str, context: Context) -> str:
    # Unicode has the ten digits in a row
    low, nought = 10 ** (len(number) - 1), ord(number[0]) - unicodedata.digit(number[0])
    drawn = context.rng.randrange(low, 10 * low - 1)  # excludes the number itself
    return "".join(chr(nought + int(digit)) for digit in str(drawn + 1 if drawn >= int(number) else drawn))
