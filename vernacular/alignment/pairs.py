"""Sentences of the language and their translations, without what a model is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vernacular.config.schema import Alignment, Translations
from vernacular.config.sources import Source
from vernacular.corpus.ledger import Document
from vernacular.corpus.sources import open_source, place_of
from vernacular.errors import Problem
from vernacular.pretraining.texts import Sieve
from vernacular.stages import Work
from vernacular.tasks.data.parallel import read_parallel

Pair = tuple[str, str]  # a sentence of the language, and its translation
_ONE_IN, _MOST_HELD = 20, 200  # one pair in so many is held out, at most so many
_LEAST = 40  # pairs; fewer are no training, and none to choose by


@dataclass(frozen=True)
class Pairs:
    """What is learned from.

    Attributes:
        train: pairs to learn from.
        held: pairs that are never learned from: they say when to stop, and what was gained.
        left_out: pairs that share text with held-out lines, task items or behavioural tests.
    """

    train: list[Pair]
    held: list[Pair]
    left_out: int


def read_pairs(work: Work, asked: Alignment) -> Pairs:
    """The pairs of all translations, each once, in an order that the seed decides.

    Raises:
        Problem: two texts do not agree line by line, or hold fewer than 40 pairs.
    """
    found = list(dict.fromkeys(pair for entry in asked.translations for pair in _pairs(work, entry)))
    sieve = Sieve.of(work)
    sides = (sieve.each([text for text, _ in found]), sieve.each([translation for _, translation in found]))
    left = [(text, translation) for text, translation in zip(*sides, strict=True) if text and translation]
    if len(left) < _LEAST:
        raise Problem(f"{len(left)} translated sentences beside what is held out, and at least {_LEAST} are needed",
                      where=f"{work.language.code} alignment.translations", fix="Add some, or take alignment out")
    mixed = [left[at] for at in np.random.default_rng(work.seed).permutation(len(left))]
    held = min(_MOST_HELD, len(mixed) // _ONE_IN)
    return Pairs(mixed[held:], mixed[:held], len(found) - len(left))


def _pairs(work: Work, entry: Translations) -> Iterator[Pair]:
    """The pairs of two texts, without those of which either side was taken down."""
    texts, translations = (_documents(work, *side) for side in (
        (entry.source, "translated"), (entry.translation, "translation")))
    if len(texts) != len(translations):
        raise Problem(f"{len(texts)} texts, but {entry.translation.name} holds {len(translations)}",
                      where=f"{work.language.code} alignment.translations {entry.source.name}",
                      fix="Each text needs its translation, in the same order")
    suppressed = place_of(work.language, entry.source, work.root, "translated").suppressed
    for text, translation in zip(texts, translations, strict=True):
        if not suppressed.covers(text) and not suppressed.covers(translation):
            for row in read_parallel(translation.text, text.text, f"{entry.translation.name} {translation.path}",
                                     f"{entry.source.name} {text.path}"):
                pair = row.fields["target"], row.fields["source"]
                if all(map(suppressed.without_lines, pair)):
                    yield pair


def _documents(work: Work, source: Source, role: str) -> list[Document]:
    return list(open_source(source, place_of(work.language, source, work.root, role)).documents(work.progress))
