"""CoNLL (one word with tags per line, one sentence per block) and CoNLL-U (ten columns)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile

import regex

from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.normal_forms import normalized
from vernacular.datasets.items import Row

_COMMENT = regex.compile(r"\A#[^\t]*=")  # "# id 4f2a  domain=en" is a comment, "#" with a tag is a word
_DOCUMENT = "-DOCSTART-"
_SPACES = regex.compile(" +")  # plain spaces only: 10\u00a0000 is one word
_COLUMNS = 10
_ID = regex.compile(r"(?P<first>\d{1,9})(?:(?P<range>-)(?P<last>\d{1,9})|(?P<empty>\.\d+))?")
_UNSAID = "_"
_COLUMNS_FIX = ("Write a word and its tags per line, separated by a tab or space, or name the columns with "
                "`columns: {words: 0, labels: -1}`")


def read_conll(text: str, where: str, words: int, labels: int) -> Iterator[Row]:
    """Yield the sentences of a CoNLL file.

    Args:
        text: of the file.
        where: the file's name in messages.
        words: column of the words, from 0, or from -1 backwards.
        labels: column of the tags.

    Raises:
        Problem: lines with an unusual number of columns, or without the selected ones.
    """
    blocks = [_lines_of_words(first, lines) for first, lines in _blocks(text)]
    widths = Counter(len(cells) for block in blocks for _, cells in block)
    width, faults = widths.most_common(1)[0][0] if widths else 0, Collector()
    if widths and (width < 2 or not all(-width <= column < width for column in (words, labels))):
        first_line = next(number for block in blocks for number, cells in block if len(cells) == width)
        raise Problem(f"{width} column{'s' * (width != 1)}, but " + (
            "a word and its tag are required" if width < 2 else f"`columns:` selects {words} and {labels}"),
            where=f"{where}:{first_line}", fix=_COLUMNS_FIX, code=Code.DATA_COLUMN)
    for block in blocks:
        for number, cells in block:
            if len(cells) != width:
                faults.add(Problem(f"{len(cells)} column{'s' * (len(cells) != 1)}, but most lines have {width}",
                                   where=f"{where}:{number}", fix=_COLUMNS_FIX, code=Code.DATA_FORMAT))
        if block and all(len(cells) == width for _, cells in block):
            yield _row(where, [(number, cells[words], cells[labels]) for number, cells in block])
    faults.raise_collected()


def _lines_of_words(first: int, lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Return number and cells of each line of a block, without comments before the first word."""
    numbered = dropwhile(lambda each: _COMMENT.match(each[1]) or each[1].startswith(_DOCUMENT), enumerate(lines, first))
    return [(number, _cells(line)) for number, line in numbered if not line.startswith(_DOCUMENT)]


def _cells(line: str) -> list[str]:
    return line.rstrip(" ").split("\t") if "\t" in line else _SPACES.split(line.strip(" "))


def read_conllu(text: str, where: str) -> Iterator[Row]:
    """Yield the sentences of a CoNLL-U file with the UPOS tag of each syntactic word.

    A range (``1-2 im``) covers the following words (``in``, ``dem``), and only these are labeled;
    empty nodes (``8.1``) are skipped. A space follows each word unless SpaceAfter=No.

    Raises:
        Problem: lines that are not CoNLL-U, or words without UPOS; the first one per sentence.
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
    """Whether ``text`` looks like CoNLL-U: its first data line has ten columns and begins with a number."""
    line = next((line for line in text.split("\n") if line.strip() and not line.startswith("#")), "")
    cells = line.split("\t")
    return len(cells) == _COLUMNS and _ID.fullmatch(cells[0]) is not None


def _sentence(where: str, first: int, lines: Sequence[str]) -> Row | None:
    """Return the sentence of a CoNLL-U block; None for comments only."""
    words: list[tuple[int, str, str]] = []
    after: list[str] = []
    rows: list[list[str]] = []
    closes = 0
    for number, line in enumerate(lines, first):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        match = _ID.fullmatch(cells[0])
        if len(cells) != _COLUMNS or match is None:
            raise Problem("not a valid CoNLL-U line", where=f"{where}:{number}",
                          fix="Write ten tab-separated columns, the first a number, a range or an empty node",
                          code=Code.DATA_FORMAT)
        rows.append(cells)
        space = _space_after(cells)
        if match["range"]:
            closes, closing = int(match["last"]), space
            continue
        if match["empty"]:
            continue
        place = int(match["first"])
        if place != len(words) + 1:
            raise Problem(f"word {place} instead of word {len(words) + 1}", where=f"{where}:{number}",
                          fix="Number the words of a sentence from 1", code=Code.DATA_FORMAT)
        if cells[3] == _UNSAID or not cells[1]:
            raise Problem("a word without form or part of speech (UPOS)", where=f"{where}:{number}",
                          fix="Fill the second and the fourth column", code=Code.DATA_FORMAT)
        inside = place <= closes
        after.append(closing if inside and place == closes else space if not inside else " ")
        words.append((number, cells[1], cells[3]))
    if not words:
        return None
    written = "".join(_nfc(word) + gap for (_, word, _), gap in zip(words, after, strict=True)).strip()
    return _row(where, words, written, _nfc(surface_text(rows)))


def surface_text(rows: Iterable[Sequence[str]]) -> str:
    """Return the text of a CoNLL-U sentence: ranges replace their parts, SpaceAfter=No joins.

    Args:
        rows: the ten cells of each line.
    """
    text, end = "", 0
    for cells in rows:
        first, _, last = cells[0].partition("-")
        if not first.isdigit() or int(first) <= end:  # an empty node, or a part of the previous range
            continue
        end = int(last) if last else int(first)
        text += cells[1] + _space_after(cells)
    return text.strip()


def _space_after(cells: Sequence[str]) -> str:
    return "" if "SpaceAfter=No" in cells[9].split("|") else " "


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between empty lines, with the number of the first."""
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
