"""Labelled files: which they are, and the rows that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vernacular import separated
from vernacular.config.labeled_data import PARTS, FileData, Part
from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.errors import Problem
from vernacular.files import File, Folder
from vernacular.tasks.data.parsing import read_rows
from vernacular.tasks.kind import Row

_ENDINGS = {".conll": "conll", ".conllu": "conllu", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
_BY_WORD = ("conll", "conllu")
_TABLES = ("csv", "tsv")


def folder_of(language: Language, data: FileData) -> Folder:
    """The folder of labelled files, whether or not it is there; messages name it from the language on."""
    return Folder(language.folder, "", language.folder.name).folder(data.folder)


def files_of(language: Language, data: FileData, part: Part) -> list[File]:
    """The files of a part, sorted; none where the part is not named.

    Raises:
        Problem: none matches, or what does is a link, a pipe or the like.
    """
    glob = getattr(data, part)
    if glob is None:
        return []
    folder = folder_of(language, data)
    found = [file for _, file in folder.list_files(glob)]
    if not found:
        raise Problem(f"no file matches '{glob}'", where=folder.shown,
                      fix=f"Put the {part} items there, or correct `{part}:`")
    return found


def rows_of_files(language: Language, task: Task, part: Part) -> Iterator[Row]:
    """The rows of a part, file by file.

    Raises:
        Problem: a file that cannot be read, with its line.
    """
    assert isinstance(task.data, FileData)
    files = files_of(language, task.data, part)
    if task.data.quoted is not None:
        _check_quoted([found for each in PARTS for found in files_of(language, task.data, each)], task.data)
    if task.data.format == "parallel":
        yield from _parallel({file.shown: file for file in files}, task, language.limits)
        return
    for file in files:
        yield from read_file(file, task, language.limits)


def _check_quoted(files: Sequence[File], data: FileData) -> None:
    """Refuse ``quoted`` where it would not be read."""
    if not any(format_of(data, file) in _TABLES for file in files):
        raise Problem("no file of the task is csv or tsv, and `quoted:` is not read", where=files[0].shown,
                      fix="Remove it")


def format_of(data: FileData, file: File) -> str | None:
    """The format of a file, as the settings or its ending say it; None where neither does."""
    return data.format or _ENDINGS.get(file.suffix.lower())


def _parallel(files: Mapping[str, File], task: Task, limits: Limits) -> Iterator[Row]:
    """The pairs of files that differ in their ending alone: those of sources, each with its targets.

    Raises:
        Problem: the task has no pairs, a file is without its other, or two do not agree.
    """
    data, columns = task.data, task.columns()
    assert isinstance(data, FileData)
    source, target = (f".{columns.get(role, '')}" for role in ("source", "target"))
    for name, file in files.items():
        if "source" not in columns:
            raise Problem(f"parallel files hold no items of {task.kind}", where=name, fix="Use another format")
        if not name.endswith((source, target)):
            raise Problem(f"its ending is neither {source} nor {target}", where=name,
                          fix="Name the two endings: columns: {source: en, target: nya}")
        if name.endswith(source):
            other = name.removesuffix(source) + target
            if other not in files:
                raise Problem(f"there is no {other} beside it", where=name, fix="Put the translations there")
            yield from read_rows([(name, file), (other, files[other])], "parallel", [], [data.encoding] * 2, limits)
        elif name.removesuffix(target) + source not in files:
            raise Problem(f"there is no {name.removesuffix(target) + source} beside it", where=name,
                          fix="Put the sources there")


def read_file(file: File, task: Task, limits: Limits) -> Iterator[Row]:
    """The rows of one file.

    Raises:
        Problem: its format is not known or does not fit the task, its encoding cannot be told, or a line is wrong.
    """
    data, columns, where = task.data, task.columns(), file.shown
    assert isinstance(data, FileData)
    kind = format_of(data, file)
    if kind is None:
        raise Problem(f"its ending does not say its format ({', '.join(_ENDINGS)})", where=where,
                      fix="Say `format:` in the task's data")
    words = task.kind == "token_classification"
    if (kind in _BY_WORD and not words) or (kind in _TABLES and words):
        raise Problem(f"{kind} holds no items of {task.kind}", where=where,
                      fix="Use conll, conllu or jsonl" if words else "Use csv, tsv or jsonl")
    def read(reader: str, *arguments: Any) -> Iterator[Row]:
        return read_rows([(where, file)], reader, arguments, [data.encoding], limits)

    if kind == "conllu":
        if data.columns:
            raise Problem("the columns of CoNLL-U are fixed, the fourth (UPOS) is labelled, and `columns:` is not read",
                          where=where, fix="Remove columns; other tags are read from a file in CoNLL, with a word and "
                                           "its tags a line")
        yield from read("conllu")
    elif kind == "conll":
        numbers = {role: column for role, column in data.columns.items() if isinstance(column, int)}
        if len(numbers) < len(data.columns):
            raise Problem("columns of CoNLL have no names", where=where,
                          fix="Number them: columns: {words: 0, labels: -1}")
        yield from read("conll", numbers.get("words", 0), numbers.get("labels", -1))
    else:
        names = {role: str(column) for role, column in columns.items()}
        yield from (read("jsonl", names) if kind == "jsonl" else
                    read("table", names, separated.MARKS if kind == "csv" else "\t", data.quoted))
