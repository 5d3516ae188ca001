"""The sentences of a comparison: a held-out line written once per group, and once more within a group. Seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vernacular.behavior_tests.operators.base import Context, Given, apart, at_each, find_entries
from vernacular.behavior_tests.operators.typos import Typo
from vernacular.evaluation.behavior.word_alignment import exchanged
from vernacular.evaluation.fairness.plan import Comparison
from vernacular.text.words import words as words_of


@dataclass(frozen=True)
class Variants:
    """A held-out line written once per group, and once more within the first group.

    The order of groups is random per line; ``order[n]`` is the group of ``lines[n]`` and
    ``names[n]``. ``twin`` measures the effect of a change without a change of group: the line with
    another name of group ``order[0]``, or, for spellings, with as many typing errors as the
    spelling changes words; empty if there is none.
    """

    order: tuple[int, ...]
    lines: tuple[str, ...]
    names: tuple[str, ...]
    twin: str


def write_variants(comparison: Comparison, lines: Sequence[str], most: int, seed: int,
                   given: Given | None = None, reads: Callable[[str], bool] = lambda line: True) -> list[Variants]:
    """Return up to ``most`` lines to which the comparison applies, each written once per group.

    ``comparison``: groups of names, one of which replaces all occurrences of another; or
    spellings, each of which changes the line. ``given``: the word lists used by spellings.
    ``reads``: whether the model reads a line completely; otherwise it is skipped, since changes
    to the unread part have no effect.
    """
    drawn = list(dict.fromkeys(lines))
    random.Random(f"{seed}/{comparison.name}").shuffle(drawn)
    found: list[Variants] = []
    for line in drawn:
        if len(found) == most:
            break
        rng = random.Random(f"{seed}/{comparison.name}/{line}")
        variants = (_named(comparison, line, rng) if comparison.groups else
                    _spelt(comparison, line, rng, given or Given()))
        if variants is not None and all(map(reads, (*variants.lines, variants.twin))):
            found.append(variants)
    return found


def _named(comparison: Comparison, line: str, rng: random.Random) -> Variants | None:
    groups = list(comparison.groups.values())
    places = find_entries(line, [name for names in groups for name in names])
    places, present = apart(places), {place.entry for place in places}
    if not places:
        return None
    old = rng.choice(sorted({place.entry for place in places}))
    order = tuple(rng.sample(range(len(groups)), len(groups)))
    choices = [[name for name in groups[at] if name not in present] for at in order]
    if not all(choices):
        return None
    new = tuple(rng.choice(left) for left in choices)
    second = [name for name in choices[0] if name != new[0]]
    where = [place[:2] for place in places if place.entry == old]
    return Variants(order, tuple(_renamed(line, where, name) for name in new), new,
                    _renamed(line, where, rng.choice(second)) if second else "")


def _renamed(line: str, where: Sequence[tuple[int, int]], name: str) -> str:
    return at_each(line, where, lambda old: name)


def _spelt(comparison: Comparison, line: str, rng: random.Random, given: Given) -> Variants | None:
    written = []
    for steps in comparison.spellings.values():
        text = line
        for step in steps:
            text = step.apply(text, Context(rng, given))
        written.append(text)
    if len(set(written)) < len(written):
        return None
    order = tuple(rng.sample(range(len(written)), len(written)))
    first, second = written[order[0]], written[order[1]]
    changed = len(exchanged(words_of(first), words_of(second)))
    twin = Typo(operator="typo", do="neighbour", count=max(1, changed)).apply(first, Context(rng, given))
    return Variants(order, tuple(written[at] for at in order), (), "" if twin == first else twin)
