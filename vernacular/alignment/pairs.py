"""Sentences of the language and their translations, without what a model is judged by.

A pair that is none teaches wrongly and is hard to see afterwards. So what is not certain to belong together is refused:
the sides are lines of two files that agree line by line, or two columns of one table, a row of which holds both.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vernacular import separated
from vernacular.config.schema import Alignment, Translations
from vernacular.corpus.formats.encoding import decode
from vernacular.corpus.sources import open_source, place_of
from vernacular.corpus.sources.files import Files
from vernacular.errors import Problem
from vernacular.pretraining.texts import Sieve
from vernacular.stages import Work
from vernacular.tasks.data.parallel import read_parallel
from vernacular.tasks.data.tables import read_jsonl, read_table
from vernacular.tasks.kind import Row

Pair = tuple[str, str]  # a sentence of the language, and its translation
_ONE_IN, _MOST_HELD = 20, 200  # one pair in so many is held out, at most so many
_LEAST = 40  # pairs; fewer are no training, and none to choose by
_TABLES = (".csv", ".tsv", ".jsonl")


@dataclass(frozen=True)
class Pairs:
    """What is learned from.

    Attributes:
        train: pairs to learn from.
        held: pairs that say when to stop, and what was gained; no sentence and no translation of theirs is learned.
        left_out: pairs that share text with held-out lines, task items or behavioural tests, or a side with ``held``.
        where: of the folder they are from, for messages.
    """

    train: list[Pair]
    held: list[Pair]
    left_out: int
    where: str


def read_pairs(work: Work, asked: Alignment) -> Pairs:
    """The pairs of all translations, each once, in an order that the seed decides.

    Raises:
        Problem: a file cannot be read, its pairs are not certain, or there are fewer than 40 beside what is left out.
    """
    where = f"{work.language.code} alignment.translations"
    found = list(dict.fromkeys(pair for entry in asked.translations for pair in _pairs(work, entry)))
    same = sum(text == translation for text, translation in found)
    if 2 * same > len(found):
        raise Problem(f"{same} of {len(found)} sentences are their own translation", where=where,
                      fix="Name the text in the language under source, what it says in another under translation")
    sieve = Sieve.of(work)
    sides = (sieve.each([text for text, _ in found]), sieve.each([translation for _, translation in found]))
    left = [(text, translation) for text, translation in zip(*sides, strict=True) if text and translation]
    if len(left) < _LEAST:
        raise Problem(f"{len(left)} translated sentences beside what is held out or was taken down, and at least "
                      f"{_LEAST} are needed", where=where, fix="Add some, or take alignment out")
    mixed = [left[at] for at in np.random.default_rng(work.seed).permutation(len(left))]
    held = mixed[:min(_MOST_HELD, len(mixed) // _ONE_IN)]
    texts, translations = ({pair[side] for pair in held} for side in (0, 1))
    train = [pair for pair in mixed[len(held):] if pair[0] not in texts and pair[1] not in translations]
    return Pairs(train, held, len(found) - len(train) - len(held), where)


def _pairs(work: Work, entry: Translations) -> Iterator[Pair]:
    """The pairs of two texts, without those of which either side was taken down."""
    sides = []
    for source, role in ((entry.source, "translated"), (entry.translation, "translation")):
        opened = open_source(source, place_of(work.language, source, work.root, role))
        assert isinstance(opened, Files)  # Translations takes no other
        sides.append(_Side(opened, work))
    for row in _rows(*sides):
        pair = _plain(row, "source"), _plain(row, "target")
        if bool(pair[0]) != bool(pair[1]):
            raise Problem("one of its two sides is empty", where=row.where, fix="Give it its translation, or remove it")
        if pair[0] and all(side.stays(text, row.where) for side, text in zip(sides, pair, strict=True)):
            yield pair


class _Side:
    """One side of translations: its one file, and which of its texts were not taken down."""

    def __init__(self, opened: Files, work: Work) -> None:
        files = opened.located()
        if len(files) != 1:
            raise Problem(f"{len(files)} files match the side of translations called {opened.settings.name}, and one "
                          "is read", where=f"{work.language.code} alignment.translations",
                          fix="Name each pair of files as an entry of its own")
        self.file, self.where = files[0][1], f"{opened.where}/{files[0][0]}"
        self.column, self.encoding = opened.settings.text_field, opened.settings.encoding
        documents = list(opened.documents(work.progress))
        suppressed = opened.place.suppressed
        self._all, self._left = ({_tidy(part) for document in some for part in (
            document.text, *document.text.split("\n"))} for some in (documents, suppressed.left(documents)))

    def text(self) -> str:
        """What the file holds."""
        return decode(self.file.read_bytes(), self.where, self.encoding)[0]

    def stays(self, text: str, where: str) -> bool:
        """Whether ``text`` was not taken down.

        Raises:
            Problem: it is none of the source's texts, so that nobody knows.
        """
        if text not in self._all:
            raise Problem("it is read as another text by the ledger, so a takedown would not find it", where=where,
                          fix="Write it as plain text")
        return text in self._left


def _rows(ours: _Side, theirs: _Side) -> Iterator[Row]:
    """The rows of both sides: ``source`` in the language, ``target`` its translation."""
    kinds = {ours.file.suffix.lower(), theirs.file.suffix.lower()}
    if kinds == {".txt"}:
        return read_parallel(ours.text(), theirs.text(), ours.where, theirs.where)
    if not kinds <= set(_TABLES) or not _same(ours.file, theirs.file):
        raise Problem("translations are read from two .txt files, line by line, or from two columns of one .csv, .tsv "
                      "or .jsonl file", where=f"{ours.where} and {theirs.where}",
                      fix="Write them so; in a table each side names its column, `text_field:`")
    columns = {"source": ours.column, "target": theirs.column}
    if kinds == {".jsonl"}:
        return read_jsonl(ours.text(), ours.where, columns)
    return read_table(ours.text(), ours.where, columns, separated.MARKS if kinds == {".csv"} else "\t", None)


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _plain(row: Row, role: str) -> str:
    value = row.fields[role]
    if value is not None and not isinstance(value, str):
        raise Problem("one of its two sides is no text", where=row.where, fix="Put it in quotes, or remove it")
    return _tidy(value or "")


def _tidy(text: str) -> str:
    """In NFC, as one line with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())
