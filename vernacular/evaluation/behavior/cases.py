"""Generate the cases of a behavioral test from held-out lines or templates. Seeded, without a model."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vernacular.behavior_tests.feedback import Known, Mark, together
from vernacular.behavior_tests.operators import AnyOperator
from vernacular.behavior_tests.operators.base import Context, Given
from vernacular.behavior_tests.schema import SLOT, BehaviourTest
from vernacular.evaluation.behavior.word_alignment import comparable
from vernacular.text.words import words

Prepare = Callable[[str], str]
_LONGEST = 100_000  # characters of a changed line, which may double with each repetition
_TRIES = 4  # draws per case of a template; few fillers give fewer cases


@dataclass(frozen=True)
class Case:
    """One case."""

    before: str | None  # the original line, or the good sentence of a pair; None for a template
    after: str  # the changed line, the filled template, or the bad sentence of a pair
    filled: tuple[str, ...] = ()  # the words in a template's slots, as the model reads them
    between: tuple[str, ...] = ()  # the forms between ``before`` and ``after`` for a growing change
    known: Known | None = None  # speakers' marks of the answer to ``after``, for a test of marks

    @property
    def versions(self) -> list[str]:
        """All forms of the line, in order."""
        return [*([] if self.before is None else [self.before]), *self.between, self.after]


def make_cases(test: BehaviourTest, lines: Sequence[str], given: Given, *, most: int, seed: int, prepare: Prepare,
               marks: Sequence[Mark] = (), by_word: bool = False) -> list[Case]:
    """Generate up to ``most`` distinct cases of ``test``.

    Lines that the change does not affect, or leaves without words to compare, are skipped.

    Args:
        test: the test.
        lines: held-out lines; their order depends only on the seed and the test's name.
        given: word lists and keyboard.
        most: limit of cases, unless the test sets its own.
        seed: of draws and operators.
        prepare: the task's preprocessing of lines (such as lower-casing).
        marks: speakers' marks, for a test ``from: marks``.
        by_word: whether the task labels words.
    """
    most = test.cases or most
    if test.source:
        by_text: dict[str, list[Mark]] = {}
        for mark in (mark for mark in marks if mark.task == test.task):
            by_text.setdefault(prepare(mark.text), []).append(mark)
        return [Case(None, text, known=together(group)) for text, group in by_text.items()][-most:]
    if test.templates or test.pairs:
        return _filled_in(test, given, most, seed, prepare)
    order = lines_for(test, lines)
    random.Random(f"{seed}/{test.name}").shuffle(order)
    cases: list[Case] = []
    for line in order:
        if len(cases) == most:
            break
        case = _changed(test, line, Context(random.Random(f"{seed}/{test.name}/{line}"), given), prepare)
        if case is not None and not (by_word and not comparable(test, words(case.versions[0]), words(case.after))):
            cases.append(case)
    return cases


def lines_for(test: BehaviourTest, lines: Sequence[str]) -> list[str]:
    """Return the distinct lines that a test with changes can use."""
    return [line for line in dict.fromkeys(lines) if test.most_words is None or len(words(line)) <= test.most_words]


def _changed(test: BehaviourTest, line: str, context: Context, prepare: Prepare) -> Case | None:
    """Return the case from ``line``; None if a step finds nothing to change."""
    before = _apply(test.before, line, context)
    versions: list[str] = [] if before is None else [prepare(before)]
    current, made = before, 0
    for times in test.growing or [1]:
        for _ in range(times - made):
            current = _apply(test.change, current, context)
        made = times
        if current is None or prepare(current) in versions:
            return None
        versions.append(prepare(current))
    return Case(versions[0], versions[-1], between=tuple(versions[1:-1]))


def _apply(steps: Sequence[AnyOperator], text: str | None, context: Context) -> str | None:
    """Apply all ``steps``; None if one finds nothing to change, or the line becomes too long."""
    for step in steps:
        if text is None:
            return None
        changed = step.apply(text, context)
        text = None if changed == text or len(changed) > _LONGEST else changed
    return text


def _filled_in(test: BehaviourTest, given: Given, most: int, seed: int, prepare: Prepare) -> list[Case]:
    rng = random.Random(f"{seed}/{test.name}")
    sentences: list[tuple[str | None, str]] = [(None, template) for template in test.templates]
    sentences += [(pair.good, pair.bad) for pair in test.pairs]
    found: dict[tuple[str | None, str], Case] = {}
    for good, text in itertools.islice(itertools.cycle(sentences), most * _TRIES):
        if len(found) == most:
            break
        slots = test.slots(text)
        if not all(given.lexicons[slot] for slot in slots):
            continue  # an empty list, to be filled by a speaker
        chosen = [rng.choice(given.lexicons[slot]) for slot in slots]
        queues = {slot: [word for at, word in zip(slots, chosen, strict=True) if at == slot] for slot in slots}
        before, after = (None if good is None else prepare(fill(good, queues))), prepare(fill(text, queues))
        found.setdefault((before, after), Case(before, after, tuple(prepare(word) for word in chosen)))
    return list(found.values())


def fill(template: str, words: Mapping[str, Sequence[str]]) -> str:
    """Fill the slots of ``template``: the first slot of a list with its first word, and so on; repeat the last.

    Args:
        template: with ``{list}`` slots.
        words: list -> the words for its slots.
    """
    left = {slot: list(chosen) for slot, chosen in words.items()}
    return SLOT.sub(lambda found: left[found[1]].pop(0) if len(left[found[1]]) > 1 else left[found[1]][0], template)
