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

from vernacular.alignment.join import Joined, join, shown
from vernacular.alignment.keyed import reads_scripture, references_of
from vernacular.alignment.sides import TextSide, plain_field, rows_of
from vernacular.artifacts import Report, digest_of_listed
from vernacular.config.labeled_data import PARTS, Part
from vernacular.config.schema import Language
from vernacular.config.training import Alignment
from vernacular.config.translations import FilesSide, PackageSide, Translations
from vernacular.corpus import clean_settings
from vernacular.corpus.clean import masked, tidy
from vernacular.corpus.sources import open_source, place_of
from vernacular.corpus.sources.files import Files
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl as read_rows
from vernacular.pretraining.texts import Sieve
from vernacular.stages import Work

TextPair = tuple[str, str]  # a sentence of the language, and its translation
_ONE_IN, _MOST_HELD = 20, 200  # one pair in so many is held out, at most so many
_LEAST = 40  # pairs; fewer are no training, and none to choose by
_SHOWN = 5  # texts without a partner, of each side


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
class Join:
    """How the two sides of an entry of translations were joined by key.

    Attributes:
        names: of the source and of its translation.
        pairs: how many there are.
        together: pairs in which several verses are one.
        alone: texts of either side without a partner.
        samples: some of those: side, key and where it stands; never a text, which may have been taken down.
    """

    names: tuple[str, str]
    pairs: int
    together: int
    alone: tuple[int, int]
    samples: list[dict[str, str]]


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
    """

    train: list[TextPair]
    held: list[TextPair]
    left_out: int
    where: str
    of_held_out: int = 0
    joins: list[Join] = field(default_factory=list)


def read_pairs(work: Work, asked: Alignment) -> Pairs:
    """The pairs to learn from, each once, in an order that the seed decides.

    Raises:
        Problem: a file cannot be read, its pairs are not certain, or there are fewer than 40 beside what is left out.
    """
    where = f"{work.language.code} alignment.translations"
    found = _read(work, asked, where)
    left = [(pair.text, pair.translation) for pair in _to_learn_from(work, found)]
    if len(left) < _LEAST:
        raise Problem(f"{len(left)} translated sentences beside what is held out or was taken down, and at least "
                      f"{_LEAST} are needed", where=where, fix="Add some, or take alignment out")
    mixed = [left[at] for at in np.random.default_rng(work.seed).permutation(len(left))]
    held = mixed[:min(_MOST_HELD, len(mixed) // _ONE_IN)]
    texts, translations = ({pair[side] for pair in held} for side in (0, 1))
    train = [pair for pair in mixed[len(held):] if pair[0] not in texts and pair[1] not in translations]
    total = sum(map(len, found.parts.values()))
    return Pairs(train, held, total - len(train) - len(held), where, total - len(found.parts["train"]), found.joins)


def read_pairs_by_part(work: Work, asked: Alignment) -> dict[Part, list[Pair]]:
    """All pairs, each once, by the part of ``corpus/splits`` that the document of the sentence is in.

    ``train`` holds those that may be learned from, the same as ``read_pairs`` has in ``train`` and ``held``, and those
    of no document. ``dev`` and ``test`` hold pairs whose sentence is still a line of its document after cleaning: lines
    that stand in train, too, were taken out of it.

    Raises:
        Problem: a file cannot be read, or its pairs are not certain.
    """
    found = _read(work, asked, f"{work.language.code} alignment.translations")
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
    if not pairs.joins:
        return
    for side, name in enumerate(("source", "translation")):
        report.count(f"unmatched_{name}", sum(one.alone[side] for one in pairs.joins),
                     f"texts of the {name} that found no partner", "texts")
    report.count("pairs_together", sum(one.together for one in pairs.joins),
                 "pairs in which several verses are one, as one of the sides has them")
    if samples := [row for one in pairs.joins for row in one.samples]:
        report.samples["without a partner"] = samples


@dataclass(frozen=True)
class _Found:
    """All pairs by the part of their documents, and how they were joined; parts without what is in a later one."""

    parts: dict[Part, list[Pair]]
    joins: list[Join]


@dataclass(frozen=True)
class _Raw:
    """A pair with the digests of the documents that its sentence stands in."""

    text: str
    translation: str
    digests: frozenset[str]
    key: str


def _read(work: Work, asked: Alignment, where: str) -> _Found:
    joins: list[Join] = []
    raw: dict[TextPair, _Raw] = {}
    for entry in asked.translations:
        for one in _pairs(work, entry, joins):
            known = raw.setdefault((one.text, one.translation), one)
            raw[one.text, one.translation] = replace(known, digests=known.digests | one.digests)
    same = sum(text == translation for text, translation in raw)
    if 2 * same > len(raw):
        raise Problem(f"{same} of {len(raw)} sentences are their own translation", where=where,
                      fix="Name the text in the language under source, what it says in another under translation")
    documents: dict[str, tuple[Part, str]] = {}
    for part in PARTS:  # the last counts: a text of test is of test, whatever else holds it
        path = work.inputs["corpus/splits"] / f"{part}.jsonl"
        documents.update({row["raw_digest"]: (part, row["id"]) for row in read_rows(path) if "raw_digest" in row})
    parts: dict[Part, list[Pair]] = {part: [] for part in PARTS}
    for one in raw.values():
        part, document = max((documents[digest] for digest in one.digests if digest in documents),
                             key=lambda place: (PARTS.index(place[0]), place[1]), default=("train", ""))
        parts[part].append(Pair(one.text, one.translation, document, one.key))
    return _Found(parts, joins)


def _to_learn_from(work: Work, found: _Found) -> list[Pair]:
    """The pairs of train without text that a model is judged by, that of held-out pairs included; data masked."""
    held_out = [(f"the {part} part", text) for part in PARTS if part != "train" for pair in found.parts[part]
                for text in (pair.text, pair.translation)]
    sieve, train = Sieve.of(work, held_out), found.parts["train"]
    sides = (sieve.each([pair.text for pair in train]), sieve.each([pair.translation for pair in train]))
    return [replace(pair, text=text, translation=translation)
            for pair, text, translation in zip(train, *sides, strict=True) if text and translation]


def _as_cleaned(work: Work, part: Part, pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Those of ``pairs`` whose sentence is a line of its document in ``part``, as it stands there; data masked."""
    settings, pairs = clean_settings(work.language), list(pairs)
    lines = {row["id"]: set(row["text"].split("\n"))
             for row in read_rows(work.inputs["corpus/splits"] / f"{part}.jsonl") if "id" in row}
    texts = tidy([pair.text for pair in pairs], settings)
    translations = masked([pair.translation for pair in pairs], settings)
    for pair, text, translation in zip(pairs, texts, translations, strict=True):
        if text in lines.get(pair.document, ()):
            yield replace(pair, text=text, translation=translation)


