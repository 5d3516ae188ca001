"""What ``behaviour/*.yaml`` may say: tests and word lists, typed, with the rules across keys.

The first three types of test are those of CheckList (Ribeiro et al. 2020, https://arxiv.org/abs/2005.04118); the fourth
compares two sentences under the language model itself, as BLiMP does (Warstadt et al. 2020). Nothing here reads a file;
``load.py`` does. The changes a test can make are in ``operators``.
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
MOST_STEPS, MOST_TIMES = 20, 100  # of a change, and how often it is made


class FromText(Strict):
    """A word list found in the held-out text: names (capitalised inside a clause), or the commonest other words."""

    source: Literal["text"] = Field(alias="from", description="The words are those of the held-out text.")
    words: Literal["capitalised", "common"] = Field("capitalised", description=(
        "`capitalised` inside a clause, which are mostly names, or the most `common` of the others."))
    min_count: int = Field(3, ge=1, examples=[10], description="A word must occur so often.")
    most: int | None = Field(None, ge=1, description="Most words, the most frequent first. Not set: all.",
                             examples=[200])
    exclude: list[str] = Field(default_factory=list, description="Words that do not belong to the list.",
                               examples=[["Mulungu", "Munthu"]])


class Pairs(Strict):
    """A list of pairs: a word and what is put in its place; for code_switch and negation."""

    pairs: dict[str, str] = Field(description="Words, and what is put in their place.",
                                  examples=[{"mfumu": "king", "madzi": "water"}])


def _form(value: Any) -> str:
    if isinstance(value, Pairs) or (isinstance(value, dict) and "pairs" in value):
        return "a list of pairs"
    return "words of the text" if isinstance(value, FromText | dict) else "a list of words"


Lexicon = Annotated[Annotated[list[str], Tag("a list of words")] | Annotated[Pairs, Tag("a list of pairs")]
                    | Annotated[FromText, Tag("words of the text")], Discriminator(_form)]


class Review(Strict):
    """Who reviewed a test, a speaker of the language, and when."""

    by: str = Field(min_length=1, description="Name of the speaker.", examples=["Chikondi Phiri"])
    on: date = Field(description="Day of the review, YYYY-MM-DD.", examples=["2026-01-31"])
    of: str = Field("", description=(
        "Digest of what was reviewed, written by `vernacular review`. Without it, or after a change of the test, the "
        "test counts as unreviewed."), examples=["vba95a17f52ca"])

    def stands(self, digest: str) -> bool:
        """Whether it is a review of what has this ``digest`` now."""
        return self.of.removeprefix("v") == digest.removeprefix("v")  # older ones have no v


def review(value: Any) -> Any:
    """``none`` as None; a bare name is refused, for a review has a day."""
    if isinstance(value, str):
        if value != UNREVIEWED:
            raise ValueError(f"write `reviewed: {{by: {value[:60]}, on: YYYY-MM-DD}}`, or `reviewed: none`")
        return None
    return value


class Expectation(Strict):
    """What must hold of a label.

    ``minimum``: this label is given. ``directional``: its probability rises (or falls); the label that the unchanged
    line was given, if none is named. A move the other way by more than the test's tolerance is a failure, and so is one
    that is smaller than the margin.
    """

    label: str | None = Field(None, description=(
        "The label that must be given, or whose probability must move. Not set: the one of the unchanged line."),
        examples=["NAME"])
    probability: Literal["rises", "falls"] | None = Field(None, description=(
        "Which way the label's probability must move (type `directional`)."), examples=["falls"])
    margin: Share = Field(0.0, examples=[0.1], description="Least move of the probability.")


class SentencePair(Strict):
    """Two sentences of which a model must find the first likelier; slots are filled alike in both."""

    good: str = Field(description="The right sentence; {slots} are filled from `lexicons`.",
                      examples=["dzina langa ndi {names}"])
    bad: str = Field(description="The wrong sentence, with the same slots.", examples=["dzina changa ndi {names}"])

    @model_validator(mode="after")
    def _differ(self) -> SentencePair:
        if self.good == self.bad:
            raise ValueError("good and bad are the same sentence")
        if set(SLOT.findall(self.good)) != set(SLOT.findall(self.bad)):
            raise ValueError("good and bad must have the same slots, for they are filled alike")
        return self


def percent(share: float) -> str:
    """A threshold for reading, with the digits that it was written with: 0.005 is 0.5%, not 0%."""
    return f"{100 * share:.4g}%"


class BehaviourTest(Strict):
    """One behavioural test: what is changed or written, what must then hold, and how often it may fail."""

    name: Name = Field(description="Name of the test, used once in the folder; its check is called so.",
                       examples=["trailing_space"])
    capability: str = Field(description="What is tested, in a word or two.", examples=["robustness"])
    description: str = Field("", description="One line for the model card.", examples=["spaces after the line"])
    notes: str = Field("", description="What a reviewer should know: where words and rules come from.",
                       examples=["forms in a- are left out"])
    type: Literal["invariance", "directional", "minimum", "likelihood"] = Field(description=(
        "What must hold: the answer stays the same, a probability moves one way, a label is given, or the good "
        "sentence is likelier (docs/behaviour.md)."))
    task: Name | None = Field(None, description=(
        "The task of language.yaml that answers. An invariance test without one asks the first task that labels lines "
        "or words. Type `likelihood` has none."), examples=["names"])
    author: str = Field(description="Who wrote the test.", examples=["Chikondi Phiri"])
    reviewed: Annotated[Review | None, BeforeValidator(review)] = Field(None, description=(
        "Who reviewed it and when, or `none`; `vernacular review` writes it."))
    change: list[AnyOperator] = Field(default_factory=list, max_length=MOST_STEPS, description=(
        "Changes of held-out lines on one side, in this order. Give this, `templates`, `pairs` or `from`."))
    before: list[AnyOperator] = Field(default_factory=list, max_length=MOST_STEPS, description=(
        "Changes of the line on both sides, before it is compared."))
    growing: list[int] = Field(default_factory=list, description=(
        "How often the change is made, rising; every step must go the same way."), examples=[[1, 3, 9]])
    templates: list[str] = Field(default_factory=list, description="Sentences with {slots} that `lexicons` fill.",
                                 examples=[["{animals} ali {places}"]])
    pairs: list[SentencePair] = Field(default_factory=list, description="Right and wrong sentences (`likelihood`).")
    source: Literal["marks"] | None = Field(None, alias="from", description=(
        "`marks`: what speakers marked right or wrong on the page of `vernacular try`."), examples=["marks"])
    compare: Literal["all", "changed"] = Field("all", description=(
        "Compare every word or only those that were changed (tasks that label words)."))
    expect: Expectation | None = Field(None, description="What must hold of a label.")
    tolerance: Share = Field(0.0, examples=[0.05], description="A probability may move the wrong way by this much.")
    threshold: Share = Field(0.0, examples=[0.1], description=(
        "The test is red if more than this share of the cases fails. Raise it where some cases are doubtful."))
    severity: Literal["warn", "error"] = Field("warn", description="`error` stops the release while the test is red.")
    cases: int | None = Field(None, ge=1, description=(
        "Most cases. Not set: `behaviour.cases` of language.yaml."), examples=[100])
    most_words: int | None = Field(None, ge=1, description=(
        "Held-out lines with more words are passed over. Not set: none."), examples=[20])

    @field_validator("growing")
    @classmethod
    def _grows(cls, growing: list[int]) -> list[int]:
        if growing and (len(growing) < 2 or growing[0] < 1 or any(low >= high for low, high in pairwise(growing))):
            raise ValueError("growing needs two rising numbers or more, such as [1, 2, 4]")
        if growing and growing[-1] > MOST_TIMES:
            raise ValueError(f"growing goes up to {MOST_TIMES}")
        return growing

    @model_validator(mode="after")
    def _has_one_source(self) -> BehaviourTest:
        if sum(map(bool, (self.change, self.templates, self.pairs, self.source))) != 1:
            raise ValueError("give either change (what is done to held-out lines), templates, pairs or from: marks")
        if self.before and not self.change:
            raise ValueError("before works on held-out lines; write the sentences as they should be")
        if self.type == "likelihood" and self.task is not None:
            raise ValueError("a likelihood test asks the language model itself; remove task")
        if self.type not in ("likelihood", "invariance") and self.task is None:
            raise ValueError("the key 'task' is missing: name the task of language.yaml that answers")
        if self.pairs and self.type != "likelihood":
            raise ValueError("pairs are for type: likelihood")
        return self

    @model_validator(mode="after")
    def _slots_are_whole(self) -> BehaviourTest:
        for sentence in (*self.templates, *(text for pair in self.pairs for text in (pair.good, pair.bad))):
            if set("{}") & set(SLOT.sub("", sentence)):
                raise ValueError(f"a brace of '{sentence[:80]}' is no slot; write {{animals}}: the name of a list in "
                                 "small letters, digits and _")
        return self

    @model_validator(mode="after")
    def _fits_its_type(self) -> BehaviourTest:
        expect = self.expect
        if self.type == "invariance" and (not self.change or expect):
            raise ValueError("an invariance test expects no label; use type: minimum or directional" if expect
                             else "an invariance test needs change")
        if self.type == "directional" and not (self.change and expect and expect.probability):
            raise ValueError("a directional test needs change, and expect with probability (rises or falls)")
        if self.type == "minimum" and self.source and expect:
            raise ValueError("marks say themselves what is expected; remove expect")
        if self.type == "minimum" and not self.source and (not expect or not expect.label or expect.probability):
            raise ValueError("a minimum test needs expect with a label, and no probability")
        if self.type == "likelihood" and (self.templates or expect):
            raise ValueError("a likelihood test needs change or pairs, and no expect: the good one is likelier")
        if self.source and self.type != "minimum":
            raise ValueError("from: marks is for type: minimum")
        return self

    @model_validator(mode="after")
    def _fits_its_changes(self) -> BehaviourTest:
        if self.growing and (self.type not in ("directional", "likelihood") or not self.change):
            raise ValueError("growing is for directional and likelihood tests with change")
        if self.compare == "changed" and not self.keeps_words:
            raise ValueError("compare: changed needs changes that keep the number of words")
        if self.expect and self.expect.margin and (self.type != "directional" or self.tolerance):
            raise ValueError("margin is for directional tests without tolerance")
        if self.type == "invariance" and self.threshold and all(step.invisible() for step in self.change):
            raise ValueError("no reader can see this change, so none of the cases may fail: set threshold: 0")
        return self

    @property
    def keeps_words(self) -> bool:
        """Whether the words before and after the change correspond one to one, as ``Operator`` says."""
        return all(step.keeps_words for step in self.change)

    def lexicons_used(self) -> set[str]:
        """Names of the word lists that this test draws on; lists of pairs apart."""
        return {name for step in (*self.before, *self.change) for name in step.lists()} | set(self.slots())

    def pairs_used(self) -> set[str]:
        """Names of the lists of pairs that this test draws on."""
        return {name for step in (*self.before, *self.change) for name in step.pair_lists()}

    def slots(self, template: str | None = None) -> list[str]:
        """The word lists that ``template``, or any sentence of the test, has a slot for, in order."""
        sentences: Sequence[str] = [template] if template is not None else [
            *self.templates, *(sentence for pair in self.pairs for sentence in (pair.good, pair.bad))]
        return [slot for sentence in sentences for slot in SLOT.findall(sentence)]


class Suite(Strict):
    """The tests and the word lists of one file, or of all files of a folder together."""

    keyboard: list[str] = Field(default_factory=list, description=(
        "Rows of keys from top to bottom, for slips of the fingers. Empty: QWERTY."),
        examples=[["azertyuiop", "qsdfghjklm", "wxcvbn"]])
    lexicons: dict[Name, Lexicon] = Field(default_factory=dict, description=(
        "Word lists by name, for the slots of sentences and for operators: a list, `pairs`, or `from: text`."),
        examples=[{"animals": ["galu", "mbuzi"]}])
    tests: list[BehaviourTest] = Field(default_factory=list, description="The tests.")

    def of_tasks(self, tasks: Collection[str]) -> Suite:
        """The suite without tests of other tasks, such as those that a model is not scored on."""
        return self.model_copy(update={"tests": [test for test in self.tests
                                                 if test.task is None or test.task in tasks]})

    def digest(self, test: BehaviourTest) -> str:
        """What a reviewer saw of ``test``: its sentences, changes, word lists and keyboard, not its thresholds.

        It begins with a letter: a spreadsheet would make a number of ``9879859343e9``.
        """
        what = test.model_dump(mode="json", by_alias=True, exclude={
            "author", "reviewed", "threshold", "severity", "cases", "notes", "description", "capability"},
            exclude_defaults=True)
        return self.digest_with(what, [*test.before, *test.change], test.slots())

    def digest_with(self, what: Any, steps: Sequence[Operator], slots: Sequence[str] = ()) -> str:
        """A digest of ``what`` and of the word lists and the keyboard that ``steps`` and ``slots`` draw on."""
        used = set(slots).union(*(step.lists() | step.pair_lists() for step in steps))
        lists = {name: self.lexicons[name] for name in sorted(used)}
        keys = [self.keyboard] if any(isinstance(step, Typo) for step in steps) else []
        content = orjson.dumps([what, *keys, {
            name: entries if isinstance(entries, list) else entries.model_dump(by_alias=True)
            for name, entries in lists.items()}], option=orjson.OPT_SORT_KEYS)
        return f"v{hashlib.sha256(content).hexdigest()[:12]}"

    def outdated(self, test: BehaviourTest) -> bool:
        """Whether ``test`` was changed since a speaker reviewed it."""
        return test.reviewed is not None and test.reviewed.of != "" and not test.reviewed.stands(self.digest(test))

    def of_nothing(self, test: BehaviourTest) -> bool:
        """Whether its review does not say of what, and so would outlast any change; marks name their makers."""
        return test.reviewed is not None and test.reviewed.of == "" and not test.source

    def review_of(self, test: BehaviourTest) -> str:
        """Who reviewed ``test`` as it is and when, or ``none``."""
        if test.reviewed is None or self.outdated(test) or self.of_nothing(test):
            return UNREVIEWED
        return f"{test.reviewed.by}, {test.reviewed.on}"
