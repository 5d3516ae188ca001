"""What the stages of evaluation found out: likelihood, forgetting, behavior, fairness, planted phrases."""

from __future__ import annotations

from pydantic import AliasChoices, ConfigDict, Field

from vernacular.core.result import Estimate, Interval, Number, OptionalNumber, Result, SampleRow


class LikelihoodResult(Result):
    """The result of ``evaluation/<name>_likelihood``: how well each model predicts held-out text; lower is better.

    Attributes:
        unit: of the negative log-likelihood.
        scores: arm -> its negative log-likelihood.
        differences: ``adapted_minus_base`` and the like -> interval of the difference.
        items: how many lines were scored.
        floor: baseline -> its negative log-likelihood.
    """

    unit: str
    scores: dict[str, Estimate]
    differences: dict[str, Interval]
    items: int
    floor: dict[str, Estimate] = Field(default_factory=dict)


class ForgettingResult(Result):
    """The result of ``evaluation/<name>_retention``: how well each model predicts text in the base's languages.

    Attributes:
        measured: whether there was text to measure it on; if not, nothing else is set.
        caveat: what limits the figures.
        unit: of the negative log-likelihood.
        languages: of the text, ISO 639-3.
        items: how many lines were scored.
        scores: arm -> its negative log-likelihood.
        differences: ``adapted_minus_base`` and the like -> interval of the difference.
        similarity: arm -> mean cosine between its sentence embeddings and the base's.
    """

    measured: bool
    caveat: str = ""
    unit: str = ""
    languages: list[str] = Field(default_factory=list)
    items: int = 0
    scores: dict[str, Estimate] = Field(default_factory=dict)
    differences: dict[str, Interval] = Field(default_factory=dict)
    similarity: dict[str, Number] = Field(default_factory=dict)


class FailureRate(Result):
    """How many cases of a behavioral test fail, with the 95% interval of their share; no rate without a case."""

    cases: int
    failures: int
    low: float
    high: float
    rate: float | None


class BehaviorTestResult(Result):
    """A behavioral test, and how base and released model do on it.

    Attributes:
        reviewed: who reviewed it, or ``none``.
        lines: of the held-out text that could be changed.
        set_aside: marked sentences that were not scored, since a model was trained on them.
    """

    capability: str
    description: str
    notes: str
    type: str
    task: str | None
    author: str
    threshold: float
    severity: str
    reviewed: str
    lines: int
    set_aside: int
    base: FailureRate
    adapted: FailureRate


class BehaviorResult(Result):
    """The result of ``evaluation/<name>_behaviour``.

    Attributes:
        tests: name -> test.
        lexicons: list of words -> how many it holds.
        seed_of_adapter: seed of the adapter that answered.
        arm: the released variant, which answered as ``adapted``.
    """

    tests: dict[str, BehaviorTestResult]
    lexicons: dict[str, int]
    seed_of_adapter: int
    arm: str


class Gap(Result):
    """A gap between groups under one model.

    Attributes:
        groups: group -> mean, where each has one.
        gap: between the groups.
        changed_with_group: share of answers that change with the group, where answers are compared.
        changed_with_name: share of answers that change within a group.
        low, high: ends of the 95% interval of the gap.
        gap_by_chance: 95th percentile of the gap with the groups shuffled.
        beyond_noise: whether the gap exceeds that.
    """

    groups: dict[str, Number] = Field(default_factory=dict)
    gap: Number
    changed_with_group: OptionalNumber = None
    changed_with_name: OptionalNumber = None
    low: Number
    high: Number
    gap_by_chance: Number
    beyond_noise: bool


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
    """The result of ``evaluation/<name>_fairness``.

    Attributes:
        measured: whether the folder has a plan; if not, only ``caveat`` is set.
        caveat: what the figures cannot say.
        comparisons: name -> comparison.
        author: of the plan.
        reviewed: who reviewed it, or ``none``.
    """

    measured: bool
    comparisons: dict[str, GroupComparison] = Field(default_factory=dict)
    caveat: str
    author: str = "not stated"
    reviewed: str = "none"


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
    """The result of ``evaluation/<name>_attack``.

    Attributes:
        measured: whether the text was scanned.
        looked_for: what was looked for.
        left_out: tasks that were not scanned.
        arm: which is released, and was scanned.
        suspects: phrases to look at.
        conclusion: the finding in a sentence; older artifacts name it `said`.
    """

    measured: bool
    looked_for: LookedFor
    left_out: list[str]
    arm: str
    suspects: list[Suspect]
    conclusion: str = Field(validation_alias=AliasChoices("conclusion", "said"))
