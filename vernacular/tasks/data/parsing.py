"""Labelled files and tables of translations, parsed in the worker within limits: files in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from vernacular.bounded.frames import OpenFile
from vernacular.bounded.limits import for_file
from vernacular.bounded.reader import opened, read_bounded
from vernacular.config.limits import Limits
from vernacular.corpus.formats.encoding import decode
from vernacular.corpus.formats.packed import content
from vernacular.files import File
from vernacular.tasks.data.conll import read_conll, read_conllu
from vernacular.tasks.data.parallel import read_parallel
from vernacular.tasks.data.tables import read_jsonl, read_table
from vernacular.tasks.kind import Row

# Format -> what gives rows of texts, of how messages call them, and of further arguments.
_READERS: dict[str, Callable[..., Iterator[Row]]] = {
    "conll": lambda texts, names, *more: read_conll(texts[0], names[0], *more),
    "conllu": lambda texts, names: read_conllu(texts[0], names[0]),
    "jsonl": lambda texts, names, columns: read_jsonl(texts[0], names[0], columns),
    "table": lambda texts, names, *more: read_table(texts[0], names[0], *more),
    "parallel": lambda texts, names: read_parallel(*texts, *names)}


def read_rows(files: Sequence[tuple[str, File]], kind: str, arguments: Sequence[Any], encoding: Sequence[str | None],
              limits: Limits) -> Iterator[Row]:
    """The rows of a labelled file, or of two parallel ones.

    Args:
        files: (how messages call it, file).
        kind: ``conll``, ``conllu``, ``jsonl``, ``table`` or ``parallel``.
        arguments: of its reader, after the texts and their names.
        encoding: of each file.
        limits: what parsing them may take.

    Raises:
        LimitReached: parsing them takes more.
        Problem: a file that cannot be read, with its line.
    """
    names = [name for name, _ in files]
    with ExitStack() as stack:
        contents = [stack.enter_context(opened(file)) for _, file in files]
        rows = read_bounded(f"{__name__}:in_worker_rows", contents, [kind, names, list(encoding), list(arguments)],
                            names[0], for_file(limits, sum(each.size for each in contents)))
    return (Row(where, fields, tuple(lines), surface) for where, fields, lines, surface in rows)


def in_worker_rows(files: Sequence[OpenFile], kind: str, names: Sequence[str], encodings: Sequence[str | None],
                   arguments: Sequence[Any]) -> Iterator[list[Any]]:
    """In the worker: the rows, each as a list of what ``Row`` takes."""
    texts = [decode(content(file, name), name, encoding)[0]
             for file, name, encoding in zip(files, names, encodings, strict=True)]
    for row in _READERS[kind](texts, names, *arguments):
        yield [row.where, row.fields, row.lines, row.surface]
