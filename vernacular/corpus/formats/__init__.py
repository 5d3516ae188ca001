"""What a file holds: the texts of a txt, md, html, jsonl, csv, parquet, docx, pdf, USFM or PO file.

One small module for each group of formats, with one function ``(file, where, options) -> texts``; here stands which
suffix is read by which. Where files come from is in ``vernacular.corpus.sources``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import regex

from vernacular.corpus.formats.packed import PACKED, suffix_of
from vernacular.corpus.formats.text import Options, Reader, Text
from vernacular.errors import Problem

__all__ = ["SLOW", "SUFFIXES", "VERSION", "Options", "Text", "read_texts"]

VERSION = "1"  # raised when the same file gives other texts

_SURROGATE = regex.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class _Format:
    module: str
    function: str
    most_mb: int  # larger files are refused rather than filling the memory
    slow: bool = False  # worth keeping what was extracted
    packed: bool = False  # also with .gz behind its ending


_FORMATS = {
    ".txt": _Format("plain", "read_plain", 1000, packed=True),
    ".rst": _Format("plain", "read_plain", 1000),
    ".md": _Format("plain", "read_markdown", 100),
    ".html": _Format("html", "read_html", 50, slow=True),
    ".htm": _Format("html", "read_html", 50, slow=True),
    ".xhtml": _Format("html", "read_html", 50, slow=True),
    ".jsonl": _Format("rows", "read_jsonl", 2000, packed=True),
    ".json": _Format("rows", "read_json", 500, packed=True),
    ".csv": _Format("rows", "read_csv", 1000, packed=True),
    ".tsv": _Format("rows", "read_csv", 1000, packed=True),
    ".parquet": _Format("rows", "read_parquet", 20_000),
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


def read_texts(file: Path, where: str, options: Options | None = None) -> Iterator[Text]:
    """The texts in ``file``, none of them empty, in the order in which they stand.

    Args:
        file: the file; its suffix says the format.
        where: how messages call it.
        options: what is known of the file besides.

    Raises:
        Problem: an unknown format, a file too large, bytes that cannot be read for certain, or not what the format
            says.
    """
    suffix = suffix_of(file)
    if suffix not in _FORMATS or (file.suffix.lower() == PACKED and not _FORMATS[suffix].packed):
        suffix = file.suffix.lower()
        raise Problem(f"files of type '{suffix or file.name}' cannot be read", where=where,
                      fix=_INSTEAD.get(suffix, f"Use one of {', '.join(SUFFIXES)}"))
    format_ = _FORMATS[suffix]
    size = file.stat().st_size
    if size > format_.most_mb * 1_000_000:
        raise Problem(f"the file has {size / 1e6:.0f} MB; at most {format_.most_mb} MB of {suffix} are read at once",
                      where=where, fix="Part it into several files")
    reader: Reader = getattr(import_module(f"{__name__}.{format_.module}"), format_.function)
    for text in reader(file, where, options or Options()):
        # Half a character, which JSON can escape, cannot be written to any file: it becomes visible damage.
        clean = _SURROGATE.sub("\ufffd", text.text).strip("\n")
        if clean.strip():
            yield replace(text, text=clean)
