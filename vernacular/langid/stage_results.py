"""What the stage ``corpus/identifier`` found out: how well the identifier does on lines that it did not see."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from vernacular.core.result import Result


class ShareOfLines(Result):
    """How many lines were accepted, with the 95% interval of their share (Wilson 1927)."""

    accepted: int
    lines: int
    share: float
    low: float
    high: float


class ShareByLength(ShareOfLines):
    """The same of lines with so many words, in words."""

    words: str


class FarRecall(ShareOfLines):
    """Recall on lines that are far from the seed."""

    usual: int  # how many are accepted at the usual limits
    shared: float | int  # the limit in use
    # source -> lines, accepted at the usual limits, accepted at the limits in use
    by_source: dict[str, tuple[int, int, int]]


class MemberVotes(Result):
    """How an external identifier votes on the seed."""

    name: str
    version: str
    label: str  # the language that it says most often, in its own code; empty if it is mostly undecided
    share: float  # of the seed's lines with this label
    knows: bool  # whether the label is the language


class ReliabilityBin(Result):
    """Lines whose predicted probabilities are in one interval."""

    lines: int
    predicted: float  # mean probability
    observed: float  # share that is in the language


class IdentificationScores(Result):
    """Of an identifier on held-out lines.

    Attributes:
        recall: on lines of the seed.
        negatives: accepted lines of invented words.
        contrast: neighboring language -> its accepted lines.
        precision: against these; None where there are none.
        by_length: recall by length of the line.
        far: recall on lines far from the seed, where that was measured.
        reliability: of the probabilities, on held-out lines of the seed and as many negatives or contrast lines.
        members: external identifiers that vote.
    """

    recall: ShareOfLines
    negatives: ShareOfLines = Field(validation_alias=AliasChoices("negatives", "impostors"))  # earlier name
    contrast: dict[str, ShareOfLines]
    precision: ShareOfLines | None = None
    by_length: list[ShareByLength]
    far: FarRecall | None = None
    reliability: list[ReliabilityBin] = Field(default_factory=list)
    members: list[MemberVotes] = Field(default_factory=list)


class IdentifierResult(Result):
    """The result of ``corpus/identifier``; empty where there is no seed."""

    identification: IdentificationScores | None = None  # how well it does
    word_lists: list[str] | None = None  # languages whose word lists it knows
