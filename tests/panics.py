"""A panic of a real library of Rust."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, models, pre_tokenizers


def panic() -> None:
    """Have a real library of Rust panic: its regex gives up on a text that the probes of a tokenizer do not hold."""
    tokenizer = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("(z|z)+b"), "isolated")
    tokenizer.encode("z" * 40)
