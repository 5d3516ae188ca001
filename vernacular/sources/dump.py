"""Parse the pages of a MediaWiki dump in the worker. Article text is extracted in ``wikitext``."""

from __future__ import annotations

import bz2
from collections import deque
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_system_error
from vernacular.sandbox.frames import OpenFile


def in_worker_pages(files: Sequence[OpenFile], packed: bool, done: int) -> Iterator[list[Any] | None]:
    """Yield the lower-case namespaces of the dump in ``files``, then each page.

    A page is its title, the id and date of its newest revision, and its wikitext; None if it is not
    an article, is empty, or is among the first ``done``.
    """
    import_module("mwxml")
    return _pages(files[0], packed, done)


def _pages(file: OpenFile, packed: bool, done: int) -> Iterator[list[Any] | None]:
    import mwxml

    try:
        dump = mwxml.Dump.from_file(bz2.BZ2File(file.stream) if packed else file.stream)
        yield [str(space.name).casefold() for space in dump.site_info.namespaces or [] if space.name]
        for number, page in enumerate(dump, 1):
            revision = None
            if number > done and page.namespace == 0 and page.redirect is None:
                # the newest revision, which is the last one in a full dump
                revision = next(iter(deque(page, maxlen=1)), None)
            source = str(revision.text or "") if revision else ""
            yield [page.title, revision.id, str(revision.timestamp)[:10], source] if revision and source else None
    except (OSError, EOFError, ValueError, SyntaxError, mwxml.errors.MalformedXML) as error:
        if is_system_error(error):
            raise
        raise Problem(f"the dump is damaged ({type(error).__name__}: {error})", where="",
                      fix="Fetch it again", code=Code.SOURCE_DAMAGED) from None
