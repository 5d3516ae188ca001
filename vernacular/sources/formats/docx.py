"""Word documents: paragraphs, tables and notes of a docx file, without headers and footers."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.parser import parse_xml

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.text import Options, Text

_MOST_UNPACKED = 1_000_000_000  # bytes of all parts, against zip bombs
_MOST_RATIO = 200  # compression ratio allowed for parts above a megabyte; text has 5 to 20
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = {f"{_W}del", f"{_W}moveFrom", _FALLBACK}  # deleted text, and fallbacks of newer markup
_NOTES = ("footnotes", "endnotes")


def read_docx(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield one text: one line per paragraph or table cell, footnotes and endnotes last.

    Raises:
        Problem: not a docx file, damaged, locked, or too large when unpacked.
    """
    data = file.read()  # read everything first, so that later errors concern the content, not the disk
    try:
        _check_size(data, where)
        document = docx.Document(io.BytesIO(data))
        roots = [document.element.body]
        for relation in document.part.rels.values():
            if relation.reltype.rsplit("/", 1)[-1] in _NOTES and not relation.is_external:
                roots.append(_parse(relation.target_part.blob))
        properties = document.core_properties
        known = {"title": properties.title, "author": properties.author,
                 "date": properties.created.date().isoformat() if properties.created else ""}
    except (PackageNotFoundError, KeyError, ValueError, SyntaxError, AttributeError, TypeError, OSError, EOFError,
            RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # Errors of damaged files; OSError comes from bz2, since the disk was read above.
        raise Problem(f"not a readable Word document ({type(error).__name__}: {error})", where=where,
                      fix="Open it in a word processor and save it as .docx again", code=Code.DATA_FORMAT) from error
    lines = [line for root in roots for line in _lines(root)]
    yield Text("\n".join(lines), whole=True, **known)


def _check_size(data: bytes, where: str) -> None:
    """Reject files that are not zip archives, are locked, or unpack to too much."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        locked = data.startswith(b"\xd0\xcf\x11\xe0")
        raise Problem("a locked or old Word document" if locked else "not a Word document", where=where,
                      fix="Remove its password, or save it as .docx" if locked else "Save it as .docx again",
                      code=Code.DATA_FORMAT)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = packed.infolist()
    if sum(part.file_size for part in parts) > _MOST_UNPACKED or any(
            part.file_size > max(1_000_000, _MOST_RATIO * part.compress_size) for part in parts):
        raise Problem("it unpacks to far more than a document contains", where=where,
                      fix="Open it in a word processor and save its text as .docx or .txt again", code=Code.FILE_SIZE)


def _parse(blob: bytes) -> Any:
    return parse_xml(blob)


def _lines(root: Any) -> Iterator[str]:
    """Yield the paragraphs below ``root``, also in tables and text boxes, without tables of contents."""
    for paragraph in root.iter(f"{_W}p"):
        if any(parent.tag in _LEFT_OUT for parent in paragraph.iterancestors()):
            continue
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        if style is not None and str(style.get(f"{_W}val", "")).upper().startswith("TOC"):
            continue
        for line in "".join(_pieces(paragraph)).split("\n"):
            if line.strip():
                yield " ".join(line.split())


def _pieces(node: Any) -> Iterator[str]:
    """Yield the text of a paragraph without that of nested paragraphs."""
    for child in node:
        tag = child.tag
        if tag in _LEFT_OUT or tag == f"{_W}p" or not isinstance(tag, str):
            continue
        if tag == f"{_W}t":
            yield child.text or ""
        elif tag in (f"{_W}tab", f"{_W}ptab"):
            yield " "
        elif tag in (f"{_W}br", f"{_W}cr"):
            yield "\n"
        elif tag == f"{_W}noBreakHyphen":
            yield "\u2011"
        else:
            yield from _pieces(child)
