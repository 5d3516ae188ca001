"""Sentences of the language and their translations, without what a model is judged by.

Wrong pairs degrade a model and are hard to detect later, so what does not certainly belong together is refused: sides
are joined by a key, or they are lines of two files that agree line by line, or two columns of one table.

Texts of held-out documents (``corpus/splits``) are for scoring: neither they nor their translations are learned from,
wherever else they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vernacular.cleaning.stage import masked, tidy
from vernacular.config.labeled_data import PARTS, Part
from vernacular.config.schema import Language
from vernacular.config.stage_settings import clean_settings
from vernacular.config.training import Alignment
from vernacular.config.translations import FilesSide, PackageSide
from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl as read_rows
from vernacular.core.result import SampleRow
from vernacular.core.store import Report, digest_of_listed
from vernacular.corpus.side_texts import Sieve
from vernacular.datasets.keyed_texts import references_of
from vernacular.datasets.notes import DataNote, numbers_of
from vernacular.datasets.raw_pairs import LEAST, Join, TextPair, read_raw_pairs
from vernacular.pipeline.stage import StageContext
from vernacular.sources import open_source, place_of
from vernacular.sources.files import Files

_ONE_IN, _MOST_HELD = 20, 200  # one pair in so many is held out, at most so many


@dataclass(frozen=True)
class Pair:
    """A sentence of the language with its translation.

    Attributes:
        text: the sentence; of dev and test as the corpus has it after cleaning.
        translation: what it says in a language of the base.
        document: id of the document of ``corpus/splits`` that the sentence stands in; empty where it is in none.
        key: what joined the two, such as ``GEN 1 3``; file and line where they agree line by line.
    """

    text: str
    translation: str
    document: str
    key: str


@dataclass(frozen=True)
class Pairs:
    """What is learned from.

    Attributes:
        train: pairs to learn from.
        held: pairs that say when to stop, and what was gained; no sentence and no translation of theirs is learned.
        left_out: pairs that share text with held-out lines, task items or behavioural tests, or a side with ``held``.
        where: of the folder they are from, for messages.
        of_held_out: those of ``left_out`` whose sentence is of a held-out document.
        joins: of each entry whose sides have keys.
        remarks: what was left out of the others.
    """

    train: list[TextPair]
    held: list[TextPair]
    left_out: int
    where: str
    of_held_out: int = 0
    joins: list[Join] = field(default_factory=list)
    remarks: list[DataNote] = field(default_factory=list)


def read_pairs(work: StageContext, asked: Alignment) -> Pairs:
    """The pairs to learn from, each once, in an order that the seed decides.

    Raises:
        Problem: a file cannot be read, its pairs are not certain, or there are fewer than 40 beside what is left out.
    """
    where = f"{work.language.code} alignment.translations"
    found = _read(work, asked)
    left = [(pair.text, pair.translation) for pair in _to_learn_from(work, found)]
    if len(left) < LEAST:
        raise Problem(f"{len(left)} translated sentences beside what is held out or was taken down, and at least "
                      f"{LEAST} are needed", where=where, fix="Add some, or take alignment out")
    mixed = [left[at] for at in np.random.default_rng(work.seed).permutation(len(left))]
    held = mixed[:min(_MOST_HELD, len(mixed) // _ONE_IN)]
    texts, translations = ({pair[side] for pair in held} for side in (0, 1))
    train = [pair for pair in mixed[len(held):] if pair[0] not in texts and pair[1] not in translations]
    total = sum(map(len, found.parts.values()))
    return Pairs(train, held, total - len(train) - len(held), where, total - len(found.parts["train"]), found.joins,
                 found.remarks)


def read_pairs_by_part(work: StageContext, asked: Alignment) -> dict[Part, list[Pair]]:
    """All pairs, each once, by the part of ``corpus/splits`` that the document of the sentence is in.

    ``train`` holds those that may be learned from, the same as ``read_pairs`` has in ``train`` and ``held``, and those
    of no document. ``dev`` and ``test`` hold pairs whose sentence is still a line of its document after cleaning: lines
    that stand in train, too, were taken out of it.

    Raises:
        Problem: a file cannot be read, or its pairs are not certain.
    """
    found = _read(work, asked)
    return {"train": _to_learn_from(work, found),
            **{part: list(_as_cleaned(work, part, found.parts[part])) for part in PARTS if part != "train"}}


def references_version(language: Language, asked: Alignment, root: Path) -> dict[str, str]:
    """A digest of each file of references that a side names beside its own files."""
    found = {}
    for source, role in asked.beside:
        opened = open_source(source, place_of(language, source, root, role))
        if isinstance(source, FilesSide | PackageSide) and isinstance(opened, Files):
            for _, file in references_of(opened, source):
                found[f"{role}/{source.name}/references"] = digest_of_listed([(file.name, file)])
    return found


def count_joins(report: Report, pairs: Pairs) -> None:
    """Say in the report of a stage how the sides were joined, and what found no partner."""
    for code, number in numbers_of(pairs.remarks).items():
        report.count(code, number, "pairs left out because one of their sides is empty", "pairs")
    if not pairs.joins:
        return
    for side, name in enumerate(("source", "translation")):
        report.count(f"unmatched_{name}", sum(one.alone[side] for one in pairs.joins),
                     f"texts of the {name} that found no partner", "texts")
    report.count("pairs_together", sum(one.together for one in pairs.joins),
                 "pairs in which several verses are one, as one of the sides has them")
    if samples := [SampleRow(row) for one in pairs.joins for row in one.samples]:
        report.samples["without a partner"] = samples


@dataclass(frozen=True)
class _Found:
    """All pairs by the part of their documents, and how they were joined; parts without what is in a later one."""

    parts: dict[Part, list[Pair]]
    joins: list[Join]
    remarks: list[DataNote]


def _read(work: StageContext, asked: Alignment) -> _Found:
    raw = read_raw_pairs(work.language, work.root, asked, work.progress)
    documents: dict[str, tuple[Part, str]] = {}
    for part in PARTS:  # the last counts: a text of test is of test, whatever else holds it
        path = work.inputs["corpus/splits"] / f"{part}.jsonl"
        documents.update({row["raw_digest"]: (part, row["id"]) for row in read_rows(path) if "raw_digest" in row})
    parts: dict[Part, list[Pair]] = {part: [] for part in PARTS}
    for one in raw.pairs.values():
        part, document = max((documents[digest] for digest in one.digests if digest in documents),
                             key=lambda place: (PARTS.index(place[0]), place[1]), default=("train", ""))
        parts[part].append(Pair(one.text, one.translation, document, one.key))
    return _Found(parts, raw.joins, raw.remarks)


def _to_learn_from(work: StageContext, found: _Found) -> list[Pair]:
    """The pairs of train without text that a model is judged by, that of held-out pairs included; data masked."""
    held_out = [(f"the {part} part", text) for part in PARTS if part != "train" for pair in found.parts[part]
                for text in (pair.text, pair.translation)]
    sieve, train = Sieve.of(work, held_out), found.parts["train"]
    sides = (sieve.each([pair.text for pair in train]), sieve.each([pair.translation for pair in train]))
    return [replace(pair, text=text, translation=translation)
            for pair, text, translation in zip(train, *sides, strict=True) if text and translation]


def _as_cleaned(work: StageContext, part: Part, pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Those of ``pairs`` whose sentence is a line of its document in ``part``, as it stands there; data masked."""
    settings, pairs = clean_settings(work.language), list(pairs)
    lines = {row["id"]: set(row["text"].split("\n"))
             for row in read_rows(work.inputs["corpus/splits"] / f"{part}.jsonl") if "id" in row}
    texts = tidy([pair.text for pair in pairs], settings)
    translations = masked([pair.translation for pair in pairs], settings)
    for pair, text, translation in zip(pairs, texts, translations, strict=True):
        if text in lines.get(pair.document, ()):
            yield replace(pair, text=text, translation=translation)
