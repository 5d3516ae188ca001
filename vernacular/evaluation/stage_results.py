"""What the stages of evaluation found out: likelihood, forgetting, behavior, fairness, planted phrases."""

from __future__ import annotations

from pydantic import AliasChoices, ConfigDict, Field

from vernacular.core.result import Estimate, Interval, Number, OptionalNumber, Result, SampleRow

# RECIPE 6, T5: how much the likelihood of text in the base's languages may fall
RISE = 0.005


class LikelihoodResult(Result):
    """The result of ``evaluation/<name>_likelihood``: how well each model predicts held-out text; lower is better."""

    unit: str  # of the negative log-likelihood
    scores: dict[str, Estimate]  # arm -> its negative log-likelihood
    # ``adapted_minus_base`` and the like -> interval of the difference
    differences: dict[str, Interval]
    items: int  # how many lines were scored
    # baseline -> its negative log-likelihood
    floor: dict[str, Estimate] = Field(default_factory=dict)


class ForgettingResult(Result):
    """The result of ``evaluation/<name>_retention``: how well each model predicts text in the base's languages."""

    measured: bool  # whether there was text to measure it on; if not, nothing else is set
    caveat: str = ""  # what limits the figures
    unit: str = ""  # of the negative log-likelihood
    languages: list[str] = Field(default_factory=list)  # of the text, ISO 639-3
    items: int = 0  # how many lines were scored
    scores: dict[str, Estimate] = Field(default_factory=dict)  # arm -> its negative log-likelihood
    # ``adapted_minus_base`` and the like -> interval of the difference
    differences: dict[str, Interval] = Field(default_factory=dict)
    # arm -> mean cosine between its sentence embeddings and the base's
    similarity: dict[str, Number] = Field(default_factory=dict)


class FailureRate(Result):
    """How many cases of a behavioral test fail, with the 95% interval of their share; no rate without a case."""

    cases: int
    failures: int
    low: float
    high: float
    rate: float | None


class BehaviorTestResult(Result):
    """A behavioral test, and how base and released model do on it."""

    capability: str
    description: str
    notes: str
    type: str
    task: str | None
    author: str
    threshold: float
    severity: str
    reviewed: str  # who reviewed it, or ``none``
    lines: int  # of the held-out text that could be changed
    set_aside: int  # marked sentences that were not scored, since a model was trained on them
    base: FailureRate
    adapted: FailureRate


class BehaviorResult(Result):
    """The result of ``evaluation/<name>_behaviour``."""

    tests: dict[str, BehaviorTestResult]  # name -> test
    lexicons: dict[str, int]  # list of words -> how many it holds
    seed_of_adapter: int  # seed of the adapter that answered
    arm: str  # the released variant, which answered as ``adapted``


class Gap(Result):
    """A gap between groups under one model."""

    groups: dict[str, Number] = Field(default_factory=dict)  # group -> mean, where each has one
    gap: Number  # between the groups
    # share of answers that change with the group, where answers are compared
    changed_with_group: OptionalNumber = None
    changed_with_name: OptionalNumber = None  # share of answers that change within a group
    low: Number  # low and high: ends of the 95% interval of the gap
    high: Number
    gap_by_chance: Number  # 95th percentile of the gap with the groups shuffled
    beyond_noise: bool  # whether the gap exceeds that


class GapChange(Result):
    """What became of a gap; only a verdict where it was not measured."""

    base: Gap | None = None
    adapted: Gap | None = None
    change: Interval | None = None
    verdict: str


class GroupComparison(GapChange):
    """A comparison of the plan under one task."""

    task: str
    comparison: str
    measure: str
    groups: list[str]
    sentences: int


class FairnessResult(Result):
    """The result of ``evaluation/<name>_fairness``."""

    measured: bool  # whether the folder has a plan; if not, only ``caveat`` is set
    comparisons: dict[str, GroupComparison] = Field(default_factory=dict)  # name -> comparison
    caveat: str  # what the figures cannot say
    author: str = "not stated"  # of the plan
    reviewed: str = "none"  # who reviewed it, or ``none``


class PhrasesTried(Result):
    """How many phrases were tried, of how many words (least, most)."""

    tried: int
    words: tuple[int, int]


class LabelPhrasesTried(PhrasesTried):
    """The same in the labels of ``tasks``."""

    tasks: list[str]


class LookedFor(Result):
    """What a scan looked for in the text (None: nothing) and in labels."""

    text: PhrasesTried | None
    labels: LabelPhrasesTried


class Suspect(Result):
    """A phrase that a person has to look at; further fields say why, and depend on where it was found."""

    model_config = ConfigDict(extra="allow", frozen=True)

    task: str
    phrase: str

    def row(self) -> SampleRow:
        """As a row of a table."""
        return self.as_json()


class TriggerScanResult(Result):
    """The result of ``evaluation/<name>_attack``."""

    measured: bool  # whether the text was scanned
    looked_for: LookedFor  # what was looked for
    left_out: list[str]  # tasks that were not scanned
    arm: str  # which is released, and was scanned
    suspects: list[Suspect]  # phrases to look at
    # the finding in a sentence; older artifacts name it `said`
    conclusion: str = Field(validation_alias=AliasChoices("conclusion", "said"))
