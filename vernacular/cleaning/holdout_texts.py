"""Texts used for scoring, which must not be in training data: task files and behavioral tests.

Training-only items may occur in the corpus: people label the text they have, and these items are
not scored. This module locates and reads; ``clean`` removes matching text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import regex

from vernacular.behavior_tests.load import FOLDER as TESTS
from vernacular.behavior_tests.load import load_suite
from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core import delimited as separated
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder, text_of
from vernacular.core.store import digest_of, digest_of_listed
from vernacular.datasets.conll import surface_text
from vernacular.datasets.labeled import judging_parts, judging_rows, named_files, version_of
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded
from vernacular.text.words import words

FOLDER = "tasks"
LEAST_WORDS = 3  # labels and single words are not texts
_SENTENCE_WORDS = 5
# A space after sentence ends; not required in scripts without one.
_SENTENCE_END = regex.compile(r"(?<=\p{Sentence_Terminal}[\p{Pf}\p{Pe}\"']*)\s+"
                              r"|(?<=[。！？።။])(?=[^\s\p{Pf}\p{Pe}\"'])", regex.V1)
_FIXED_WORDS = 5  # of a template between two slots
_MOST_EXPANDED = 500  # sentences per template; larger ones are covered by their fixed parts
_NOT_DATA = {".md", ".yaml", ".yml", ".py"}
_NOT_READING = {"licence", "url", "most", "separator", "repair_bio", "folder", "dataset"}
_SLOT = regex.compile(r"\{[a-z][a-z0-9_]*\}")
_TAG = regex.compile(r"(?:O|[BIESLU]-\S+|[A-Z][A-Z_]*)")


def held_out_items(language: Language, root: Path) -> list[tuple[str, str]]:
    """Return (file, text) for all distinct texts of three words or more in tasks and behavioral tests.

    These are all files in ``tasks/`` that no task names, and the scoring and selection items of
    each task's data.

    Args:
        language: whose tasks.
        root: of the store, which contains hub data.

    Raises:
        Problem: a file cannot be read, so its texts could not be excluded.
    """
    found: dict[tuple[str, str], None] = {}
    for name, text in _labelled(language, root):
        for line in text.splitlines():
            if len(words(line)) >= LEAST_WORDS:
                found.setdefault((name, line.strip()))
            found.update({(name, sentence): None for sentence in _sentences(line)})
    for name, text in _behaviour(language):
        found.setdefault((name, text))
    return list(found)


def _labelled(language: Language, root: Path) -> Iterator[tuple[str, str]]:
    """Yield (file or task, text) of all labeled data; files of tasks are read with the task's settings."""
    for file in unnamed_files(language):
        yield from ((file.path, text) for text in texts_of(file, language.limits))
    for name in language.tasks:
        for row in judging_rows(language, name, root):
            yield from ((f"tasks.{name}", text) for text in _strings({"": row.surface, **row.fields}))


def versions(language: Language, root: Path) -> dict[str, str]:
    """Return digests of the inputs of ``held_out_items``.

    For behavioral tests only the sentences count: reviews and thresholds do not affect
    decontamination.
    """
    files = unnamed_files(language)
    tasks = {f"task/{name}": digest_of([version, _reading(task)]) for name, task in language.tasks.items()
             if (version := version_of(language, name, root, judging_parts(task)))}
    sentences = list(_behaviour(language))
    return {**({"benchmarks": digest_of_listed((file.path, file) for file in files)} if files else {}), **tasks,
            **({"behaviour": digest_of(sentences)} if sentences else {})}


def _reading(task: Task) -> dict[str, Any]:
    """Return the settings that determine a task's held-out texts: kind, columns, parts and shares."""
    assert task.data is not None
    return {"kind": task.kind, "data": task.data.model_dump(mode="json", exclude=_NOT_READING)}


def unnamed_files(language: Language) -> list[File]:
    """Return the files with labeled data in ``tasks/`` that no task names."""
    named = {file.place.resolve() for file in named_files(language)}
    return [file for _, file in Folder(language.folder, "", language.folder.name).folder(FOLDER).list_files()
            if file.suffix.lower() not in _NOT_DATA and file.stem.upper() not in ("LICENSE", "LICENCE")
            and file.place.resolve() not in named]


def texts_of(file: File, limits: Limits | None = None) -> Iterator[str]:
    """Yield the texts of one file of labeled data.

    Raises:
        LimitReached: it exceeds ``limits``.
        Problem: its format is unknown, it is not UTF-8, or it is damaged.
    """
    with opened(file) as data:
        return read_bounded(f"{__name__}:in_worker_texts", [data], [file.suffix.lower(), file.shown], file.shown,
                            for_file(limits or Limits(), data.size))