def _pairs(work: Work, entry: Translations, joins: list[Join]) -> Iterator[_Raw]:
    """The pairs of two texts, without those of which either side was taken down; a join is added to ``joins``."""
    ours, theirs = (TextSide(side, work, role) for side, role in ((entry.source, "translated"),
                                                               (entry.translation, "translation")))
    if entry.source.key is None:
        yield from _by_line(ours, theirs)
        return
    scripture = reads_scripture(entry.source) or reads_scripture(entry.translation)
    joined = join(ours.keyed(scripture), theirs.keyed(scripture))
    joins.append(_checked(joined, entry, work.language))
    for mine, others in joined.pairs:
        if all(side.stays(text.path, part, text.where) for side, texts in ((ours, mine), (theirs, others))
               for text in texts for part in text.texts):
            yield _Raw(ours.plain(mine), theirs.plain(others), frozenset().union(*(
                ours.digests(text.path, part) for text in mine for part in text.texts)), shown(mine[0].keys[0]))


def _checked(joined: Joined, entry: Translations, language: Language) -> Join:
    """What is to be said of a join.

    Raises:
        Problem: it loses too much.
    """
    names = entry.source.name, entry.translation.name
    alone = len(joined.alone[0]), len(joined.alone[1])
    samples = [{"side": name, "key": shown(text.keys[0]), "where": text.where}
               for name, texts in zip(names, joined.alone, strict=True) for text in texts[:_SHOWN]]
    if joined.lost > entry.most_unmatched or not joined.pairs:
        firsts = " and ".join(f"'{shown(texts[0].keys[0])}' ({texts[0].where})" for texts in joined.alone if texts)
        raise Problem(f"{alone[0]} texts of {names[0]} and {alone[1]} of {names[1]} have no partner, such as "
                      f"{firsts or 'any: a side is empty'}; {len(joined.pairs)} have one: of the smaller side "
                      f"{joined.lost:.1%} are lost, and at most {entry.most_unmatched:.1%} may be",
                      where=f"{language.code} alignment.translations",
                      fix="Correct `key:` so that both sides name a text in the same way, or raise most_unmatched")
    return Join(names, len(joined.pairs), joined.together, alone, samples)


def _by_line(ours: TextSide, theirs: TextSide) -> Iterator[_Raw]:
    sides = ours, theirs
    for row in rows_of(ours, theirs):
        texts = plain_field(row, "source"), plain_field(row, "target")
        if bool(texts[0]) != bool(texts[1]):
            raise Problem("one of its two sides is empty", where=row.where, fix="Give it its translation, or remove it")
        if texts[0] and all(side.stays(side.path, text, row.where) for side, text in zip(sides, texts, strict=True)):
            text, translation = ours.without(texts[0]), theirs.without(texts[1])
            if text and translation:
                yield _Raw(text, translation, ours.digests(ours.path, texts[0]), row.where)
