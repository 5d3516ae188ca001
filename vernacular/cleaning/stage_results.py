"""What the stage ``corpus/clean`` found out: words kept by source, the mix, changed sources, losses."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Number, Result

REFUSED = "refused lines that may be in the language"  # title of their samples in the report


class MixShare(Result):
    """A share of the words kept, and the most that it should be."""

    share: Number
    cap: Number


class DriftReport(Result):
    """Sources that changed: why, and measures of their baseline and of their new documents."""

    reasons: dict[str, list[str]]
    profiles: dict[str, dict[str, Number]]


class Loss(Result):
    """What one family of rules took from one source."""

    source: str  # name in language.yaml
    rule: str  # name of the family
    words: int  # that it took
    read: int  # words of the source
    where: str  # the tasks and files that the taken text is in, with commas between; for contamination alone

    @property
    def share(self) -> float:
        """Of the words of the source."""
        return self.words / self.read if self.read else 0.0

    @property
    def key(self) -> tuple[str, str]:
        """What a person accepts it by."""
        return self.source, self.rule


class RefusedKind(Result):
    """Lines of one kind that identification refused although something speaks for the language."""

    kind: str  # of ``refused_lines.KINDS``
    meaning: str  # in words
    lines: int


class CleanResult(Result):
    """The result of ``corpus/clean``."""

    notes: dict[str, str]  # rule that was skipped -> why
    words_by_source: dict[str, int]  # ``source (register)`` -> words kept
    confidence_by_source: dict[str, Number]  # source -> mean probability of the identifier
    mix: dict[str, MixShare]  # part -> its share and cap
    screening: DriftReport  # sources that changed
    losses: list[Loss] = Field(default_factory=list)  # largest share first
    refused: list[RefusedKind] = Field(default_factory=list)
    # relatives that are recognized by whole documents, since lines do not separate them
    by_document: list[str] = Field(default_factory=list)
