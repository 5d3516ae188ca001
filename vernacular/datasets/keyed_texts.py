"""Texts of one side of translations with their keys: table columns, USFM, vref, or paths.

A key is a tuple of strings; numbers lose leading zeros. Scripture has book, chapter and verse, with
USFM's book codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import re2
import regex
from pydantic import TypeAdapter

from vernacular.config.expressions import compile_expression
from vernacular.config.translations import ColumnsKey, PathKey, Side, UsfmKey, VrefKey
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.datasets.join import Key, Keyed
from vernacular.datasets.tables import read_jsonl
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded
from vernacular.sources.files import Files, FolderFiles
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.packed import content, suffix_of
from vernacular.sources.formats.rows import strings_of, table_rows
from vernacular.sources.formats.usfm import numbered_chapters
from vernacular.sources.package import file_of, installed

# USFM's codes of books 1 to 66: https://docs.usfm.bible
_BOOKS = tuple(regex.findall(r"\w{3}", """
    GEN EXO LEV NUM DEU JOS JDG RUT 1SA 2SA 1KI 2KI 1CH 2CH EZR NEH EST JOB PSA PRO ECC SNG ISA JER LAM EZK DAN HOS JOL
    AMO OBA JON MIC NAM HAB ZEP HAG ZEC MAL MAT MRK LUK JHN ACT ROM 1CO 2CO GAL EPH PHP COL 1TH 2TH 1TI 2TI TIT PHM HEB
    JAS 1PE 2PE 1JN 2JN 3JN JUD REV"""))
_REFERENCE = regex.compile(r"([0-9A-Z]{3}) (\d{1,3}):(\d{1,3})")
_VERSES = regex.compile(r"(\d{1,3})([a-z]?)(?:[-\u2013,](\d{1,3})[a-z]?)?")
_DIRECTION = dict.fromkeys(map(ord, "\u200e\u200f"))  # marks in verse ranges of right-to-left scripts
_RANGE = "<range>"  # eBible: the verse is included in the previous line
_FIELD = regex.compile(r"(\{[a-z_]*\}|\*)")


def texts_by_key(source: Files, side: Side, scripture: bool) -> list[Keyed]:
    """Return the nonempty texts of a side with keys, in the order of its files.

    Args:
        source: the source, whose documents were read.
        side: its settings.
        scripture: whether either side has USFM books: keys are then (book, chapter, verse).

    Raises:
        Problem: a file cannot be read, or a text has no key.
    """
    aside = {problem.where for problem in source.problems}  # skipped as when the ledger read the documents
    found = [text for path, file in source.located() if f"{source.where}/{path}" not in aside
             for text in _texts(source, side, path, file) if any(part.strip() for part in text.texts)]
    return [replace(text, keys=tuple(_verse(key, text.where) for key in text.keys)) for text in found] if (
        scripture) else found


def reads_scripture(side: Side) -> bool:
    """Whether the format of ``side`` defines keys of book, chapter and verse."""
    return isinstance(side.key, UsfmKey | VrefKey)


def references_of(source: Files, side: Side) -> list[tuple[str, File]]:
    """Return the file of references of ``side``; none for other kinds of keys.

    Raises:
        Problem: it does not exist, or is outside of the source's folder.
    """
    if not isinstance(side.key, VrefKey):
        return []
    where = f"{source.where}/{side.key.file}"
    if isinstance(source, FolderFiles):
        file = source.folder.file(side.key.file)
    else:
        package = installed(source.settings.package)  # type: ignore[union-attr]  # the other kind of a side
        file = file_of(package, side.key.file, where)
    if not file.exists():
        raise Problem("the file of references does not exist", where=where, fix="Add it, or correct key.file",
                      code=Code.DATA_MISSING)
    return [(where, file)]


def _texts(source: Files, side: Side, path: str, file: File) -> Iterator[Keyed]:
    files = [(f"{source.where}/{path}", file), *references_of(source, side)]
    names = [name for name, _ in files]
    with ExitStack() as stack:
        contents = [stack.enter_context(opened(each)) for _, each in files]
        rows = read_bounded(f"{__name__}:in_worker_texts", contents, [names, path, side.model_dump(by_alias=True)],
                            names[0], for_file(source.place.limits, sum(each.size for each in contents)))
    return (Keyed(tuple(map(tuple, keys)), tuple(texts), *rest) for keys, texts, *rest in rows)


def in_worker_texts(files: Sequence[OpenFile], names: Sequence[str], path: str,
                    settings: dict[str, Any]) -> Iterator[list[Any]]:
    """In the worker: yield the texts of a file of the side with ``settings``, as arguments of ``Keyed``."""
    side: Side = TypeAdapter(Side).validate_python(settings)
    for text in _keyed(files, names, path, side):
        yield [text.keys, text.texts, text.path, text.where]


def _keyed(files: Sequence[OpenFile], names: Sequence[str], path: str, side: Side) -> Iterable[Keyed]:
    suffix, where = suffix_of(path), names[0]
    texts = [decode(content(file, name), name, side.encoding)[0] for file, name in zip(files, names, strict=True)]
    if isinstance(side.key, ColumnsKey):
        return _rows(texts[0], where, path, suffix, side.text_field, side.key)
    if isinstance(side.key, UsfmKey):
        return read_verses(texts[0], where, path)
    if isinstance(side.key, VrefKey):
        return read_vref(texts[0], where, path, names[1], texts[1])
    assert isinstance(side.key, PathKey)  # no other kinds
    return _numbered(texts[0], where, path, suffix, side.key)


def _rows(text: str, where: str, path: str, suffix: str, field: str | int, key: ColumnsKey) -> Iterator[Keyed]:
    """Yield the rows of a table by the cells of some columns."""
    if suffix == ".jsonl":
        names = {**{f"key {number}": str(name) for number, name in enumerate(key.columns)}, "text": str(field)}
        rows: Iterable[tuple[str, list[object]]] = (
            (row.where, list(row.fields.values())) for row in read_jsonl(text, where, names))
    elif suffix in (".csv", ".tsv"):
        rows = ((f"{where}:{line}", [row.get(name) for name in (*key.columns, field)])
                for line, row in table_rows(text, where, [*key.columns, field], suffix == ".tsv"))
    else:
        raise Problem(f"files of type '{suffix}' have no columns", where=where,
                      fix="Use csv, tsv or jsonl, or another kind of key", code=Code.DATA_COLUMN)
    for place, (*cells, words) in rows:
        if words is None or words == "":
            continue
        if not isinstance(words, str):
            raise Problem("its text column does not contain text", where=place, fix="Quote it, or remove it",
                          code=Code.DATA_JOIN)
        parts = [str(cell).strip() if isinstance(cell, str | int) else "" for cell in cells]
        if not all(parts):
            raise Problem("a key column is empty or not text", where=place, fix="Fill it, or remove the row",
                          code=Code.DATA_JOIN)
        yield Keyed((tuple(map(_plain, parts)),), (words,), path, place)


def read_verses(source: str, where: str, path: str) -> Iterator[Keyed]:
    r"""Yield the verses of USFM; ``\v 3-4`` covers both, and parts ``3a`` and ``3b`` are one text."""
    for book, chapter, verses in numbered_chapters(source):
        place, open_part = f"{where} {book} {chapter}", None
        for number, text in verses:
            match = _VERSES.fullmatch(number.translate(_DIRECTION))
            first, last = (int(match[1]), int(match[3] or match[1])) if match else (0, 0)
            if last < first:
                raise Problem(f"the verse range {number} is descending", where=place, fix="Correct the numbers",
                              code=Code.DATA_JOIN)
            covered = range(first, last + 1) if match else (number,)
            keys = tuple((book.upper(), _plain(chapter), str(verse)) for verse in covered)
            one = Keyed(keys, (text,), f"{path}#{book}.{chapter}", f"{place}:{number}")
            partial = bool(match and match[2])
            if open_part is not None and partial and open_part.keys == keys:
                open_part = replace(open_part, texts=(*open_part.texts, text))
                continue
            if open_part is not None:
                yield open_part
            open_part = one if partial else None
            if not partial:
                yield one
        if open_part is not None:
            yield open_part


def read_vref(text: str, where: str, path: str, named: str, references: str) -> Iterator[Keyed]:
    """Yield lines with the references of the matching file, in eBible's format.

    An empty line is an untranslated verse; ``<range>`` marks one included in earlier lines.
    https://github.com/BibleNLP/ebible
    """
    lines, keys = (_split(one) for one in (text, references))
    lines, beyond = lines[:len(keys)], lines[len(keys):]
    if len(lines) < len(keys) or any(line.strip() for line in beyond):  # missing lines would shift the others
        raise Problem(f"{len(lines) + len(beyond)} lines, but {named} has {len(keys)}", where=where,
                      fix="Use the file of references that belongs to the text, one per line", code=Code.DATA_JOIN)
    open_text: Keyed | None = None
    for number, (line, reference) in enumerate(zip(lines, keys, strict=False), 1):
        match = _REFERENCE.fullmatch(reference.strip())
        if match is None:
            raise Problem(f"'{reference.strip()[:40]}' is not a reference", where=f"{named}:{number}",
                          fix="Write one as GEN 1:1", code=Code.DATA_JOIN)
        key = (match[1], str(int(match[2])), str(int(match[3])))
        if line.strip() == _RANGE:
            if open_text is not None:
                open_text = replace(open_text, keys=(*open_text.keys, key))
            continue
        if open_text is not None:
            yield open_text
        open_text = Keyed((key,), (line,), path, f"{where}:{number}") if line.strip() else None
    if open_text is not None:
        yield open_text


def _numbered(content: str, where: str, path: str, suffix: str, key: PathKey) -> Iterator[Keyed]:
    """Yield the strings of a JSON array, or the lines of a text file, by path and number."""
    try:
        match = _pattern(key.pattern).fullmatch(path.encode("utf-8", "replace").decode("utf-8"))
    except ValueError as error:
        raise Problem(f"key.pattern is invalid: {error}", where=where, fix="Shorten `pattern:`",
                      code=Code.DATA_JOIN) from None
    if match is None:
        raise Problem("its path does not match key.pattern", where=where,
                      fix="Correct `pattern:`, or restrict `files:`", code=Code.DATA_JOIN)
    if suffix not in (".json", ".txt"):
        raise Problem(f"files of type '{suffix}' have no numbered texts", where=where,
                      fix="Use JSON arrays of strings or .txt, or another kind of key", code=Code.DATA_JOIN)
    texts = strings_of(content, where) if suffix == ".json" else _split(content)
    for number, text in enumerate(texts, 1):
        yield Keyed(((*map(_plain, match.groups()), str(number)),), (text,), path, f"{where}:{number}")


def _pattern(pattern: str) -> Any:
    parts = _FIELD.split(pattern)
    return compile_expression("".join("([^/]+)" if part.startswith("{") and part.endswith("}") else
                                 "[^/]*" if part == "*" else re2.escape(part) for part in parts))


def _split(text: str) -> list[str]:
    """Split at line feeds only."""
    return text.removesuffix("\n").split("\n") if text else []


def _plain(part: str) -> str:
    """Return ``part``, a number without leading zeros."""
    return (part.lstrip("0") or "0") if part.isascii() and part.isdigit() else part


def _verse(key: Key, where: str) -> Key:
    """Return ``key`` as book, chapter and verse, with USFM's book code."""
    if len(key) != 3:
        raise Problem(f"its key has {len(key)} parts, but the other side has book, chapter and verse",
                      where=where, fix="Use these three, in this order", code=Code.DATA_JOIN)
    book, *rest = key
    number = int(book) if len(book) < 3 and book.isascii() and book.isdigit() else 0
    return (_BOOKS[number - 1] if 0 < number <= len(_BOOKS) else book.upper(), *rest)
