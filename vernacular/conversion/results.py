"""What is known of an exported folder: its origin, its answers beside the release's, its size and speed."""

from __future__ import annotations

from vernacular.core.result import Interval, Number, Result


class Origin(Result):
    """The release that it was made from."""

    language: str  # code
    model: str
    key: str  # of the release in the store
    created: str
    signer: str | None  # fingerprint of its key
    arm: str  # base, control or adapted
    seed: int | None  # of the task's training
    vernacular: str  # version that exported it
    red_gates: list[str]


class Agreement(Result):
    """Answers of the exported folder beside the scored ones of the release."""

    items: int  # compared, all held out
    answers: int  # units among them: texts, words, sentences, tokens
    same: Number  # share of units with the same answer
    metric: str
    score: Number  # of the exported folder
    score_before: Number  # of the release, on the same items
    difference: Interval  # low, mean and high of the first minus the second
    at_most: Number  # the loss that is allowed


class Cost(Result):
    """Size, memory and time of one model."""

    bytes_on_disk: int  # of weights and tokenizer
    peak_memory_mb: Number
    load_seconds: Number
    median_ms: Number  # for one text at a time, tokenizer included
    slow_ms: Number  # the 90th percentile


class Card(Result):
    """``card.json``."""

    task: str
    kind: str
    format: str
    precision: str
    origin: Origin
    base: str
    licences: dict[str, str]  # base, text and labels -> license
    agreement: Agreement
    exported: Cost
    torch: Cost
    threads: int
    processor: str
    versions: dict[str, str]  # package -> version that was measured
