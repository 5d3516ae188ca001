"""Parse labeled files and tables of translations in the worker within limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from vernacular.config.limits import Limits
from vernacular.core.errors import Problem, problem_of
from vernacular.core.files import File
from vernacular.datasets.conll import is_conllu, read_conll, read_conllu
from vernacular.datasets.items import Row
from vernacular.datasets.notes import DataNote
from vernacular.datasets.parallel import read_parallel
from vernacular.datasets.tables import read_jsonl, read_table
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.packed import content


def _read_words(texts: Sequence[str], names: Sequence[str], words: int, labels: int,
                remarks: list[DataNote]) -> Iterator[Row]:
    """Yield a file of words in an undeclared format: CoNLL-U if it looks like it, else CoNLL."""
    return read_conllu(texts[0], names[0]) if is_conllu(texts[0]) else read_conll(texts[0], names[0], words, labels)


# Format -> reader; it takes texts, their names in messages, further arguments, and a list for
# notes.
_READERS: dict[str, Callable[..., Iterator[Row]]] = {
    "conll": lambda texts, names, words, labels, remarks: read_conll(texts[0], names[0], words, labels),
    "conllu": lambda texts, names, remarks: read_conllu(texts[0], names[0]),
    "words": _read_words,
    "jsonl": lambda texts, names, columns, remarks: read_jsonl(texts[0], names[0], columns, remarks),
    "table": lambda texts, names, *more: read_table(texts[0], names[0], *more),
    "parallel": lambda texts, names, remarks: read_parallel(*texts, *names)}


def read_rows(files: Sequence[tuple[str, File]], kind: str, arguments: Sequence[Any], encoding: Sequence[str | None],
              limits: Limits, remarks: list[DataNote] | None = None) -> Iterator[Row]:
    """Yield the rows of a labeled file, or of two parallel ones.

    Args:
        files: (name in messages, file).
        kind: ``conll``, ``conllu``, ``words`` (one of the two), ``jsonl``, ``table`` or
            ``parallel``.
        arguments: of its reader, after the texts and their names.
        encoding: of each file.
        limits: for parsing.
        remarks: receives the reader's notes.

    Raises:
        LimitReached: a limit was exceeded.
        Problem: all errors in the file, with lines, after all valid rows.
    """
    names = [name for name, _ in files]
    with ExitStack() as stack:
        contents = [stack.enter_context(opened(file)) for _, file in files]
        values = read_bounded(f"{__name__}:in_worker_rows", contents, [kind, names, list(encoding), list(arguments)],
                              names[0], for_file(limits, sum(each.size for each in contents)))
    return _rows(values, remarks)


def _rows(values: Iterator[Any], remarks: list[DataNote] | None) -> Iterator[Row]:
    for what, *parts in values:
        if what == "row":
            where, fields, lines, surface = parts
            yield Row(where, fields, tuple(lines), surface)
        elif what == "remark":
            if remarks is not None:
                remarks.append(DataNote(*parts))
        else:
            raise problem_of(*parts)


def in_worker_rows(files: Sequence[OpenFile], kind: str, names: Sequence[str], encodings: Sequence[str | None],
                   arguments: Sequence[Any]) -> Iterator[list[Any]]:
    """In the worker: yield each row as arguments of ``Row``, then notes and errors."""
    texts = [decode(content(file, name), name, encoding)[0]
             for file, name, encoding in zip(files, names, encodings, strict=True)]
    remarks = list[DataNote]()
    try:
        for row in _READERS[kind](texts, names, *arguments, remarks):
            yield ["row", row.where, row.fields, row.lines, row.surface]
        problem = None
    except Problem as error:
        problem = error
    for remark in remarks:
        yield ["remark", remark.code, remark.where, remark.number, remark.text]
    if problem is not None:
        yield ["problem", problem.as_json()]
