"""Read the texts of txt, md, html, jsonl, csv, parquet, docx, pdf, USFM and PO files.

One module per group of formats, each with a function ``(file, where, options) -> texts``; this
module maps suffixes to readers. All run in a worker process with limits (``vernacular.sandbox``).
File locations are in ``vernacular.sources``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import regex

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.packed import PACKED, content, suffix_of
from vernacular.sources.formats.text import Options, Reader, Text

__all__ = ["SLOW", "SUFFIXES", "VERSION", "Options", "Text", "read_text", "read_texts"]

VERSION = "1"  # raise it when the same file gives other texts

_SURROGATE = regex.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class _Format:
    module: str
    function: str
    most_mb: int  # larger files are rejected to save memory
    slow: bool = False  # worth caching the extracted text
    packed: bool = False  # also accepted with .gz


_FORMATS = {
    ".txt": _Format("plain", "read_plain", 1000, packed=True),
    ".rst": _Format("plain", "read_plain", 1000),
    ".md": _Format("markdown", "read_markdown", 100),
    ".html": _Format("html", "read_html", 50, slow=True),
    ".htm": _Format("html", "read_html", 50, slow=True),
    ".xhtml": _Format("html", "read_html", 50, slow=True),
    ".jsonl": _Format("rows", "read_jsonl", 2000, packed=True),
    ".json": _Format("rows", "read_json", 500, packed=True),
    ".csv": _Format("rows", "read_csv", 1000, packed=True),
    ".tsv": _Format("rows", "read_csv", 1000, packed=True),
    ".parquet": _Format("columns", "read_parquet", 20_000),
    ".docx": _Format("docx", "read_docx", 200, slow=True),
    ".pdf": _Format("pdf", "read_pdf", 500, slow=True),
    ".usfm": _Format("usfm", "read_usfm", 100, slow=True),
    ".sfm": _Format("usfm", "read_usfm", 100, slow=True),
    ".po": _Format("po", "read_po", 200, slow=True),
}
_INSTEAD = {
    ".doc": "Open it in a word processor and save it as .docx", ".odt": "Save it as .docx", ".rtf": "Save it as .docx",
    ".epub": "Unpack it and use its .xhtml files", ".zip": "Unpack it", ".gz": "Unpack it", ".xlsx": "Save it as .csv",
    ".xls": "Save it as .csv", ".pages": "Export it as .docx", ".pptx": "Export it as .pdf",
}
SUFFIXES = tuple(_FORMATS)
SLOW = frozenset(suffix for suffix, format_ in _FORMATS.items() if format_.slow)


def is_lines(name: str) -> bool:
    """Whether the ending names no format, as in ``train.en`` and ``train.lug``: plain lines."""
    suffix = suffix_of(name)
    return suffix not in _FORMATS and suffix not in _INSTEAD


def read_texts(file: File, where: str, options: Options | None = None, limits: Limits | None = None,
               lines: bool = False) -> Iterator[Text]:
    """Return the nonempty texts in ``file`` in order; all have been read when it returns.

    Args:
        file: the file; its suffix determines the format.
        where: the file's name in messages.
        options: further settings for reading.
        limits: of parsing.
        lines: treat an ending without a format as plain text.

    Raises:
        Problem: unknown format, file too large, uncertain encoding, or not the declared format.
        LimitReached: it exceeds ``limits``.
    """
    suffix = ".txt" if lines and is_lines(file.name) else suffix_of(file.name)
    if suffix not in _FORMATS or (file.suffix.lower() == PACKED and not _FORMATS[suffix].packed):
        suffix = file.suffix.lower()
        raise Problem(f"files of type '{suffix or file.name}' are not supported", where=where,
                      fix=_INSTEAD.get(suffix, f"Use one of {', '.join(SUFFIXES)}"), code=Code.DATA_FORMAT)
    options, most = options or Options(), _FORMATS[suffix].most_mb
    with opened(file) as data:
        if data.size > most * 1_000_000:
            raise Problem(f"the file has {data.size / 1e6:.0f} MB; the limit for {suffix} is {most} MB",
                          where=where, fix="Split it into several files", code=Code.FILE_SIZE)
        rows = read_bounded(f"{__name__}:texts_of", [data], [suffix, where, options.text_field, options.encoding],
                            where, for_file(limits or Limits(), data.size))
    return (Text(text, part, whole, title, author, date, tuple(flags))
            for text, part, whole, title, author, date, flags in rows)


def texts_of(files: Sequence[OpenFile], suffix: str, where: str, text_field: str | int,
             encoding: str | None) -> Iterator[list[Any]]:
    """In the worker: yield the texts of the one file in ``files``, each as the arguments of ``Text``."""
    format_ = _FORMATS[suffix]
    reader: Reader = getattr(import_module(f"{__name__}.{format_.module}"), format_.function)
    return _rows(reader(files[0], where, Options(text_field, encoding)))


def read_text(file: File, where: str, encoding: str | None = None, limits: Limits | None = None) -> str:
    """Return the whole content of a plain text file.

    Raises:
        Problem: its encoding is uncertain.
        LimitReached: it exceeds ``limits``.
    """
    with opened(file) as data:
        return "".join(read_bounded(f"{__name__}:text_of", [data], [where, encoding], where,
                                    for_file(limits or Limits(), data.size)))


def text_of(files: Sequence[OpenFile], where: str, encoding: str | None) -> Iterator[str]:
    """In the worker: yield the text of the one file in ``files``."""
    yield decode(content(files[0], where), where, encoding)[0]


def _rows(texts: Iterator[Text]) -> Iterator[list[Any]]:
    for text in texts:
        # JSON can escape lone surrogates, which no file can store: make the damage visible.
        clean = _SURROGATE.sub("\ufffd", text.text).strip("\n")
        if clean.strip():
            yield [clean, text.part, text.whole, text.title, text.author, text.date, list(text.flags)]
