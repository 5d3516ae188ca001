"""Saved web pages: the main text, extracted by ``vernacular.sources.web.extract``."""

from __future__ import annotations

from collections.abc import Iterator

from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.plain import encoding_flags
from vernacular.sources.formats.text import Options, Text
from vernacular.sources.web.extract import extract


def read_html(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield the main text of the page with title, author and date; nothing if it has none.

    Raises:
        Problem: the encoding is unknown.
    """
    data, kind, name = file.read(), "", ""
    if options.encoding is not None:
        text, name = decode(data, where, options.encoding)
        data, kind = text.encode("utf-8"), "text/html; charset=utf-8"
    found = extract(data, where, kind)
    if found is not None:
        yield Text(found.text, whole=True, title=found.title, author=found.author, date=found.date,
                   flags=(*encoding_flags(name or found.encoding), *found.notes))
