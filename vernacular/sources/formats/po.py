"""PO files: the translated messages, without placeholders and keyboard marks."""

from __future__ import annotations

import html
from collections.abc import Iterator

import polib
import regex

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import declared, decode
from vernacular.sources.formats.plain import encoding_flags
from vernacular.sources.formats.text import Options, Text

_CHARSET = regex.compile(rb"Content-Type:[^\"\n]{0,200}charset=([\w.:-]+)", flags=regex.IGNORECASE)
_TAG = regex.compile(r"</?[a-zA-Z][^<>]*>")
_PLACEHOLDER = regex.compile(
    r"%(?:\d+\$)?(?:\([^()\s]+\))?[-+#0]?\d*(?:\.\d+)?(?:hh|h|ll|l|z)?[diouxXeEfFgGcsSpn@](?!\w)"  # %s %1$d %(name)s
    r"|%[A-Z][A-Z_]+\d*|%\w+%|%L?\d+|\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Z_]{2,}\$?|#\{[^{}]*\}|\{\{[^{}]*\}\}|\{[^{} ]*\}")
_KEY_IN_BRACKETS = regex.compile(r"(?<!\s)\s*+\([_&~]\p{L}\)")  # 開く(_O)
_KEY = regex.compile(r"(?<![\p{L}\p{N}])[_&~](?=\p{L})|(?<=\p{L})[_&~](?=\p{L})")
_LETTER = regex.compile(r"\p{L}")


def read_po(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield one text with a line per translated message; skip fuzzy, obsolete and untranslated ones.

    Raises:
        Problem: not a PO file, or the encoding is unknown.
    """
    data = file.read()
    text, name = _decoded(data, where, options.encoding)
    if "msgid" not in text:
        raise Problem("not a PO file", where=where, fix="A PO file contains pairs of msgid and msgstr",
                      code=Code.DATA_FORMAT)
    try:
        entries = polib.pofile(text if "\n" in text else f"{text}\n")
    except (OSError, ValueError, UnicodeError) as error:
        raise Problem(f"not a readable PO file ({error})", where=where,
                      fix="`msgfmt --check` shows the place", code=Code.DATA_FORMAT) from None
    lines = []
    for entry in entries:
        if entry.obsolete or entry.fuzzy:
            continue
        for source, translation in _pairs(entry.msgid, entry.msgid_plural, entry.msgstr, entry.msgstr_plural):
            if translation.strip() and translation.strip() != source.strip():
                lines += plain_message(translation, source)
    yield Text("\n".join(dict.fromkeys(lines)), whole=True, flags=encoding_flags(name))


def _decoded(data: bytes, where: str, encoding: str | None) -> tuple[str, str]:
    """Decode as UTF-8, else as the header declares, else as any other text."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n"), "utf-8"
    except UnicodeDecodeError:
        header = _CHARSET.search(data)
        name = header.group(1).decode("ascii", "replace") if header else ""
        text = declared(data, name) if name and encoding is None else None
        return (text.replace("\r\n", "\n"), name.lower()) if text is not None else decode(data, where, encoding)


def _pairs(one: str, many: str, translation: str, plurals: dict[int, str]) -> Iterator[tuple[str, str]]:
    if plurals:
        for number, text in sorted(plurals.items()):
            yield (one if number == 0 else many), text
    else:
        yield one, translation


def plain_message(translation: str, source: str) -> list[str]:
    """Return the lines of ``translation`` without tags, placeholders and keyboard marks.

    A mark (``_File``, ``&File``, ``~File``) is removed only if ``source`` has one too.
    """
    text = html.unescape(_TAG.sub("", translation))
    if _KEY.search(html.unescape(_TAG.sub("", source))):
        text = _KEY.sub("", _KEY_IN_BRACKETS.sub("", text))
    lines = (" ".join(_PLACEHOLDER.sub(" ", line).split()) for line in text.split("\n"))
    return [line for line in lines if _LETTER.search(line)]
