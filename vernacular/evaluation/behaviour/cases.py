"""Cases of a behavioural test: pairs of lines to compare, or lines written from templates. Seeded; asks no model."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vernacular.evaluation.behaviour.operators import AnyOperator, Context
from vernacular.evaluation.behaviour.schema import BehaviourTest

Prepare = Callable[[str], str]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        before: the line as it was; None for a template, which has no earlier form.
        after: the line after the change, or the filled template.
        filled: the words put into a template's slots, as the model is given them.
    """

    before: str | None
    after: str
    filled: tuple[str, ...] = ()


def make_cases(test: BehaviourTest, lines: Sequence[str], lexicons: Mapping[str, Sequence[str]], *, most: int,
               seed: int, prepare: Prepare) -> list[Case]:
    """Up to ``most`` different cases of ``test``; lines that the change leaves as they are give none.

    Args:
        test: what to change or to write.
        lines: held-out lines; drawn in an order that depends on the seed and the test's name alone.
        lexicons: the words of every list.
        most: cases at most.
        seed: of the draw and of the operators.
        prepare: what the task does to a line before the model reads it (lower-casing, say).
    """
    if test.templates:
        return _from_templates(test, lexicons, most, seed, prepare)
    order = list(dict.fromkeys(lines))
    random.Random(f"{seed}/{test.name}").shuffle(order)
    cases: list[Case] = []
    for line in order:
        if len(cases) == most:
            break
        context = Context(random.Random(f"{seed}/{test.name}/{line}"), lexicons)
        before = _apply(test.before, line, context)
        after = _apply(test.change, before, context)
        if before is None or after is None:
            continue
        before, after = prepare(before), prepare(after)
        if after != before:
            cases.append(Case(before, after))
    return cases


def _apply(steps: Sequence[AnyOperator], text: str | None, context: Context) -> str | None:
    """``text`` after all ``steps``; None where a step finds nothing to change."""
    for step in steps:
        if text is None:
            return None
        changed = step.apply(text, context)
        text = None if changed == text else changed
    return text


def _from_templates(test: BehaviourTest, lexicons: Mapping[str, Sequence[str]], most: int, seed: int,
                    prepare: Prepare) -> list[Case]:
    rng = random.Random(f"{seed}/{test.name}")
    found: dict[str, Case] = {}
    for template in itertools.islice(itertools.cycle(test.templates), most * 4):
        if len(found) == most:
            break
        words: list[str] = []
        def fill(match: re.Match[str], words: list[str] = words) -> str:
            words.append(rng.choice(lexicons[match[1]]))
            return words[-1]
        text = prepare(re.sub(r"\{([a-z][a-z0-9_]*)\}", fill, template))
        found.setdefault(text, Case(None, text, tuple(prepare(word) for word in words)))
    return list(found.values())
