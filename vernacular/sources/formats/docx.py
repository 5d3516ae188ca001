"""Word documents: paragraphs, tables and notes of a docx file. Headers and footers are left out."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.parser import parse_xml

from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.text import Options, Text

_MOST_UNPACKED = 1_000_000_000  # bytes of all parts; a zip bomb unpacks to more
_MOST_RATIO = 200  # to one, for parts above a megabyte; text packs 5 to 20 to one
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = {f"{_W}del", f"{_W}moveFrom", _FALLBACK}  # deleted text; what a newer part of the same text stands for
_NOTES = ("footnotes", "endnotes")


def read_docx(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """One text: a paragraph or table cell a line, footnotes and endnotes last.

    Raises:
        Problem: not a docx file, damaged, locked, or one that unpacks to more than it should.
    """
    data = file.read()  # first and whole: what is raised further on is said of the content, not of the disk
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
            NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # What damaged ones raise: OSError is bz2's, for the disk was read above.
        raise Problem(f"not a Word document that can be read ({type(error).__name__}: {error})", where=where,
                      fix="Open it in a word processor and save it as .docx again") from error
    lines = [line for root in roots for line in _lines(root)]
    yield Text("\n".join(lines), whole=True, **known)


def _check_size(data: bytes, where: str) -> None:
    """Refuse what is no zip archive, is locked, or unpacks to too much."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        locked = data.startswith(b"\xd0\xcf\x11\xe0")
        raise Problem("a locked or old Word document" if locked else "not a Word document", where=where,
                      fix="Remove its password, or save it as .docx" if locked else "Save it as .docx again")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = packed.infolist()
    if sum(part.file_size for part in parts) > _MOST_UNPACKED or any(
            part.file_size > max(1_000_000, _MOST_RATIO * part.compress_size) for part in parts):
        raise Problem("it unpacks to far more than a document holds", where=where,
                      fix="Open it in a word processor and save its text as .docx or .txt again")


def _parse(blob: bytes) -> Any:
    return parse_xml(blob)


def _lines(root: Any) -> Iterator[str]:
    """The paragraphs below ``root`` (also in tables and text boxes), each its own line; tables of contents left out."""
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
    """The text of a paragraph, without that of paragraphs inside it."""
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
