"""Extract the main text, title, author, date and license of a web page. No network, no files.

trafilatura selects the main text, but drops characters that Python calls unprintable: the joiners
of Persian, Sinhala or Bengali, direction marks, and recent scripts. They are replaced before and
restored afterwards. Its tree is read here instead of its text output, which adds marks to tables
and lists.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from lxml.etree import _Element
from lxml.html import HtmlElement

from vernacular.sources.web.charset import decode_page
from vernacular.sources.web.language_hints import alternates_of, translated_by
from vernacular.sources.web.licence import find_licence

VERSION = "1"  # raise it when the same page gives other text
_BLOCKS = {"p", "head", "item", "quote", "cell", "code", "list", "table", "row", "div", "fw", "figure"}
_DROPPED = (0xAD, 0xFEFF)  # the soft hyphen splits words; a byte order mark has no meaning inside text
_STAND_INS = range(0x2A000, 0x2A6E0)  # rare ideographs: printable letters without decomposition
_LONGEST = 5_000_000


@dataclass(frozen=True)
class Extracted:
    """The content of a page."""

    text: str  # one paragraph per line, none empty
    title: str = ""  # title, author and date: if the page has them; the date as YYYY-MM-DD
    author: str = ""
    date: str = ""
    licence: str = ""  # SPDX id of the page's own license, or empty
    licence_evidence: str = ""  # the link as written in the page, or empty
    # value of ``<html lang>`` in lower case; often wrong on sites in small languages
    language: str = ""
    # hreflang -> URL of the page in other languages
    alternates: dict[str, str] = field(default_factory=dict)
    translated_by: str = ""  # the translation service that made the page, or empty
    encoding: str = "utf-8"  # of the bytes
    # oddities: wrong declared encoding, damaged characters
    notes: list[str] = field(default_factory=list)


def extract(html: bytes, url: str, content_type: str = "") -> Extracted | None:
    """Return the content of the page ``html``, or None if it has no text.

    Args:
        html: the page as served or saved.
        url: its address, the base of relative links; may be a path.
        content_type: of the HTTP header, if any.

    Raises:
        Problem: the bytes are not text, or the encoding is not recognized.
    """
    decoded = decode_page(html, content_type, url)
    tree = parse(decoded.text[:_LONGEST])
    if tree is None:
        return None
    licence, evidence = find_licence(tree)
    language = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip().lower()
    alternates, service = alternates_of(tree, url), translated_by(tree, url)
    restore = _put_aside(tree)
    found = _main(tree, url)
    if found is None:
        return None
    lines = [line.translate(restore) for line in _lines(found.body)]
    damaged = sum("\ufffd" in line for line in lines) if decoded.damaged else 0
    if damaged:  # drop paragraphs with undecodable bytes and note it
        lines = [line for line in lines if "\ufffd" not in line]
    if not lines:
        return None
    notes = [f"encoding:declared {decoded.declared}, is {decoded.encoding}"] if decoded.contradicted else []
    if damaged:
        notes.append(f"encoding:{damaged} damaged paragraphs left out")
    title, author, date = (" ".join((value or "").translate(restore).split())
                           for value in (found.title, found.author, found.date))
    return Extracted("\n".join(lines), title, author, date, licence=licence, licence_evidence=evidence,
                     language=language, alternates=alternates, translated_by=service, encoding=decoded.encoding,
                     notes=notes)


def fingerprint(text: str) -> str:
    """Return a digest of the letters of ``text``: pages that differ only in digits are equal."""
    letters = "".join(character for character in text.lower() if unicodedata.category(character)[0] in "LM")
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def parse(text: str) -> HtmlElement | None:
    """Parse a page, however broken; None if it is empty."""
    from trafilatura.utils import load_html

    _quiet()
    return load_html(text) if text.strip() else None


def _main(tree: HtmlElement, url: str) -> Any:
    from trafilatura import bare_extraction

    return bare_extraction(tree, url=url, favor_precision=True, include_comments=False, include_tables=True,
                           with_metadata=True, date_extraction_params={
                               "extensive_search": False, "original_date": True, "outputformat": "%Y-%m-%d"})


def _quiet() -> None:
    """Silence warnings about broken pages, which are the rule."""
    for name in ("trafilatura", "htmldate"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _put_aside(tree: HtmlElement) -> dict[int, str]:
    """Replace characters that trafilatura would drop by printable ones; return the inverse table."""
    seen = set("".join(tree.itertext()))
    odd = sorted(character for character in seen if not character.isprintable() and not character.isspace()
                 and unicodedata.category(character) != "Cc")
    if not odd:
        return {}
    free = (number for number in _STAND_INS if chr(number) not in seen)
    there: dict[int, int | None] = dict(zip((ord(character) for character in odd), free, strict=False))
    there |= dict.fromkeys(_DROPPED)
    for element in tree.iter():
        if isinstance(element.tag, str):
            if element.text:
                element.text = element.text.translate(there)
            if element.tail:
                element.tail = element.tail.translate(there)
    return {stand_in: chr(number) for number, stand_in in there.items() if stand_in is not None}


def _lines(body: _Element) -> list[str]:
    """Return the paragraphs of trafilatura's tree, one per line, with white space folded."""
    parts: list[str] = []

    def walk(element: _Element) -> None:
        block = element.tag in _BLOCKS
        if block or element.tag == "lb":
            parts.append("\n")
        verbatim = element.tag == "code"  # keep the line breaks of poems and listings
        parts.append((element.text or "") if verbatim else (element.text or "").replace("\n", " "))
        for child in element:
            walk(child)
        if block:
            parts.append("\n")
        parts.append((element.tail or "").replace("\n", " "))

    walk(body)
    return [line for line in (" ".join(line.split()) for line in "".join(parts).split("\n")) if line]
