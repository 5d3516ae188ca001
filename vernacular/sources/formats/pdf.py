"""PDF: the text layer, joined to paragraphs. There is no OCR."""

from __future__ import annotations

import io
import logging
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator

import regex
from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.text import Options, Text

_EDGE = 2  # lines at the top and bottom of a page that may be running heads or page numbers
_REPEATED = 3  # pages that must share an edge line; and at least a fifth of all
_SHORT = 0.75  # share of the usual line length; a shorter line that ends a sentence ends a paragraph
_MOST_DAMAGED = 0.02  # share of characters that no font maps to Unicode
_DIGITS = regex.compile(r"\d+|\b[ivxlc]+\b", flags=regex.IGNORECASE)
_PAGE_NUMBER = regex.compile(r"\A[\p{Pd}\s|\[(]*+(?:\p{Nd}{1,4}|[ivxlc]{1,6})(?:\s*/\s*\p{Nd}{1,4})?[\p{Pd}\s|\])]*")
_HYPHENATED = regex.compile(r"\p{L}\p{M}*[-\u2010\u00ad]$")
_DAMAGED = regex.compile(r"[\ufffd\p{Co}\p{Cn}]|(?![\n\t])\p{Cc}|\(cid:\d+\)|/g\d+\b")
_END = regex.compile(r"[.!?:;…。！？؟۔।॥።༎།፧\"'”’»)\]]$")
_ITEM = regex.compile(r"^\s*(?:[•▪◦‣–—*-]\s|\(?\p{Nd}{1,3}[.)]\s|\(?\p{L}\)\s)")
_NO_SPACES = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\u3000-\u303f\uff00-\uffef]")
_WORDS = regex.compile(r"[\p{L}\p{M}]+(?:-[\p{L}\p{M}]+)*")


def read_pdf(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield one text, one paragraph per line, without hyphenation, running heads and page numbers.

    Raises:
        Problem: not a PDF, locked, without a text layer, or with fonts that do not map to Unicode.
    """
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # pypdf warns about every blemish
    data = file.read()  # read everything first, so that later errors concern the content, not the disk
    try:
        with PdfReader(io.BytesIO(data)) as reader:
            if reader.is_encrypted and not reader.decrypt(""):
                raise Problem("the PDF is locked with a password", where=where, fix="Save it without its password",
                              code=Code.DATA_FORMAT)
            pages = [page.extract_text() for page in reader.pages]
            title, author, date = _known(reader)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
            NotImplementedError, AssertionError, DependencyError) as error:  # raised by pypdf for damaged files
        raise Problem(f"not a readable PDF ({type(error).__name__}: {error})", where=where,
                      fix="Open it in a viewer and print it to PDF again", code=Code.DATA_FORMAT) from error
    whole = "".join(pages)
    if not whole.strip():
        raise Problem(f"no text layer in its {len(pages)} pages: they are images", where=where,
                      fix="Run OCR (`ocrmypdf --language ... IN OUT`) and let a speaker check the result",
                      code=Code.DATA_FORMAT)
    damaged = sum(len(match) for match in _DAMAGED.findall(whole))
    if damaged > _MOST_DAMAGED * len(whole):
        raise Problem(f"its fonts do not map to letters ({damaged / len(whole):.0%} of the characters)",
                      where=where, fix="Get the text from the PDF's source, or run OCR with `--force-ocr`",
                      code=Code.DATA_FORMAT)
    yield Text("\n".join(paragraphs(without_edges([page.split("\n") for page in pages]))), whole=True,
               title=title, author=author, date=date)


def _known(reader: PdfReader) -> tuple[str, str, str]:
    """Return title, author and date from the file's metadata, if readable."""
    try:
        facts = reader.metadata
        if facts is None:
            return "", "", ""
        made = facts.creation_date
        return str(facts.title or ""), str(facts.author or ""), made.date().isoformat() if made else ""
    except (PyPdfError, ValueError, TypeError, AttributeError):
        return "", "", ""  # ignore invalid metadata


def without_edges(pages: list[list[str]]) -> Iterator[str]:
    """Yield the lines of ``pages`` without page numbers and repeated first and last lines."""
    pages = [[line.rstrip() for line in page] for page in pages]
    seen: Counter[str] = Counter()
    for page in pages:
        filled = [line for line in page if line.strip()]
        seen.update({_alike(line) for line in (*filled[:_EDGE], *filled[-_EDGE:])})
    enough = max(_REPEATED, len(pages) / 5)
    for page in pages:
        filled_at = [number for number, line in enumerate(page) if line.strip()]
        edges = {*filled_at[:_EDGE], *filled_at[-_EDGE:]}
        for number, line in enumerate(page):
            if number in edges and (_PAGE_NUMBER.fullmatch(line.strip()) or seen[_alike(line)] >= enough):
                continue
            yield line


def _alike(line: str) -> str:
    """Return a line with numbers removed, to compare lines of different pages."""
    return _DIGITS.sub("#", " ".join(line.split()))


def paragraphs(lines: Iterable[str]) -> list[str]:
    """Join ``lines`` to paragraphs: a full line or unfinished sentence continues on the next line.

    A hyphen between small letters at a line end is removed as hyphenation, unless the text contains
    the hyphenated word elsewhere.
    """
    lines = list(lines)
    lengths = [len(line) for line in lines if line.strip()]
    usual = statistics.quantiles(lengths, n=4)[2] if len(lengths) > 1 else 0
    words = Counter(_WORDS.findall("\n".join(lines)))
    found: list[list[str]] = []  # the pieces of each paragraph
    ended = True
    for line in lines:
        text = " ".join(line.split())
        if not text:
            ended = ended or bool(found and _END.search(found[-1][-1][-1:]))
            continue
        if ended or _ITEM.match(line):
            found.append([text])
        else:
            found[-1][-1:] = _joined(found[-1][-1], text, words)
        ended = len(line) < _SHORT * usual and bool(_END.search(text[-1:])) and not _HYPHENATED.search(text)
    return ["".join(pieces) for pieces in found]


def _joined(before: str, after: str, words: Counter[str]) -> tuple[str, str]:
    """Return ``before`` as it continues with ``after``, and ``after``."""
    if _HYPHENATED.search(before) and after[0].islower():
        left, right = _WORDS.findall(before[:-1])[-1], (_WORDS.findall(after) or [""])[0]
        keep = before[-1] == "-" and words[f"{left}-{right}"] > 0 and not words[f"{left}{right}"]
        return (before if keep else before[:-1]), after
    if _NO_SPACES.match(before[-1]) and _NO_SPACES.match(after[0]):
        return before, after
    return f"{before} ", after
