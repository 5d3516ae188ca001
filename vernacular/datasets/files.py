"""Labeled files: their paths and rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from vernacular.config.labeled_data import PARTS, FileData, Part
from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core import delimited as separated
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File, Folder
from vernacular.datasets.items import Row
from vernacular.datasets.notes import DataNote
from vernacular.datasets.parsing import read_rows

_ENDINGS = {".conll": "conll", ".conllu": "conllu", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
_BY_WORD = ("conll", "conllu")
# Kind of task -> ending -> format, for ambiguous endings: MasakhaNER uses .txt, UniversalNER .iob2.
_BY_KIND = {"token_classification": dict.fromkeys((".txt", ".iob", ".iob2", ".bio", ""), "words"),
            "sequence_classification": {".txt": "tsv"}, "sentence_pairs": {".txt": "tsv"}}
_TABLES = ("csv", "tsv")


def folder_of(language: Language, data: FileData) -> Folder:
    """Return the folder of labeled files, existing or not; messages name it from the language folder on."""
    return Folder(language.folder, "", language.folder.name).folder(data.folder)


def files_of(language: Language, data: FileData, part: Part) -> list[File]:
    """Return the files of a part, sorted; none if the part is undefined.

    Raises:
        Problem: no file matches, or one is a link, a pipe or the like.
    """
    glob = getattr(data, part)
    if glob is None:
        return []
    folder = folder_of(language, data)
    found = [file for _, file in folder.list_files(glob)]
    if not found:
        raise Problem(f"no file matches '{glob}'", where=folder.shown,
                      fix=f"Add the {part} items there, or correct `{part}:`", code=Code.DATA_MISSING)
    return found


def rows_of_files(language: Language, task: Task, part: Part, remarks: list[DataNote] | None = None) -> Iterator[Row]:
    """Yield the rows of a part, file by file.

    Raises:
        Problem: all errors in the files, with lines, after all valid rows.
    """
    assert isinstance(task.data, FileData)
    files, faults = files_of(language, task.data, part), Collector()
    if task.data.quoted is not None:
        _check_quoted([found for each in PARTS for found in files_of(language, task.data, each)], task.data)
    if task.data.format == "parallel" or _look_parallel(files, task):
        rows = [_parallel({file.shown: file for file in files}, task, language, remarks)]
    else:
        rows = [read_file(file, task, language.limits, remarks) for file in files]
    for each in rows:
        with faults.collect():
            yield from each
    faults.raise_collected()


def _check_quoted(files: Sequence[File], data: FileData) -> None:
    """Reject ``quoted`` if no file uses it."""
    if not any(format_of(data, file) in _TABLES for file in files):
        raise Problem("`quoted:` has no effect: no file of the task is csv or tsv", where=files[0].shown,
                      fix="Remove it", code=Code.DATA_FORMAT)


def format_of(data: FileData, file: File) -> str | None:
    """Return the format of a file by settings or ending, or None."""
    return data.format or _ENDINGS.get(file.suffix.lower())


def _look_parallel(files: Sequence[File], task: Task) -> bool:
    """Whether ``files`` differ in an ending that is not a format, such as ``train.en`` and ``train.nya``."""
    endings = {file.suffix.lower() for file in files}
    asked = task.kind == "sentence_retrieval" and isinstance(task.data, FileData) and task.data.format is None
    return asked and len(endings) == 2 and not endings & {"", ".txt", *_ENDINGS}


def _endings(files: Collection[str], task: Task, language: Language) -> tuple[str, str]:
    """Return the endings of sources and targets: from `columns:`, or the language's code for the targets.

    Retrieval is scored in both directions, so there the order does not matter.
    """
    columns, given = task.columns(), task.data.columns if task.data else {}
    endings = sorted({f".{name.rpartition('.')[2]}" for name in files})
    if given or task.kind != "sentence_retrieval" or len(endings) != 2:
        source, target = (f".{columns.get(role, '')}" for role in ("source", "target"))
        return source, target
    own = f".{language.code}".casefold()
    source, target = endings if endings[0].casefold() != own else reversed(endings)
    return source, target


def _parallel(files: Mapping[str, File], task: Task, language: Language,
              remarks: list[DataNote] | None) -> Iterator[Row]:
    """Yield the pairs of files that differ only in their ending, with their targets."""
    data, faults = task.data, Collector()
    assert isinstance(data, FileData)
    source, target = _endings(files, task, language)
    for name, file in files.items():
        with faults.collect():
            if "source" not in task.columns():
                raise Problem("parallel files cannot contain "
                              f"items of {task.kind}", where=name, fix="Use another format", code=Code.DATA_FORMAT)
            if not name.endswith((source, target)):
                raise Problem(f"its ending is neither {source} nor {target}", where=name,
                              fix="Name the two endings: columns: {source: en, target: nya}", code=Code.DATA_FORMAT)
            if name.endswith(source):
                other = name.removesuffix(source) + target
                if other not in files:
                    raise Problem(f"the file {other} beside "
                                  "it is missing", where=name, fix="Add the translations there",
                                  code=Code.DATA_MISSING)
                yield from read_rows([(name, file), (other, files[other])], "parallel", [],
                                     [data.encoding] * 2, language.limits, remarks)
            elif name.removesuffix(target) + source not in files:
                raise Problem(f"the file {name.removesuffix(target) + source} beside it is missing", where=name,
                              fix="Add the sources there", code=Code.DATA_MISSING)
    faults.raise_collected()


def read_file(file: File, task: Task, limits: Limits, remarks: list[DataNote] | None = None) -> Iterator[Row]:
    """Yield the rows of one file.

    Raises:
        Problem: the format is unknown or unsuitable, the encoding is unknown, or a line is invalid.
    """
    data, where = task.data, file.shown
    assert isinstance(data, FileData)
    words = task.kind == "token_classification"
    kind = format_of(data, file) or _BY_KIND.get(task.kind, {}).get(file.suffix.lower())
    if kind is None:
        raise Problem(f"its ending does not indicate a format ({', '.join(_ENDINGS)})", where=where,
                      fix="Set `format:` in the task's data", code=Code.DATA_FORMAT)
    if (kind in _BY_WORD and not words) or (kind in _TABLES and words):
        raise Problem(f"{kind} cannot contain items of {task.kind}", where=where,
                      fix="Use conll, conllu or jsonl" if words else "Use csv, tsv or jsonl", code=Code.DATA_FORMAT)
    def read(reader: str, *arguments: Any) -> Iterator[Row]:
        return read_rows([(where, file)], reader, arguments, [data.encoding], limits, remarks)

    if kind == "conllu":
        if data.columns:
            raise Problem("`columns:` has no effect in CoNLL-U: its columns are fixed, and the fourth (UPOS) is "
                          "the label",
                          where=where, fix="Remove columns; put other tags into a CoNLL file, one word with tags "
                                           "per line", code=Code.DATA_COLUMN)
        yield from read("conllu")
    elif kind in ("conll", "words"):
        numbers = {role: column for role, column in data.columns.items() if isinstance(column, int)}
        if len(numbers) < len(data.columns):
            raise Problem("columns of CoNLL have no names", where=where,
                          fix="Number them: columns: {words: 0, labels: -1}", code=Code.DATA_COLUMN)
        yield from read(kind, numbers.get("words", 0), numbers.get("labels", -1))
    else:
        names = task.names_of_columns()
        yield from (read("jsonl", names) if kind == "jsonl" else
                    read("table", names, separated.MARKS if kind == "csv" else "\t", data.quoted))
