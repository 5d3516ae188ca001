"""CoNLL (a word and its tags a line, a sentence a block) and CoNLL-U (ten columns)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import dropwhile

import regex

from vernacular.core.errors import Collector, Problem
from vernacular.core.normal_forms import normalized
from vernacular.datasets.items import Row

_COMMENT = regex.compile(r"\A#[^\t]*=")  # "# id 4f2a  domain=en", not the word # and its tag
_DOCUMENT = "-DOCSTART-"
_SPACES = regex.compile(" +")  # no others: the space of 10\u00a0000 is inside of a word
_COLUMNS = 10
_ID = regex.compile(r"(?P<first>\d{1,9})(?:(?P<range>-)(?P<last>\d{1,9})|(?P<empty>\.\d+))?")
_UNSAID = "_"
_COLUMNS_FIX = ("Write the word and its tags on a line, with a tab or a space between, or name the columns with "
                "`columns: {words: 0, labels: -1}`")


def read_conll(text: str, where: str, words: int, labels: int) -> Iterator[Row]:
    """The sentences of a CoNLL file.

    Args:
        text: of the file.
        where: how messages call it.
        words: column of the words, from 0, or from -1 backwards.
        labels: column of the tags.

    Raises:
        Problem: lines with another number of columns than most have, or without those asked for.
    """
    blocks = [_lines_of_words(first, lines) for first, lines in _blocks(text)]
    widths = Counter(len(cells) for block in blocks for _, cells in block)
    width, faults = widths.most_common(1)[0][0] if widths else 0, Collector()
    if widths and (width < 2 or not all(-width <= column < width for column in (words, labels))):
        first_line = next(number for block in blocks for number, cells in block if len(cells) == width)
        raise Problem(f"{width} column{'s' * (width != 1)}, where " + (
            "a word and its tag are expected" if width < 2 else f"`columns:` names {words} and {labels}"),
            where=f"{where}:{first_line}", fix=_COLUMNS_FIX)
    for block in blocks:
        for number, cells in block:
            if len(cells) != width:
                faults.add(Problem(f"{len(cells)} column{'s' * (len(cells) != 1)}, where most lines have {width}",
                                   where=f"{where}:{number}", fix=_COLUMNS_FIX))
        if block and all(len(cells) == width for _, cells in block):
            yield _row(where, [(number, cells[words], cells[labels]) for number, cells in block])
    faults.raise_collected()


def _lines_of_words(first: int, lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The number and the cells of each line of a block, without comments before its first word."""
    numbered = dropwhile(lambda each: _COMMENT.match(each[1]) or each[1].startswith(_DOCUMENT), enumerate(lines, first))
    return [(number, _cells(line)) for number, line in numbered if not line.startswith(_DOCUMENT)]


def _cells(line: str) -> list[str]:
    return line.rstrip(" ").split("\t") if "\t" in line else _SPACES.split(line.strip(" "))


def read_conllu(text: str, where: str) -> Iterator[Row]:
    """The sentences of a CoNLL-U file with the universal part of speech (UPOS) of each syntactic word.

    A range (``1-2 im``) stands for the words that follow (``in``, ``dem``), and only these are labelled; empty nodes
    (``8.1``) are no words. The text has a space after each word unless the file says SpaceAfter=No.

    Raises:
        Problem: lines that are not CoNLL-U, or words without UPOS; of a sentence the first.
    """
    faults = Collector()
    for first, lines in _blocks(text):
        row = None
        with faults.collect():
            row = _sentence(where, first, lines)
        if row is not None:
            yield row
    faults.raise_collected()


def is_conllu(text: str) -> bool:
    """Whether ``text`` looks like CoNLL-U: its first line beside comments has ten columns and begins with a number."""
    line = next((line for line in text.split("\n") if line.strip() and not line.startswith("#")), "")
    cells = line.split("\t")
    return len(cells) == _COLUMNS and _ID.fullmatch(cells[0]) is not None


def _sentence(where: str, first: int, lines: Sequence[str]) -> Row | None:
    """The sentence of a block of CoNLL-U; None where it holds comments alone.

    Raises:
        Problem: the first line that is wrong.
    """
    found: list[tuple[int, str, str]] = []
    after: list[str] = []
    surface, closes = "", 0
    for number, line in enumerate(lines, first):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        match = _ID.fullmatch(cells[0])
        if len(cells) != _COLUMNS or match is None:
            raise Problem("not a line of CoNLL-U", where=f"{where}:{number}",
                          fix="Ten columns with tabs between, the first a number, a range or an empty node")
        space = "" if "SpaceAfter=No" in cells[9].split("|") else " "
        if match["range"]:
            closes, closing = int(match["last"]), space
            surface += cells[1] + space
            continue
        if match["empty"]:
            continue
        place = int(match["first"])
        if place != len(found) + 1:
            raise Problem(f"word {place} where word {len(found) + 1} is due", where=f"{where}:{number}",
                          fix="Number the words of a sentence from 1")
        if cells[3] == _UNSAID or not cells[1]:
            raise Problem("a word without its part of speech (UPOS), or its form", where=f"{where}:{number}",
                          fix="Fill the second and the fourth column")
        inside = place <= closes
        after.append(closing if inside and place == closes else space if not inside else " ")
        surface += "" if inside else cells[1] + space
        found.append((number, cells[1], cells[3]))
    if not found:
        return None
    written = "".join(_nfc(word) + gap for (_, word, _), gap in zip(found, after, strict=True)).strip()
    return _row(where, found, written, _nfc(surface.strip()))


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines between empty lines, with the number of the first."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _row(where: str, found: list[tuple[int, str, str]], text: str = "", surface: str = "") -> Row:
    words, labels = [_nfc(word.strip()) for _, word, _ in found], [_nfc(label.strip()) for _, _, label in found]
    fields = {"words": words, "labels": labels, **({"text": text} if text else {})}
    return Row(f"{where}:{found[0][0]}", fields, tuple(number for number, _, _ in found), surface or " ".join(words))


def _nfc(text: str) -> str:
    return normalized("NFC", text)
