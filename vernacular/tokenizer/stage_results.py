"""What the extension of a tokenizer found out: fertility by register and by number of new pieces. Loads no torch."""

from __future__ import annotations

from vernacular.core.result import Interval, Number, Result


class RegisterSizes(Result):
    """Held-out text of one register, in words, bytes, and tokens of both tokenizers."""

    words: int
    bytes: int
    tokens_base: int
    tokens_extended: int


class FertilityIntervals(Result):
    """Tokens per word of both tokenizers, and the relative change."""

    base: Interval
    extended: Interval
    change: Interval


class TokenizerResult(Result):
    """The result of ``tokenizer/<name>``."""

    base_family: str  # of the base's tokenizer
    fertility_by_register: dict[str, RegisterSizes]  # register -> sizes of its held-out text
    # None where too few documents are held out
    fertility_intervals: FertilityIntervals | None = None
    # (number of new pieces, tokens per word)
    fertility_by_pieces: list[tuple[int, Number]] | None = None
