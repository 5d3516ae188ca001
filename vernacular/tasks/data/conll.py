"""CoNLL (a word and its tags a line, a sentence a block) and CoNLL-U (ten columns)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from vernacular.errors import Problem
from vernacular.normal_form import normalized
from vernacular.tasks.kind import Row

_COMMENT = regex.compile(r"\A#[^\t]*=")  # "# id 4f2a  domain=en", not the word # and its tag
_DOCUMENT = "-DOCSTART-"
_SPACES = regex.compile(" +")  # no others: the space of 10\u00a0000 is inside of a word
_COLUMNS = 10
_ID = regex.compile(r"(?P<first>\d{1,9})(?:(?P<range>-)(?P<last>\d{1,9})|(?P<empty>\.\d+))?")
_UNSAID = "_"


def read_conll(text: str, where: str, words: int, labels: int) -> Iterator[Row]:
    """The sentences of a CoNLL file.

    Args:
        text: of the file.
        where: how messages call it.
        words: column of the words, from 0, or from -1 backwards.
        labels: column of the tags.

    Raises:
        Problem: a line with another number of columns than the first, or without those asked for.
    """
    width = 0
    for first, lines in _blocks(text):
        found: list[tuple[int, str, str]] = []
        for number, line in enumerate(lines, first):
            if line.startswith(_DOCUMENT) or (not found and _COMMENT.match(line)):
                continue
            cells = line.rstrip(" ").split("\t") if "\t" in line else _SPACES.split(line.strip(" "))
            width = width or len(cells)
            if len(cells) != width or not all(-width <= column < width for column in (words, labels)) or width < 2:
                due = f"the first line has {width}" if width > 1 else "a word and its tag are due"
                raise Problem(f"{len(cells)} columns, where {due}", where=f"{where}:{number}",
                              fix="Write the word and its tags on a line, with a tab or a space between, or name the "
                                  "columns with `columns: {words: 0, labels: -1}`")
            found.append((number, cells[words], cells[labels]))
        if found:
            yield _row(where, found)


def read_conllu(text: str, where: str) -> Iterator[Row]:
    """The sentences of a CoNLL-U file with the universal part of speech (UPOS) of each syntactic word.

    A range (``1-2 im``) stands for the words that follow (``in``, ``dem``), and only these are labelled; empty nodes
    (``8.1``) are no words. The text has a space after each word unless the file says SpaceAfter=No.

    Raises:
        Problem: a line that is not CoNLL-U, or a word without UPOS.
    """
    for first, lines in _blocks(text):
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
        if found:
            written = "".join(_nfc(word) + gap for (_, word, _), gap in zip(found, after, strict=True)).strip()
            yield _row(where, found, written, _nfc(surface.strip()))


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
