"""The schema of ``behaviour/*.yaml``: tests and word lists, with rules across keys.

The first three test types are CheckList's (Ribeiro et al. 2020, https://arxiv.org/abs/2005.04118);
the fourth compares two sentences under the language model, like BLiMP (Warstadt et al. 2020). No
file is read here; ``load.py`` does that. Changes are in ``operators``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

import orjson
from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from vernacular.behavior_tests.operators import AnyOperator
from vernacular.behavior_tests.operators.base import Operator
from vernacular.behavior_tests.operators.typos import Typo
from vernacular.config.strict import Name, Share, Strict

SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
UNREVIEWED = "none"
MOST_STEPS, MOST_TIMES = 20, 100  # steps of a change, and repetitions


class FromText(Strict):
    """A word list from held-out text: names (capitalized inside a clause), or the most common other words."""

    source: Literal["text"] = Field(alias="from", description="Words of the held-out text.")
    words: Literal["capitalised", "common"] = Field("capitalised", description=(
        "`capitalised` inside a clause, which are mostly names, or the most `common` others."))
    min_count: int = Field(3, ge=1, examples=[10], description="Least occurrences of a word.")
    most: int | None = Field(None, ge=1, description="Most words, the most frequent first. Not set: all.",
                             examples=[200])
    exclude: list[str] = Field(default_factory=list, description="Words to exclude.",
                               examples=[["Mulungu", "Munthu"]])


class Pairs(Strict):
    """A list of pairs of words and replacements, for code_switch and negation."""

    pairs: dict[str, str] = Field(description="Words and their replacements.",
                                  examples=[{"mfumu": "king", "madzi": "water"}])


def _form(value: Any) -> str:
    if isinstance(value, Pairs) or (isinstance(value, dict) and "pairs" in value):
        return "a list of pairs"
    return "words of the text" if isinstance(value, FromText | dict) else "a list of words"


Lexicon = Annotated[Annotated[list[str], Tag("a list of words")] | Annotated[Pairs, Tag("a list of pairs")]
                    | Annotated[FromText, Tag("words of the text")], Discriminator(_form)]


class Review(Strict):
    """The speaker who reviewed a test, and when."""

    by: str = Field(min_length=1, description="Name of the speaker.", examples=["Chikondi Phiri"])
    on: date = Field(description="Day of the review, YYYY-MM-DD.", examples=["2026-01-31"])
    of: str = Field("", description=(
        "Digest of the reviewed content, written by `vernacular review`. Without it, or after a change of the "
        "test, the test counts as unreviewed."), examples=["vba95a17f52ca"])

    def matches(self, digest: str) -> bool:
        """Whether it is a review of the content with this ``digest``."""
        return self.of.removeprefix("v") == digest.removeprefix("v")  # old digests have no v


def review(value: Any) -> Any:
    """Convert ``none`` to None; reject a bare name, since a review needs a date."""
    if isinstance(value, str):
        if value != UNREVIEWED:
            raise ValueError(f"write `reviewed: {{by: {value[:60]}, on: YYYY-MM-DD}}`, or `reviewed: none`")
        return None
    return value


class Expectation(Strict):
    """The expected label or change.

    ``minimum``: this label is given. ``directional``: its probability rises (or falls); by default
    the label of the unchanged line. A change in the wrong direction beyond the tolerance fails, and
    so does one smaller than the margin.
    """

    label: str | None = Field(None, description=(
        "The expected label, or the one whose probability must change. Not set: the label of the unchanged line."),
        examples=["NAME"])
    probability: Literal["rises", "falls"] | None = Field(None, description=(
        "The direction of the label's probability (type `directional`)."), examples=["falls"])
    margin: Share = Field(0.0, examples=[0.1], description="Least change of the probability.")


class SentencePair(Strict):
    """Two sentences of which the first must be likelier; slots are filled equally in both."""

    good: str = Field(description="The right sentence; {slots} are filled from `lexicons`.",
                      examples=["dzina langa ndi {names}"])
    bad: str = Field(description="The wrong sentence, with the same slots.", examples=["dzina changa ndi {names}"])

    @model_validator(mode="after")
    def _differ(self) -> SentencePair:
        if self.good == self.bad:
            raise ValueError("good and bad are the same sentence")
        if set(SLOT.findall(self.good)) != set(SLOT.findall(self.bad)):
            raise ValueError("good and bad must have the same slots, which are filled equally")
        return self


def percent(share: float) -> str:
    """Format a threshold with its digits: 0.005 is 0.5%, not 0%."""
    return f"{100 * share:.4g}%"


class BehaviourTest(Strict):
    """A behavioral test: inputs, expectation, and tolerated failures."""

    name: Name = Field(description="Unique name of the test; also the name of its check.",
                       examples=["trailing_space"])
    capability: str = Field(description="What is tested, in a word or two.", examples=["robustness"])
    description: str = Field("", description="One line for the model card.", examples=["spaces after the line"])
    notes: str = Field("", description="Notes for reviewers: the origin of words and rules.",
                       examples=["forms in a- are left out"])
    type: Literal["invariance", "directional", "minimum", "likelihood"] = Field(description=(
        "The expectation: the answer does not change, a probability changes in one direction, a label is given, "
        "or the good sentence is likelier (docs/reference/behavioral-tests.md)."))
    task: Name | None = Field(None, description=(
        "The task of language.yaml to test. An invariance test without one uses the first task that labels lines "
        "or words. None for type `likelihood`."), examples=["names"])
    author: str = Field(description="Who wrote the test.", examples=["Chikondi Phiri"])
    reviewed: Annotated[Review | None, BeforeValidator(review)] = Field(None, description=(
        "The reviewer and date, or `none`; written by `vernacular review`."))
    change: list[AnyOperator] = Field(default_factory=list, max_length=MOST_STEPS, description=(
        "Changes of held-out lines on one side, in this order. Give this, `templates`, `pairs` or `from`."))
    before: list[AnyOperator] = Field(default_factory=list, max_length=MOST_STEPS, description=(
        "Changes of the line on both sides, before the comparison."))
    growing: list[int] = Field(default_factory=list, description=(
        "Increasing numbers of repetitions of the change; every step must "
        "go in the same direction."), examples=[[1, 3, 9]])
    templates: list[str] = Field(default_factory=list, description="Sentences with {slots} filled from `lexicons`.",
                                 examples=[["{animals} ali {places}"]])
    pairs: list[SentencePair] = Field(default_factory=list, description="Right and wrong sentences (`likelihood`).")
    source: Literal["marks"] | None = Field(None, alias="from", description=(
        "`marks`: answers that speakers marked right or wrong on the page of `vernacular try`."), examples=["marks"])
    compare: Literal["all", "changed"] = Field("all", description=(
        "Compare every word or only changed ones (tasks that label words)."))
    expect: Expectation | None = Field(None, description="The expected label.")
    tolerance: Share = Field(0.0, examples=[0.05],
                             description="Tolerated change of a probability in the wrong direction.")
    threshold: Share = Field(0.0, examples=[0.1], description=(
        "The test fails if more than this share of its cases fail. Raise it if some cases are doubtful."))
    severity: Literal["warn", "error"] = Field("warn",
                                               description="`error` blocks the release while the test fails.")
    cases: int | None = Field(None, ge=1, description=(
        "Most cases. Not set: `behaviour.cases` of language.yaml."), examples=[100])
    most_words: int | None = Field(None, ge=1, description=(
        "Skip held-out lines with more words. Not set: no limit."), examples=[20])

    @field_validator("growing")
    @classmethod
    def _grows(cls, growing: list[int]) -> list[int]:
        if growing and (len(growing) < 2 or growing[0] < 1 or any(low >= high for low, high in pairwise(growing))):
            raise ValueError("growing needs at least two increasing numbers, such as [1, 2, 4]")
        if growing and growing[-1] > MOST_TIMES:
            raise ValueError(f"growing allows at most {MOST_TIMES}")
        return growing

    @model_validator(mode="after")
    def _has_one_source(self) -> BehaviourTest:
        if sum(map(bool, (self.change, self.templates, self.pairs, self.source))) != 1:
            raise ValueError("give one of change (of held-out lines), templates, pairs or from: marks")
        if self.before and not self.change:
            raise ValueError("before applies to held-out lines; write the sentences in their final form")
        if self.type == "likelihood" and self.task is not None:
            raise ValueError("a likelihood test uses the language model itself; remove task")
        if self.type not in ("likelihood", "invariance") and self.task is None:
            raise ValueError("the key 'task' is missing: name the task of language.yaml to test")
        if self.pairs and self.type != "likelihood":
            raise ValueError("pairs are for type: likelihood")
        return self

    @model_validator(mode="after")
    def _slots_are_whole(self) -> BehaviourTest:
        for sentence in (*self.templates, *(text for pair in self.pairs for text in (pair.good, pair.bad))):
            if set("{}") & set(SLOT.sub("", sentence)):
                raise ValueError(f"the braces in '{sentence[:80]}' are not a slot; write {{animals}}: the name of "
                                 "a list in small letters, digits and _")
        return self

    @model_validator(mode="after")
    def _fits_its_type(self) -> BehaviourTest:
        expect = self.expect
        if self.type == "invariance" and (not self.change or expect):
            raise ValueError("an invariance test has no expected label; use type: minimum or directional" if expect
                             else "an invariance test needs change")
        if self.type == "directional" and not (self.change and expect and expect.probability):
            raise ValueError("a directional test needs change, and expect with probability (rises or falls)")
        if self.type == "minimum" and self.source and expect:
            raise ValueError("marks contain the expectation; remove expect")
        if self.type == "minimum" and not self.source and (not expect or not expect.label or expect.probability):
            raise ValueError("a minimum test needs expect with a label, and without probability")
        if self.type == "likelihood" and (self.templates or expect):
            raise ValueError("a likelihood test needs change or pairs, and no expect: the good sentence must be "
                             "likelier")
        if self.source and self.type != "minimum":
            raise ValueError("from: marks needs type: minimum")
        return self

    @model_validator(mode="after")
    def _fits_its_changes(self) -> BehaviourTest:
        if self.growing and (self.type not in ("directional", "likelihood") or not self.change):
            raise ValueError("growing needs a directional or likelihood test with change")
        if self.compare == "changed" and not self.keeps_words:
            raise ValueError("compare: changed needs changes that preserve the number of words")
        if self.expect and self.expect.margin and (self.type != "directional" or self.tolerance):
            raise ValueError("margin needs a directional test without tolerance")
        if self.type == "invariance" and self.threshold and all(step.invisible() for step in self.change):
            raise ValueError("this change is invisible, so no case may fail: set threshold: 0")
        return self

    @property
    def keeps_words(self) -> bool:
        """Whether words before and after the change correspond one to one; see ``Operator``."""
        return all(step.keeps_words for step in self.change)

    def lexicons_used(self) -> set[str]:
        """Return the names of its word lists, without lists of pairs."""
        return {name for step in (*self.before, *self.change) for name in step.lists()} | set(self.slots())

    def pairs_used(self) -> set[str]:
        """Return the names of its lists of pairs."""
        return {name for step in (*self.before, *self.change) for name in step.pair_lists()}

    def slots(self, template: str | None = None) -> list[str]:
        """Return the word lists in slots of ``template``, or of any sentence of the test, in order."""
        sentences: Sequence[str] = [template] if template is not None else [
            *self.templates, *(sentence for pair in self.pairs for sentence in (pair.good, pair.bad))]
        return [slot for sentence in sentences for slot in SLOT.findall(sentence)]


class Suite(Strict):
    """The tests and word lists of one file, or of a folder."""

    keyboard: list[str] = Field(default_factory=list, description=(
        "Rows of keys from top to bottom, for typing errors. Empty: QWERTY."),
        examples=[["azertyuiop", "qsdfghjklm", "wxcvbn"]])
    lexicons: dict[Name, Lexicon] = Field(default_factory=dict, description=(
        "Word lists by name, for the slots of sentences and for operators: a list, `pairs`, or `from: text`."),
        examples=[{"animals": ["galu", "mbuzi"]}])
    tests: list[BehaviourTest] = Field(default_factory=list, description="The tests.")

    def of_tasks(self, tasks: Collection[str]) -> Suite:
        """Return the suite without tests of other tasks."""
        return self.model_copy(update={"tests": [test for test in self.tests
                                                 if test.task is None or test.task in tasks]})

    def digest(self, test: BehaviourTest) -> str:
        """Return a digest of the reviewed content of ``test``: sentences, changes, word lists and keyboard.

        It begins with a letter, since a spreadsheet would read ``9879859343e9`` as a number.
        """
        what = test.model_dump(mode="json", by_alias=True, exclude={
            "author", "reviewed", "threshold", "severity", "cases", "notes", "description", "capability"},
            exclude_defaults=True)
        return self.digest_with(what, [*test.before, *test.change], test.slots())

    def digest_with(self, what: Any, steps: Sequence[Operator], slots: Sequence[str] = ()) -> str:
        """Return a digest of ``what`` with the word lists and keyboard used by ``steps`` and ``slots``."""
        used = set(slots).union(*(step.lists() | step.pair_lists() for step in steps))
        lists = {name: self.lexicons[name] for name in sorted(used)}
        keys = [self.keyboard] if any(isinstance(step, Typo) for step in steps) else []
        content = orjson.dumps([what, *keys, {
            name: entries if isinstance(entries, list) else entries.model_dump(by_alias=True)
            for name, entries in lists.items()}], option=orjson.OPT_SORT_KEYS)
        return f"v{hashlib.sha256(content).hexdigest()[:12]}"

    def outdated(self, test: BehaviourTest) -> bool:
        """Whether ``test`` changed since its review."""
        return test.reviewed is not None and test.reviewed.of != "" and not test.reviewed.matches(self.digest(test))

    def of_nothing(self, test: BehaviourTest) -> bool:
        """Whether its review has no digest, and so would survive any change; marks name their authors."""
        return test.reviewed is not None and test.reviewed.of == "" and not test.source

    def review_of(self, test: BehaviourTest) -> str:
        """Return the reviewer and date of the current ``test``, or ``none``."""
        if test.reviewed is None or self.outdated(test) or self.of_nothing(test):
            return UNREVIEWED
        return f"{test.reviewed.by}, {test.reviewed.on}"
