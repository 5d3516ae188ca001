"""Select training pairs of sentences and translations, without scoring data.

Misaligned pairs degrade the model and are hard to detect later, so uncertain pairs are rejected:
sides are joined by a key, or are matching lines of two files, or columns of one table.

Texts of held-out documents (``corpus/splits``) are for scoring: neither they nor their translations
are used for training, wherever else they occur.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vernacular.cleaning.stage import masked, tidy
from vernacular.config.labeled_data import PARTS, Part
from vernacular.config.schema import Language
from vernacular.config.stage_settings import clean_settings
from vernacular.config.training import Alignment
from vernacular.config.translations import FilesSide, PackageSide
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.core.result import SampleRow
from vernacular.core.store import digest_of_listed
from vernacular.corpus.side_texts import Sieve
from vernacular.datasets.keyed_texts import references_of
from vernacular.datasets.notes import DataNote, numbers_of
from vernacular.datasets.raw_pairs import LEAST, Join, TextPair, read_raw_pairs
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.sources import open_source, place_of
from vernacular.sources.files import Files

_ONE_IN, _MOST_HELD_OUT = 20, 200  # share of held-out pairs, and their maximum
_ONE_IN_TEN, _MOST_ASIDE = 10, 400  # of the pairs in no document, those set aside to score
_Place = tuple[Part, str]  # a part of the splits and a document in it; no document if the pair is in none


@dataclass(frozen=True)
class Pair:
    """A sentence of the language with its translation."""

    text: str  # the sentence; in dev and test as cleaned
    translation: str  # in a language of the base
    document: str  # id of the sentence's document in ``corpus/splits``; empty if none
    key: str  # of the join, such as ``GEN 1 3``; else file and line


@dataclass(frozen=True)
class Pairs:
    """Selected pairs."""

    train: list[TextPair]  # training pairs
    # pairs for early stopping and evaluation; none of their sentences or translations is
    # trained on
    held_out: list[TextPair]
    # number of pairs that share text with held-out lines, task items or behavioral tests, or
    # a side with ``held_out``
    left_out: int
    where: str  # of the folder, for messages
    of_held_out: int = 0  # number of left-out pairs whose sentence is in a held-out document
    joins: list[Join] = field(default_factory=list)  # of each entry with keys
    # notes on what was left out of the other entries
    remarks: list[DataNote] = field(default_factory=list)


def scores_translations(language: Language) -> bool:
    """Return whether a task of the folder is scored on pairs, so that some of them must not be learned from."""
    return any(task.of_translations for task in language.tasks.values())


def read_pairs(work: StageContext, asked: Alignment) -> Pairs:
    """Return the distinct training pairs, in random order.

    Raises:
        Problem: a file cannot be read, pairs are uncertain, or fewer than 40 remain.
    """
    where = f"{work.language.code} alignment.translations"
    found = _read(work, asked)
    left = [(pair.text, pair.translation) for pair in _to_learn_from(work, found)]
    if len(left) < LEAST:
        raise Problem(f"{len(left)} translated sentences remain after exclusions; at "
                      f"least {LEAST} are needed", where=where, fix="Add some, or remove alignment",
                      code=Code.DATA_SPLIT)
    mixed = [left[at] for at in np.random.default_rng(work.seed).permutation(len(left))]
    held_out = mixed[:min(_MOST_HELD_OUT, len(mixed) // _ONE_IN)]
    texts, translations = ({pair[side] for pair in held_out} for side in (0, 1))
    train = [pair for pair in mixed[len(held_out):] if pair[0] not in texts and pair[1] not in translations]
    total = sum(map(len, found.parts.values()))
    return Pairs(train, held_out, total - len(train) - len(held_out), where, total - len(found.parts["train"]),
                 found.joins, found.remarks)


def read_pairs_by_part(work: StageContext, asked: Alignment) -> dict[Part, list[Pair]]:
    """Return all distinct pairs by the ``corpus/splits`` part of the sentence's document.

    ``train`` contains the trainable pairs, as ``read_pairs`` has in ``train`` and ``held_out``,
    including pairs without a document. ``dev`` and ``test`` contain pairs whose sentence remains in
    its document after cleaning and is not in train.

    Raises:
        Problem: a file cannot be read, or pairs are uncertain.
    """
    found = _read(work, asked)
    return {"train": _to_learn_from(work, found),
            **{part: list(_as_cleaned(work, part, found.parts[part])) for part in PARTS if part != "train"}}


def references_version(language: Language, asked: Alignment, root: Path) -> dict[str, str]:
    """Return a digest of each file of references that a side names."""
    found = {}
    for source, role in asked.beside:
        opened = open_source(source, place_of(language, source, root, role))
        if isinstance(source, FilesSide | PackageSide) and isinstance(opened, Files):
            for _, file in references_of(opened, source):
                found[f"{role}/{source.name}/references"] = digest_of_listed([(file.name, file)])
    return found


def count_joins(report: Report, pairs: Pairs) -> None:
    """Add the results of the joins to the report of a stage."""
    for code, number in numbers_of(pairs.remarks).items():
        report.count(code, number, "pairs left out because one of their sides is empty", "pairs")
    if not pairs.joins:
        return
    for side, name in enumerate(("source", "translation")):
        report.count(f"unmatched_{name}", sum(one.alone[side] for one in pairs.joins),
                     f"texts of the {name} without a partner", "texts")
    report.count("pairs_together", sum(one.together for one in pairs.joins),
                 "pairs of several verses, as one of the sides has them")
    if samples := [SampleRow(row) for one in pairs.joins for row in one.samples]:
        report.samples["without a partner"] = samples


@dataclass(frozen=True)
class _Found:
    """All pairs by part, and how they were joined; later parts take precedence."""

    parts: dict[Part, list[Pair]]
    joins: list[Join]
    remarks: list[DataNote]


def _read(work: StageContext, asked: Alignment) -> _Found:
    raw = read_raw_pairs(work.language, work.root, asked, work.progress)
    documents: dict[str, tuple[Part, str]] = {}
    for part in PARTS:  # later parts win: a text of test is in test only
        path = work.inputs["corpus/splits"] / file_of(part)
        documents.update({row["raw_digest"]: (part, row["id"]) for row in read_rows(path, ["id", "raw_digest"])
                          if "raw_digest" in row})
    places = [max((documents[digest] for digest in one.digests if digest in documents),
                  key=lambda place: (PARTS.index(place[0]), place[1]), default=None) for one in raw.pairs.values()]
    if scores_translations(work.language) and sum(
            place is not None and place[0] == "test" for place in places) < LEAST:
        places = _places_of_lines(work, [one.text for one in raw.pairs.values()], places)
    parts: dict[Part, list[Pair]] = {part: [] for part in PARTS}
    for one, place in zip(raw.pairs.values(), places, strict=True):
        part, document = place or ("train", "")
        parts[part].append(Pair(one.text, one.translation, document, one.key))
    return _Found(parts, raw.joins, raw.remarks)


def _places_of_lines(work: StageContext, sentences: Sequence[str],
                     places: Sequence[_Place | None]) -> list[_Place | None]:
    """Return part and document of each sentence where the translations are no source of the corpus themselves.

    A sentence belongs to the part that has it as a line. If this gives too few pairs to score, some of those that are
    in no document are set aside, chosen by their text alone, so that the choice outlasts an addition.
    """
    tidied = tidy(list(sentences), clean_settings(work.language))
    lines: dict[str, _Place] = {}
    for part in PARTS:
        for row in read_rows(work.inputs["corpus/splits"] / file_of(part)):
            lines.update(dict.fromkeys(row["text"].split("\n"), (part, row.get("id", ""))))
    found = [place or lines.get(line) for place, line in zip(places, tidied, strict=True)]
    outside = sorted((at for at, place in enumerate(found) if place is None),
                     key=lambda at: hashlib.sha256(tidied[at].encode()).digest())
    aside = min(len(outside) // _ONE_IN_TEN, _MOST_ASIDE) if sum(
        place is not None and place[0] == "test" for place in found) < LEAST else 0
    for at in outside[:aside]:
        found[at] = ("test", "")
    for at in outside[aside:aside + aside // 2]:
        found[at] = ("dev", "")
    return found


def _to_learn_from(work: StageContext, found: _Found) -> list[Pair]:
    """Return training pairs without text for scoring, including held-out pairs; data masked."""
    held_out = [(f"the {part} part", text) for part in PARTS if part != "train" for pair in found.parts[part]
                for text in (pair.text, pair.translation)]
    sieve, train = Sieve.of(work, held_out), found.parts["train"]
    sides = (sieve.each([pair.text for pair in train]), sieve.each([pair.translation for pair in train]))
    return [replace(pair, text=text, translation=translation)
            for pair, text, translation in zip(train, *sides, strict=True) if text and translation]


def _as_cleaned(work: StageContext, part: Part, pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Yield the ``pairs`` whose sentence is a line of its cleaned document in ``part``, or in none; data masked."""
    settings, pairs = clean_settings(work.language), list(pairs)
    lines = {row["id"]: set(row["text"].split("\n"))
             for row in read_rows(work.inputs["corpus/splits"] / file_of(part), ["id", "text"]) if "id" in row}
    texts = tidy([pair.text for pair in pairs], settings)
    translations = masked([pair.translation for pair in pairs], settings)
    for pair, text, translation in zip(pairs, texts, translations, strict=True):
        if not pair.document or text in lines.get(pair.document, ()):
            yield replace(pair, text=text, translation=translation)
