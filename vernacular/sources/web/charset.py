"""Decode web pages. Pages with an unrecognized encoding are rejected, never mangled.

The order is that of the Encoding Standard (byte order mark, header, ``<meta>``), with one
exception: valid UTF-8 is UTF-8, whatever is declared. Servers declare Latin-1 by default, and other
encodings are practically never valid UTF-8 beyond ASCII.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

_SAMPLE = 60_000
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_STATEFUL = ("iso2022", "hz", "utf-7", "utf7")  # seven-bit encodings: valid UTF-8 that means other text
_DEFAULTS = ("cp1252", "iso8859-1", "ascii")    # typical server defaults
_DAMAGE = 1000                                  # valid non-ASCII characters required per invalid UTF-8 sequence


@dataclass(frozen=True)
class Decoded:
    """A decoded page."""

    text: str  # the page; damaged bytes are U+FFFD
    encoding: str  # Python's name of its encoding
    declared: str = ""  # the declared encoding by Python's name; empty if none or unknown
    damaged: int = 0  # number of invalid byte sequences

    @property
    def contradicted(self) -> bool:
        """Whether the declared encoding is wrong."""
        return bool(self.declared) and self.declared != self.encoding and not (
            self.text.isascii() and self.damaged == 0)


def decode_page(data: bytes, content_type: str = "", where: str = "page") -> Decoded:
    """Decode the page ``data``.

    Args:
        data: the bytes of the page.
        content_type: of the HTTP header, if any.
        where: the page's name in messages.

    Raises:
        Problem: the bytes are not text, or the encoding is not recognized.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = _strictly(data, "utf-8-sig" if encoding == "utf-8" else encoding)
            if text is not None:
                return Decoded(_checked(text, where), encoding)
    declared = _declared(data, content_type)
    first = declared[0] if declared else ""
    if first.startswith(_STATEFUL):
        text = _strictly(data, first)
        if text is not None and not first.startswith(("utf-7", "utf7")):  # UTF-7 can hide markup and is not used
            return Decoded(_checked(text, where), first, first)
    text = _strictly(data, "utf-8")
    if text is not None:
        return Decoded(_checked(text, where), "utf-8", first)
    for encoding in declared:
        text = _strictly(data, encoding)
        if text is not None:
            return Decoded(_checked(text, where), encoding, first)
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    if sum(not character.isascii() for character in text) - damaged >= _DAMAGE * damaged:
        return Decoded(_checked(text, where), "utf-8", first, damaged)
    reason = f"it declares {first}, which is wrong" if first else "it declares none"
    raise Problem(f"the page's encoding is not recognized ({reason})", where=where,
                  fix="Save it as UTF-8, or leave it out with `exclude:`", code=Code.DATA_ENCODING)


def _declared(data: bytes, content_type: str) -> list[str]:
    header, meta = http_content_type_encoding(content_type), html_body_declared_encoding(data)
    declarations = [codecs.lookup(name).name if name else "" for name in (header, meta)]
    if declarations[0] in _DEFAULTS and declarations[1]:
        declarations.reverse()  # the page's own declaration is better than a server default
    return list(dict.fromkeys(name for name in declarations if name and not name.startswith(("utf-16", "utf-32"))))


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _checked(text: str, where: str) -> str:
    if "\0" in text[:_SAMPLE]:
        raise Problem("not text but binary data", where=where, fix="Leave it out with `exclude:`",
                      code=Code.DATA_ENCODING)
    return text
