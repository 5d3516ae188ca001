"""All sentence pairs in files of translations, joined by key or line by line, before any are held out.

Stages and ``vernacular check`` both use ``read_raw_pairs``, so they find the same errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.config.training import Alignment
from vernacular.config.translations import Translations
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.items import Row
from vernacular.datasets.join import Joined, join, shown
from vernacular.datasets.keyed_texts import reads_scripture
from vernacular.datasets.notes import DataNote
from vernacular.datasets.parallel import with_both_sides
from vernacular.datasets.translation_sides import TextSide, plain_field, rows_of

TextPair = tuple[str, str]  # a sentence of the language, and its translation
LEAST = 40  # fewer pairs are too few for training and selection
_SHOWN = 5  # unmatched texts shown for each side


@dataclass(frozen=True)
class Join:
    """How an entry's two sides were joined by key."""

    names: tuple[str, str]  # of the source and of its translation
    pairs: int  # their number
    together: int  # pairs with several verses
    alone: tuple[int, int]  # unmatched texts of each side
    # some of those: side, key and place; never text, which may have been taken down
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
    """The pairs of all entries, before any are held out."""

    pairs: dict[TextPair, RawPair] = field(default_factory=dict)  # text and translation -> the pair
    joins: list[Join] = field(default_factory=list)  # of each entry with keys
    # notes on what was left out of the other entries
    remarks: list[DataNote] = field(default_factory=list)


def read_raw_pairs(language: Language, root: Path, asked: Alignment, progress: Callable[[str], None]) -> RawPairs:
    """Return all distinct pairs.

    Args:
        language: whose translations.
        root: of the store.
        asked: a model's alignment settings.
        progress: receives lines for the user.

    Raises:
        Problem: all errors in the files, misaligned pairs, or fewer than 40 pairs.
    """
    raw_pairs, faults, where = RawPairs(), Collector(), f"{language.code} alignment.translations"
    for entry in asked.translations:
        with faults.collect():
            for one in _pairs(language, root, entry, raw_pairs, progress):
                known = raw_pairs.pairs.setdefault((one.text, one.translation), one)
                raw_pairs.pairs[one.text, one.translation] = replace(known, digests=known.digests | one.digests)
    faults.raise_collected()
    same = sum(text == translation for text, translation in raw_pairs.pairs)
    if 2 * same > len(raw_pairs.pairs):
        raise Problem(f"{same} of {len(raw_pairs.pairs)} sentences are their own translation", where=where,
                      fix="Put the text in the language under source, its translation under translation",
                      code=Code.DATA_JOIN)
    if len(raw_pairs.pairs) < LEAST:
        raise Problem(f"{len(raw_pairs.pairs)} translated sentences; at least {LEAST} are needed", where=where,
                      fix="Add some, or remove alignment", code=Code.DATA_JOIN)
    return raw_pairs


def _pairs(language: Language, root: Path, entry: Translations, raw_pairs: RawPairs,
           progress: Callable[[str], None]) -> Iterator[RawPair]:
    """Yield the pairs of two texts, without those taken down; notes go to ``found``."""
    ours, theirs = (TextSide(side, language, root, progress, role) for side, role in (
        (entry.source, "translated"), (entry.translation, "translation")))
    if entry.source.key is None:
        yield from _by_line(ours, theirs, entry.most_unmatched, raw_pairs.remarks)
        return
    scripture = reads_scripture(entry.source) or reads_scripture(entry.translation)
    joined = join(ours.keyed(scripture), theirs.keyed(scripture))
    raw_pairs.joins.append(_checked(joined, entry, language))
    for mine, others in joined.pairs:
        if all(side.stays(text.path, part, text.where) for side, texts in ((ours, mine), (theirs, others))
               for text in texts for part in text.texts):
            yield RawPair(ours.plain(mine), theirs.plain(others), frozenset().union(*(
                ours.digests(text.path, part) for text in mine for part in text.texts)), shown(mine[0].keys[0]))


def _checked(joined: Joined, entry: Translations, language: Language) -> Join:
    """Summarize a join."""
    names = entry.source.name, entry.translation.name
    alone = len(joined.alone[0]), len(joined.alone[1])
    samples = [{"side": name, "key": shown(text.keys[0]), "where": text.where}
               for name, texts in zip(names, joined.alone, strict=True) for text in texts[:_SHOWN]]
    if joined.lost > entry.most_unmatched or not joined.pairs:
        firsts = " and ".join(f"'{shown(texts[0].keys[0])}' ({texts[0].where})" for texts in joined.alone if texts)
        raise Problem(f"{alone[0]} texts of {names[0]} and {alone[1]} of {names[1]} have no partner, such as "
                      f"{firsts or 'any: a side is empty'}; {len(joined.pairs)} have one: of the smaller side "
                      f"{joined.lost:.1%} are lost; the limit is {entry.most_unmatched:.1%}",
                      where=f"{language.code} alignment.translations",
                      fix="Correct `key:` so that both sides use the same keys, or raise most_unmatched",
                      code=Code.DATA_JOIN)
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
