"""Bytes to text: Unicode by its marks, and any other encoding only as someone names it. Formats are read elsewhere.

What must not happen is text that looks right and is not. A text in an older encoding reads without error in dozens of
others, and nothing in it tells which is meant. Measured on 99 sentences of each of 205 languages in 11 encodings,
charset-normalizer named the right one for 72% of 991 files, and of those it was surest of (coherence 0.9 and more) 16%
were wrong; striking out readings that nobody writes (a capital after a small letter, a symbol inside a word, two
scripts in one) chose wrongly for Aymara, which writes ``jach´a``, and for Kikuyu. So older encodings are taken from a
person (``encoding:``) or from a format that declares them; else the file is refused with the likely ones by name.
"""

from __future__ import annotations

import codecs
import logging

import regex

from vernacular.core.encodings import codec_of
from vernacular.core.errors import Problem

_MARKS = (  # UTF-32 before UTF-16, whose mark it begins with
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_NOT_TEXT = regex.compile(r"[\p{Cn}\p{Co}\p{Cs}]|(?![\t\n\v\f\r])\p{Cc}")
_SEVEN_BIT = regex.compile(rb"\x1b(?:\$[@AB()]|\([BJI])")  # ISO 2022, whose bytes are valid UTF-8 and mean other text
_SAMPLE = 50_000  # bytes that the likely encodings are told from
_SHOWN = 3  # encodings that a message names


def decode(data: bytes, where: str, encoding: str | None = None) -> tuple[str, str]:
    """``data`` as text with Unix line ends, and the name of its encoding.

    UTF-8 first, with the byte order marks of Unicode and its wide forms without one (known by their zero bytes); then
    ``encoding``, if a person named it.

    Args:
        data: the bytes of a file.
        where: how messages call it.
        encoding: a Python codec for files that are not Unicode.

    Raises:
        Problem: the encoding cannot be told for certain, or the bytes are no text; nothing is ever replaced.
    """
    found = _unicode(data, where)
    if found is None and encoding is None:
        raise _refusal(data, where)
    text, name = found or _named(data, where, str(encoding))
    return text.replace("\r\n", "\n").replace("\r", "\n"), name


def declared(data: bytes, name: str) -> str | None:
    """``data`` in the encoding ``name`` that the file itself names; None if that is unknown or cannot be right."""
    try:
        codec = codec_of(name)
        text = data.decode("windows-1252" if codec in ("iso8859-1", "ascii") else codec)  # as on the web
    except ValueError:
        return None
    return None if _NOT_TEXT.search(text) else text


def _unicode(data: bytes, where: str) -> tuple[str, str] | None:
    """``data`` as Unicode, or None if it is none."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            try:
                text = data.decode(name)
            except UnicodeDecodeError:
                continue  # a text in another encoding may begin with these bytes
            sure = name == "utf-8-sig" or len(data) == len(mark) or any(byte < 32 for byte in data[len(mark):])
            if sure and (name == "utf-8-sig" or not _NOT_TEXT.search(text)):
                return text, name.removesuffix("-sig")
            raise Problem(f"it begins like {name.upper()}, but is too short or too odd to be sure", where=where,
                          fix="Save it as UTF-8")
    if b"\0" in data:
        return _wide(data, where)
    if _SEVEN_BIT.search(data):
        return None
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return None


def _wide(data: bytes, where: str) -> tuple[str, str]:
    """UTF-16 or UTF-32 without a mark: the one reading with plain spaces or line ends and without oddities."""
    found = []
    for name in _WIDE:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if (" " in text or "\n" in text) and not _NOT_TEXT.search(text):
            found.append((text, name))
    if len(found) == 1:
        return found[0]
    line = data.count(b"\n", 0, data.index(b"\0")) + 1
    raise Problem(f"not text (a zero byte at line {line})", where=where, fix="Save it as plain UTF-8 text")


def _named(data: bytes, where: str, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise Problem(f"not {encoding} ({_at(data, error.start)})", where=where,
                      fix="Correct `encoding:`, or save the file as UTF-8") from None


def _at(data: bytes, start: int) -> str:
    return f"byte 0x{data[start]:02X} at line {data.count(10, 0, start) + 1}"


def _refusal(data: bytes, where: str) -> Problem:
    """That ``data`` is no Unicode, and what it may be."""
    try:
        data.decode("utf-8")
        what, names = "not UTF-8 text but ISO 2022, by its escapes", ["iso2022_jp"]
    except UnicodeDecodeError as error:
        what, names = f"not UTF-8 text ({_at(data, error.start)})", _likely(data[max(0, error.start - 1000):][:_SAMPLE])
    if not names:
        return Problem(f"{what}, nor text in an encoding that can be told", where=where,
                       fix="Save it as UTF-8, or name its encoding with `encoding:`")
    return Problem(f"{what}; it may be {' or '.join(names)}, which only someone who reads it can tell", where=where,
                   fix=f"Save it as UTF-8 (`iconv -f {names[0]} -t UTF-8 OLD > NEW`), or name the encoding of such "
                       f"files (`encoding: {names[0]}`)")


def _likely(data: bytes) -> list[str]:
    """The likeliest encodings of ``data`` that read it differently, by letter statistics: enough for a hint."""
    from charset_normalizer import from_bytes

    logger = logging.getLogger("charset_normalizer")
    before, logger.disabled = logger.disabled, True
    try:
        found: dict[str, str] = {}
        for match in from_bytes(data):
            found.setdefault(str(match), match.encoding)
    finally:
        logger.disabled = before
    return list(found.values())[:_SHOWN]
