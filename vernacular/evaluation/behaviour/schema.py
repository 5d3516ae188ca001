"""What ``behaviour/*.yaml`` may say: tests and word lists, typed, with the rules across keys.

The three types of test are those of CheckList (Ribeiro et al. 2020, https://arxiv.org/abs/2005.04118). Nothing here
reads a file; ``load.py`` does. The changes a test can make are in ``operators.py``.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from vernacular.config.strict import Name, Share, Strict
from vernacular.evaluation.behaviour.operators import AnyOperator, SwapWords

_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class FromText(Strict):
    """A word list found in the held-out text: the words that stand capitalised inside a clause."""

    source: Literal["text"] = Field(alias="from")
    min_count: int = Field(3, ge=1, description="least number of times the word is found capitalised inside a clause")
    exclude: list[str] = Field(default_factory=list, description="capitalised words that are none of this list")


class Expectation(Strict):
    """What must hold of a label.

    ``minimum``: this label is given. ``directional``: its probability rises (or falls) or stays; a move the other way
    by more than the test's tolerance is a failure.
    """

    label: str
    probability: Literal["rises", "falls"] | None = None


class BehaviourTest(Strict):
    """One behavioural test: what is changed or written, what must then hold, and how often it may fail."""

    name: Name = Field(description="unique in the folder; the name of the check")
    capability: str = Field(description="what is tested, in a word or two: robustness, named entities, orthography")
    description: str = Field("", description="one line for the card")
    type: Literal["invariance", "directional", "minimum"]
    task: Name = Field(description="a task of language.yaml")
    author: str = Field(description="who wrote the test")
    reviewed: str = Field("none", description="the speaker who reviewed it, or 'none'")
    before: list[AnyOperator] = Field(default_factory=list, description="applied to the line on both sides")
    change: list[AnyOperator] = Field(default_factory=list, description="applied to one side, in this order")
    templates: list[str] = Field(default_factory=list, description="sentences with {lexicon} slots")
    compare: Literal["all", "changed"] = Field("all", description="token tasks: every word, or those changed alone")
    expect: Expectation | None = None
    tolerance: Share = Field(0.0, description="a probability may move the wrong way by this much")
    threshold: Share = Field(0.0, description="most failures, as a share of the cases")
    severity: Literal["warn", "error"] = Field("warn", description="'error' stops the release while the test is red")

    @model_validator(mode="after")
    def _fits_its_type(self) -> BehaviourTest:
        if bool(self.change) == bool(self.templates):
            raise ValueError("give either change (what is done to held-out lines) or templates")
        if self.templates and self.before:
            raise ValueError("before works on held-out lines; write the templates as they should be")
        if self.type == "invariance" and not self.change:
            raise ValueError("an invariance test needs change")
        if self.type == "invariance" and self.expect:
            raise ValueError("an invariance test expects no label; use type: minimum or directional")
        if self.type == "directional" and not (self.change and self.expect and self.expect.probability):
            raise ValueError("a directional test needs change, and expect with label and probability")
        if self.type == "minimum" and (self.expect is None or self.expect.probability):
            raise ValueError("a minimum test needs expect with a label, and no probability")
        return self

    def lexicons_used(self) -> set[str]:
        """Names of the word lists that this test draws on."""
        swaps = [step for step in (*self.before, *self.change) if isinstance(step, SwapWords)]
        return ({step.lexicon for step in swaps} | {step.by for step in swaps if step.by}
                | {slot for template in self.templates for slot in _SLOT.findall(template)})

    def slots(self, template: str) -> list[str]:
        """The word lists that ``template`` has a slot for, in order."""
        return _SLOT.findall(template)


class Suite(Strict):
    """The tests and the word lists of one file, or of all files of a folder together."""

    lexicons: dict[Name, list[str] | FromText] = Field(default_factory=dict)
    tests: list[BehaviourTest] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Suite:
        names = [test.name for test in self.tests]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two tests are called {twice[0]}; rename one")
        return self
