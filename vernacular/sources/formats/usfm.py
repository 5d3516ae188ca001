"""Scripture in USFM: the words of verses, without markers, notes and references.

Markers are those of USFM 3.1 (https://docs.usfm.bible). Written for this project because usfmtc
reads 0.5 MB/s, a fraction of this reader's speed, and an unclosed footnote makes it lose the
following verses.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.plain import encoding_flags
from vernacular.sources.formats.text import Options, Text

_TOKEN = regex.compile(r"\\(\+?[a-zA-Z][\w-]{0,60}?)(\d{0,9})(\*|(?=[\s\\|*])|$)|\\(\*)")
_NOTES = {"f", "fe", "ef", "x", "ex", "efe"}  # notes, up to their end marker
_DROPPED = {"fig", "va", "vp", "ca", "pro", "rq", "jmp", "xt", "sup", "fm"}
_LINES_OUT = {  # markers of lines that are not verse text: names, headings, references, tables of contents
    "id", "ide", "usfm", "h", "toc", "toca", "sts", "rem", "restore", "mt", "mte", "ms", "mr", "s", "sr", "r", "d",
    "sp", "sd", "cl", "cp", "cd", "imt", "is", "ip", "ipi", "im", "imi", "ipq", "imq", "ipr", "iq", "ib", "ili", "iot",
    "io", "iex", "imte", "ie", "iqt", "lit", "qa", "cat", "esb", "esbe", "periph"}
_PARAGRAPHS = {
    "p", "m", "po", "pr", "cls", "pmo", "pm", "pmc", "pmr", "pi", "mi", "nb", "pc", "ph", "phi", "q", "qr", "qc", "qm",
    "qd", "b", "lh", "li", "lf", "lim", "tr", "pb"}
Verse = tuple[str, str]  # number, text
_SPACES = regex.compile(r"\s+")
_BEFORE_MARK = regex.compile(r"(?<!\s)\s++([,.;:!?])")


def read_usfm(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    r"""Yield a text per chapter, named ``BOOK.CHAPTER``, one verse per line, without headings and introductions.

    Raises:
        Problem: no USFM (no ``\c`` and ``\v``), or the encoding is unknown.
    """
    source, name = decode(file.read(), where, options.encoding)
    title = regex.search(r"\\(?:h|toc2|mt1?)\s+([^\\\n]+)", source)
    found = False
    for book, chapter, verses in numbered_chapters(source):
        found = True
        yield Text("\n".join(verse for _, verse in verses), part=f"{book}.{chapter}", whole=True,
                   title=f"{title.group(1).strip()} {chapter}" if title else "", flags=encoding_flags(name))
    if not found:
        raise Problem("it contains no verses", where=where,
                      fix=r"A USFM file marks chapters with \c and verses with \v",
                      code=Code.DATA_EMPTY)


def numbered_chapters(source: str) -> Iterator[tuple[str, str, list[Verse]]]:
    r"""Yield (book, chapter, verses) for each nonempty chapter of ``source``; a verse is number and text.

    The number follows ``\v``, such as ``3``, ``3a`` or ``3-4`` for joined verses. An unclosed note
    or word ends at the next verse or paragraph.
    """
    book, chapter, verses, numbers = "", "", list[list[str]](), list[str]()
    shown = False  # whether text here belongs to a verse
    inside = ""  # the open note or dropped marker
    attributes = False
    position = 0
    for match in [*_TOKEN.finditer(source), None]:
        text = source[position:match.start() if match else len(source)]
        if shown and not inside and verses:
            cut = text.split("|", 1)[0] if attributes else text
            verses[-1].append(cut.replace("~", " ").replace("//", " "))
        if match is None:
            break
        position = match.end()
        if match.group(4):  # end of a milestone
            inside = "" if inside == "milestone" else inside
            continue
        marker, closing = match.group(1).removeprefix("+"), match.group(3) == "*"
        if closing:
            inside = "" if inside == marker else inside
            attributes = False
        elif marker == "id":
            if verses:
                yield book, chapter, _finished(numbers, verses)
            book, position = _argument(source, position)
            chapter, verses, numbers, shown, inside = "", [], [], False, ""
        elif marker == "c":
            if verses:
                yield book, chapter, _finished(numbers, verses)
            chapter, position = _argument(source, position)
            verses, numbers, shown, inside = [], [], False, ""
        elif marker == "v":
            number, position = _argument(source, position)
            numbers.append(number)
            verses.append([])
            shown, inside, attributes = bool(chapter), "", False
        elif marker in _PARAGRAPHS:
            shown, inside, attributes = bool(verses), "", False
            if verses:
                verses[-1].append(" ")
        elif marker in _LINES_OUT:
            shown, inside, attributes = False, "", False
        elif inside:
            pass
        elif marker in _NOTES or marker in _DROPPED:
            inside = marker
        elif match.group(1).endswith(("-s", "-e")) or marker in ("ts", "qt"):
            end = source.find("\\", position)
            inside = "milestone" if source.startswith("\\*", end) and "\n" not in source[position:end] else ""
        else:
            attributes = marker in ("w", "rb", "jmp", "k")
    if verses:
        yield book, chapter, _finished(numbers, verses)


def _argument(source: str, position: int) -> tuple[str, int]:
    r"""Return the word after a marker such as ``\c`` or ``\v``, and the position after it."""
    match = regex.compile(r"[^\S\n]*([^\s\\]*)").match(source, position)
    assert match is not None  # the pattern also matches the empty string
    return match.group(1), match.end()


def _finished(numbers: list[str], verses: list[list[str]]) -> list[Verse]:
    return [(number, line) for number, pieces in zip(numbers, verses, strict=True)
            if (line := _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", "".join(pieces)).strip()))]
