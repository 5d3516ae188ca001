"""The characters of a web page, from its bytes. What cannot be told is refused by name, never mangled.

The order is that of the Encoding Standard (byte order mark, header, ``<meta>``), but for one thing: bytes that are
valid UTF-8 are UTF-8, whatever the page says. Servers declare Latin-1 by default, and text in another encoding that
happens to be valid UTF-8 beyond ASCII practically does not exist.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import regex

from vernacular.core.errors import Problem

_META = regex.compile(rb"""<meta[^>]{0,400}?charset\s*+=\s*+(?:["']\s*+)?([a-zA-Z0-9_:.\-]{2,40})""", regex.I)
_CONTENT_TYPE = regex.compile(r"""charset\s*+=\s*+(?:["']\s*+)?([a-zA-Z0-9_:.\-]{2,40})""", regex.I)
_HEAD = 4096  # where <meta charset> is looked for; the standard says 1024, pages say otherwise
_SAMPLE = 60_000
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_STATEFUL = ("iso2022", "hz", "utf-7", "utf7")  # seven-bit encodings: their bytes are valid UTF-8 and mean other text
_DEFAULTS = ("cp1252", "iso8859-1", "ascii")    # what servers say when nobody told them
_DAMAGE = 1000                                  # least good characters beyond ASCII for each bad byte of UTF-8


@dataclass(frozen=True)
class Decoded:
    """The characters of a page.

    Attributes:
        text: the page; damaged bytes, where there are any, are U+FFFD.
        encoding: Python's name of the encoding it was in.
        declared: what the page or its header said, in Python's name; empty where they said nothing known.
        damaged: how many byte sequences could not be read.
    """

    text: str
    encoding: str
    declared: str = ""
    damaged: int = 0

    @property
    def contradicted(self) -> bool:
        """Whether the page declared another encoding than it is in."""
        return bool(self.declared) and self.declared != self.encoding and not (
            self.text.isascii() and self.damaged == 0)


def decode_page(data: bytes, content_type: str = "", where: str = "page") -> Decoded:
    """The characters of the page ``data``.

    Args:
        data: the bytes of the page.
        content_type: of the HTTP header, as far as there was one.
        where: how messages call the page.

    Raises:
        Problem: the bytes are not text, or in no encoding that can be recognised.
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
        if text is not None and not first.startswith(("utf-7", "utf7")):  # UTF-7 hides markup; no page is in it
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
    said = f"it says {first}, which it is not" if first else "it does not say which"
    raise Problem(f"the page is in no encoding that can be recognised ({said})", where=where,
                  fix="Save it as UTF-8, or leave it out with `exclude:`")


def _declared(data: bytes, content_type: str) -> list[str]:
    header = _CONTENT_TYPE.search(content_type)
    meta = _META.search(data[:_HEAD])
    said = [_known(found) for found in (header.group(1) if header else "", meta.group(1).decode() if meta else "")]
    if said[0] in _DEFAULTS and said[1]:
        said.reverse()  # what the page says of itself is worth more than a server's default
    return list(dict.fromkeys(name for name in said if name and not name.startswith(("utf-16", "utf-32"))))


def _known(label: str) -> str:
    from w3lib.encoding import resolve_encoding

    name = resolve_encoding(label) if label else None
    return codecs.lookup(name).name if name else ""


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _checked(text: str, where: str) -> str:
    if "\0" in text[:_SAMPLE]:
        raise Problem("not text but binary data", where=where, fix="Leave it out with `exclude:`")
    return text