def in_worker_texts(files: Sequence[OpenFile], suffix: str, where: str) -> Iterator[str]:
    """In the worker: yield the texts of the one file in ``files``."""
    readers = {".jsonl": _jsonl, ".json": _json, ".csv": _csv, ".tsv": _tsv, ".conll": _conll, ".conllu": _conll,
               ".txt": _txt}
    reader = readers.get(suffix)
    if reader is None:
        raise Problem(f"{suffix or 'a file without an ending'} is not a supported format of labeled data, so its "
                      "texts cannot be excluded from training", where=where,
                      fix=f"Use one of {', '.join(readers)}, or move the file out of {FOLDER}/", code=Code.DATA_FORMAT)
    try:
        yield from reader(text_of(files[0].read(), where).replace("\r\n", "\n").replace("\r", "\n"))
    except (ValueError, csv.Error) as error:
        raise Problem(f"cannot be read: {error}", where=where, fix="Correct the file", code=Code.DATA_FORMAT) from None


def _sentences(line: str) -> list[str]:
    """Return the sentences of a long text, which the corpus may contain separately."""
    parts = [part.strip() for part in _SENTENCE_END.split(line)]
    return [part for part in parts if len(words(part)) >= _SENTENCE_WORDS] if len(parts) > 1 else []


def _strings(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value; a list of single words is one sentence."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        if value and all(isinstance(part, str) and " " not in part for part in value):
            yield " ".join(value)
        for part in value:
            yield from _strings(part)


def _jsonl(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield from _strings(json.loads(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None


def _json(text: str) -> Iterator[str]:
    yield from _strings(json.loads(text))


def _csv(text: str, marks: str = separated.MARKS) -> Iterator[str]:
    """Read with every separator that occurs, since the file does not declare its own."""
    for mark in marks:
        if mark in text or mark == marks[0]:
            for row in separated.reader(text, delimiter=mark):
                yield from row


def _tsv(text: str) -> Iterator[str]:
    """Read both with and without quoting, since the file does not declare it."""
    yield from _csv(text, "\t")
    if '"' in text:
        for line in text.splitlines():
            yield from line.split("\t")


def _conll(text: str) -> Iterator[str]:
    """Yield a sentence per block from the first column (CoNLL) or the second (CoNLL-U), and ``# text =``."""
    for block in regex.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        lines = [line for line in block.split("\n") if line.strip()]
        yield from (line.split("=", 1)[1].strip() for line in lines if regex.match(r"# ?text ?=", line))
        rows = [line.split("\t") if "\t" in line else line.split(" ") for line in lines
                if not (line.startswith("# ") or line.startswith("-DOCSTART-"))]
        if rows and all(len(row) == 10 for row in rows):
            yield surface_text(rows)
        elif rows:
            yield " ".join(row[0] for row in rows)


def _txt(text: str) -> Iterator[str]:
    """Yield lines of text, or CoNLL if nearly every line is a word and a tag."""
    rows = [line.split() for line in text.split("\n") if line.strip()]
    tagged = sum(len(row) == 2 and _TAG.fullmatch(row[1]) is not None for row in rows)
    yield from _conll(text) if rows and tagged >= 0.9 * len(rows) else text.split("\n")


def _behaviour(language: Language) -> Iterator[tuple[str, str]]:
    """Yield the sentences of test templates, and their fixed parts of five words or more.

    Speakers' marks are excluded: a mark would otherwise rerun cleaning and training.
    """
    suite = load_suite(language)
    for test in suite.tests:
        for template in (*test.templates, *(pair.good for pair in test.pairs)):
            lists = [suite.lexicons[slot] for slot in test.slots(template)]
            fillers = [entries for entries in lists if isinstance(entries, list)]
            if len(fillers) == len(lists) and prod(map(len, fillers)) <= _MOST_EXPANDED:
                for chosen in product(*fillers):
                    yield f"{TESTS}/{test.name}", _filled(template, chosen)
            for part in _SLOT.split(template):
                if len(words(part)) >= _FIXED_WORDS:
                    yield f"{TESTS}/{test.name}", part.strip()


def _filled(template: str, chosen: Iterable[str]) -> str:
    words_left = iter(chosen)
    return _SLOT.sub(lambda slot: next(words_left), template)
