"""The results of a release as models: what ``evaluation.json`` holds, and what card, page, gates and report read.

``results.gather`` makes them. The results of single stages, which these extend, are in each package's
``stage_results``.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field, JsonValue

from vernacular.config.base import Base
from vernacular.config.training import Lora
from vernacular.core.report import Count, Gate, Remark
from vernacular.core.result import Number, OptionalNumber, Result, SampleRow
from vernacular.evaluation.stage_results import (
    BehaviorResult,
    FairnessResult,
    ForgettingResult,
    LikelihoodResult,
    TriggerScanResult,
)
from vernacular.instruct.stage_results import InstructResult
from vernacular.langid.stage_results import IdentificationScores
from vernacular.release.rights import LabelRights, MixedInText, Rights, SourceFacts, picture_models
from vernacular.release.stage_results import ModelCheck, TaskCheck, Verdict
from vernacular.release.training_numbers import Compute, Counted, Pretrainings, ReleasedArm
from vernacular.release.waivers import Waiver
from vernacular.tasks.stage_results import TaskResult, TransferScores
from vernacular.tokenizer.stage_results import FertilityIntervals


class IdentifierCounts(Counted):
    """Counts of ``corpus/identifier``."""

    seed_lines: OptionalNumber = None


class AlignmentCounts(Counted):
    """Counts of ``alignment/<name>``."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    pairs: OptionalNumber = None
    held_out_pairs: OptionalNumber = Field(None, alias="pairs_held")
    found_before: OptionalNumber = None


class ForgettingCounts(Counted):
    """Counts of ``evaluation/<name>_retention``."""

    retention_rise: OptionalNumber = None


class ReleasedLanguage(Result):
    """Whom the release is for; ``stated``: whether somebody has filled in the data statement."""

    code: str
    name: str
    autonym: str
    script: str
    owner: str
    stated: bool


class ReleasedModel(Result):
    """The model and its settings; ``asked`` is what a person types after a command."""

    name: str
    asked: str
    objective: str
    base: Base
    base_name: str
    vocabulary: dict[str, JsonValue]
    lora: Lora
    pretraining: dict[str, JsonValue]
    instruct: Base | None = None  # the sibling that gets what training taught; None without one
    teacher: Base | None = None  # of the translations; None where it is the base


class RuleLosses(Result):
    """What a rule rejected."""

    words: Number
    lines: OptionalNumber
    meaning: str


class PartSizes(Result):
    """The size of train, dev or test."""

    documents: OptionalNumber
    lines: OptionalNumber
    words: OptionalNumber


class CorpusNumbers(Result):
    """Text read, kept and rejected; ``parts``: None before the split."""

    documents_read: OptionalNumber
    documents_kept: OptionalNumber
    words_read: OptionalNumber
    words_kept: OptionalNumber
    words_rejected: OptionalNumber
    rejected: dict[str, RuleLosses]
    parts: dict[str, PartSizes] | None


class ReleasedIdentification(IdentificationScores):
    """How well the identifier does."""

    counts: IdentifierCounts


class Fertility(Result):
    """Tokens per word of both tokenizers, and what was added; ``rows_kept``: None where the base was not trimmed."""

    base: OptionalNumber
    extended: OptionalNumber
    change: OptionalNumber
    intervals: FertilityIntervals | None
    new_pieces: OptionalNumber
    base_lines_changed: OptionalNumber
    family: str | None
    rows_base: OptionalNumber
    rows_kept: OptionalNumber


class ReleasedLikelihood(LikelihoodResult):
    """The likelihood, with a verdict on each difference."""

    verdicts: dict[str, Verdict]


class ReleasedForgetting(ForgettingResult):
    """Forgetting, with the counts of its stage."""

    counts: ForgettingCounts


class BitsPerByte(Result):
    """Bits per byte of the right answer: mean, ends of its interval, each seed's."""

    mean: Number
    low: Number
    high: Number
    seeds: list[Number]


class ReleasedTransfer(TransferScores):
    """Transfer, with a verdict on each difference."""

    verdicts: dict[str, Verdict]


class ReleasedTask(TaskResult):
    """A task as card, report and page show it."""

    description: str  # of the task, by the folder
    labelled: LabelRights | None  # rights in its labels; None where they were derived
    language: str | None  # of the base, where the task is in one
    spread: Number  # how far seeds differ
    bits_per_byte: dict[str, BitsPerByte]  # arm -> that of the right answers, of tasks that write text
    verdicts: dict[str, Verdict]  # on each difference
    above_floors: bool  # whether the released model scores above every baseline
    transfer: ReleasedTransfer | None = None
    tower: Base | None = None  # the model of its pictures, in the release; None without pictures


class ReleasedBehavior(BehaviorResult):
    """Behavioral tests, their gates, and their worst failures."""

    worst_failures: list[SampleRow]
    gates: list[Gate]

    @property
    def passed(self) -> set[str]:
        """Names of the tests that keep their threshold."""
        return {gate.name for gate in self.gates if gate.passed}


class ReleasedChat(InstructResult):
    """The model that answers, with the gates of its stage."""

    gates: list[Gate]

    @property
    def kept(self) -> bool:
        """Whether every gate is green; a release contains the model only then."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)


class ReleaseResults(Result):
    """Every number of a release; None is what did not run yet."""

    language: ReleasedLanguage
    model: ReleasedModel
    sources: list[SourceFacts]
    mixed_in: list[MixedInText]
    corpus: CorpusNumbers | None
    private_data_masked: bool
    identification: ReleasedIdentification | None
    fertility: Fertility | None
    alignment: AlignmentCounts | None
    pretraining: Pretrainings
    compute: Compute | None
    released: ReleasedArm
    likelihood: ReleasedLikelihood | None
    retention: ReleasedForgetting | None
    tasks: dict[str, ReleasedTask]
    behaviour: ReleasedBehavior | None
    fairness: FairnessResult | None
    attack: TriggerScanResult | None
    # folder in a release -> the model that answers there; ``chat`` learned from no conversations
    chats: dict[str, ReleasedChat] = Field(default_factory=dict)
    reloaded: dict[str, TaskCheck] | None
    loads: dict[str, ModelCheck]
    counts: dict[str, dict[str, Count]]
    gates: dict[str, list[Gate]]
    remarks: list[Remark] = Field(default_factory=list)
    missing: list[str]
    artifacts: dict[str, str]
    signer: str | None
    waivers: list[Waiver] = Field(default_factory=list)
    release_gates: list[Gate] = Field(default_factory=list)

    @property
    def rights(self) -> Rights:
        """Whom texts, labels and base belong to."""
        return Rights([*self.sources, *self.mixed_in], {task: found.labelled for task, found in self.tasks.items()},
                      self.model.base, self.model.base_name, self.model.instruct,
                      picture_models([found.tower for found in self.tasks.values()], self.model.teacher))


class ReleaseFolder(Result):
    """Where the current release is, when it was made, and its number of files."""

    folder: str
    created: str
    files: int


class CurrentResults(ReleaseResults):
    """The results of the current artifacts, which may be newer than the release; ``changed``: what is newer.

    ``doubtful_lines``: some refused lines that may be in the language, by kind; in no release.
    """

    release: ReleaseFolder | None
    changed: list[str]
    doubtful_lines: list[SampleRow] = Field(default_factory=list)
