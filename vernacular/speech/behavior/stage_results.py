"""The result of ``speech/behaviour_<model>``."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Estimate, Interval, Number, OptionalNumber, Result


class SoundTest(Result):
    """A test of behavior: how many cases fail, with a 95% interval (Wilson)."""

    description: str
    fails_if: str  # when a case fails
    cases: int
    failures: int
    rate: OptionalNumber  # none without cases
    low: Number
    high: Number
    threshold: Number  # highest rate that passes
    # character error rate with the change minus that without, in points; for tests that change speech
    change: Interval | None = None
    error_rate: OptionalNumber = None  # character error rate with the change, in percent

    @property
    def passed(self) -> bool:
        """Whether no more cases fail than it allows; without cases nothing could be tested."""
        return self.rate is None or self.rate <= self.threshold


class GroupErrors(Result):
    """A group of speakers, as they describe themselves."""

    group: str
    speakers: int
    utterances: int
    cer: Estimate  # character error rate in percent, over utterances


class SpeakerGap(Result):
    """The largest difference between groups of speakers."""

    attribute: str  # gender, age or village
    groups: list[GroupErrors]  # fewest errors first
    gap: Interval  # character error rate of the last minus that of the first, in points
    note: str  # how far it may be trusted


class SpeechBehaviorResult(Result):
    """What a model writes for changed sound, for no speech, and for groups of speakers."""

    tests: dict[str, SoundTest]
    gaps: list[SpeakerGap] = Field(default_factory=list)
    no_gaps: dict[str, str] = Field(default_factory=dict)  # attribute -> why groups cannot be compared
    utterances: int  # that were changed
