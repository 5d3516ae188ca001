"""The pairs of sentences in files of translations, before any is held out: joined by a key, or line by line.

``read_raw_pairs`` is what a stage reads and what ``vernacular check`` reads: both find the same faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.config.training import Alignment
from vernacular.config.translations import Translations
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.items import Row
from vernacular.datasets.join import Joined, join, shown
from vernacular.datasets.keyed_texts import reads_scripture
from vernacular.datasets.notes import DataNote
from vernacular.datasets.parallel import with_both_sides
from vernacular.datasets.translation_sides import TextSide, plain_field, rows_of

TextPair = tuple[str, str]  # a sentence of the language, and its translation
LEAST = 40  # pairs; fewer are no training, and none to choose by
_SHOWN = 5  # texts without a partner, of each side


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
class RawPair:
    """A pair with the digests of the documents that contain its sentence."""

    text: str
    translation: str
    digests: frozenset[str]
    key: str


@dataclass
class RawPairs:
    """The pairs of all entries, before any is held out.

    Attributes:
        pairs: text and translation -> the pair.
        joins: of each entry whose sides have keys.
        remarks: what was left out of the others.
    """

    pairs: dict[TextPair, RawPair] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)
    remarks: list[DataNote] = field(default_factory=list)


def read_raw_pairs(language: Language, root: Path, asked: Alignment, progress: Callable[[str], None]) -> RawPairs:
    """All pairs, each once.

    Args:
        language: whose translations.
        root: of the store.
        asked: what a model says of them.
        progress: is told what is read.

    Raises:
        Problem: everything that is wrong in the files, pairs that are not certain, or fewer than 40.
    """
    found, faults, where = RawPairs(), Collector(), f"{language.code} alignment.translations"
    for entry in asked.translations:
        with faults.collect():
            for one in _pairs(language, root, entry, found, progress):
                known = found.pairs.setdefault((one.text, one.translation), one)
                found.pairs[one.text, one.translation] = replace(known, digests=known.digests | one.digests)
    faults.raise_collected()
    same = sum(text == translation for text, translation in found.pairs)
    if 2 * same > len(found.pairs):
        raise Problem(f"{same} of {len(found.pairs)} sentences are their own translation", where=where,
                      fix="Name the text in the language under source, what it says in another under translation")
    if len(found.pairs) < LEAST:
        raise Problem(f"{len(found.pairs)} translated sentences, and at least {LEAST} are needed", where=where,
                      fix="Add some, or take alignment out")
    return found


def _pairs(language: Language, root: Path, entry: Translations, found: RawPairs,
           progress: Callable[[str], None]) -> Iterator[RawPair]:
    """The pairs of two texts, without those of which either side was taken down; ``found`` is told of the rest."""
    ours, theirs = (TextSide(side, language, root, progress, role) for side, role in (
        (entry.source, "translated"), (entry.translation, "translation")))
    if entry.source.key is None:
        yield from _by_line(ours, theirs, entry.most_unmatched, found.remarks)
        return
    scripture = reads_scripture(entry.source) or reads_scripture(entry.translation)
    joined = join(ours.keyed(scripture), theirs.keyed(scripture))
    found.joins.append(_checked(joined, entry, language))
    for mine, others in joined.pairs:
        if all(side.stays(text.path, part, text.where) for side, texts in ((ours, mine), (theirs, others))
               for text in texts for part in text.texts):
            yield RawPair(ours.plain(mine), theirs.plain(others), frozenset().union(*(
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


def _by_line(ours: TextSide, theirs: TextSide, most_unmatched: float, remarks: list[DataNote]) -> Iterator[RawPair]:
    sides, faults, rows = (ours, theirs), Collector(), list[Row]()
    with faults.collect():
        for row in rows_of(ours, theirs, remarks):
            with faults.collect():
                rows.append(replace(row, fields={role: plain_field(row, role) for role in ("source", "target")}))
    rows = with_both_sides([row for row in rows if any(row.fields.values())], most_unmatched, remarks, faults)
    for row in rows:
        texts = row.fields["source"], row.fields["target"]
        with faults.collect():
            if all(side.stays(side.path, text, row.where) for side, text in zip(sides, texts, strict=True)):
                text, translation = ours.without(texts[0]), theirs.without(texts[1])
                if text and translation:
                    yield RawPair(text, translation, ours.digests(ours.path, texts[0]), row.where)
    faults.raise_collected()
