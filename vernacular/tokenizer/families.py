"""Tokenizer families behind one function: the added tokens and what each replaces.

Family-specific code is in ``wordpiece``, ``bpe`` and ``unigram``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vernacular.config.training import Vocabulary
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import Progress, silent
from vernacular.tokenizer import bpe, unigram, wordpiece
from vernacular.tokenizer.candidates import Letters


@dataclass(frozen=True)
class Extended:
    """A tokenizer with new tokens."""

    family: str  # ``wordpiece``, ``byte_bpe``, ``sentencepiece_bpe`` or ``unigram``
    pieces: list[str]  # in the order of their ids
    parts: list[list[int]]  # for each new token the ids of the base tokens it replaces
    json_with: Callable[[int], str]  # returns the tokenizer.json with the first n new tokens


def family_of(backend: Any) -> str:
    """Return the family of a ``tokenizers.Tokenizer``."""
    kind = type(backend.model).__name__
    if kind == "BPE":
        return "sentencepiece_bpe" if backend.model.byte_fallback else "byte_bpe"
    return kind.lower()


def extend(backend: Any, words: Counter[str], guard: Counter[str], settings: Vocabulary, letters: Letters, where: str,
           progress: Progress = silent) -> Extended:
    """Choose tokens for the tokenizer; the family's module documents how.

    Args:
        backend: the base, a ``tokenizers.Tokenizer``.
        words: counted pre-tokens of the language.
        guard: counted pre-tokens of the base's languages.
        settings: number of tokens and least uses.
        letters: what a token may consist of.
        where: place in messages.
        progress: receives lines for the user.

    Raises:
        Problem: the family is none of the four.
    """
    family, text, wanted, least = family_of(backend), backend.to_str(), settings.new_pieces, settings.min_uses
    if wanted == 0:
        return Extended(family, [], [], lambda count: text)
    vocabulary = backend.get_vocab(with_added_tokens=False)
    if family == "wordpiece":
        plain = set(backend.get_vocab())
        names = wordpiece.choose(plain, words, guard, wanted=wanted, min_uses=least, letters=letters)
        parts = [[vocabulary[part] for part in wordpiece.constituents(plain, name)] for name in names]
        return Extended(family, names, parts, lambda count: wordpiece.extended_json(text, names[:count]))
    if family in ("byte_bpe", "sentencepiece_bpe"):
        new = bpe.choose(backend, words, guard, wanted=wanted, min_uses=least, letters=letters, progress=progress)
        return Extended(family, new.pieces, _parts(backend, new.pieces),
                        lambda count: bpe.extended_json(text, new.first(count)))
    if family == "unigram":
        scores = unigram.choose(backend, words, guard, wanted=wanted, min_uses=least, letters=letters,
                                progress=progress)
        return Extended(family, list(scores), _parts(backend, list(scores)),
                        lambda count: unigram.extended_json(text, dict(list(scores.items())[:count])))
    raise Problem(f"a {type(backend.model).__name__} tokenizer cannot be extended", where=where,
                  fix="Set vocabulary: {new_pieces: 0} to keep the original one", code=Code.MODEL_KIND)


def _parts(backend: Any, pieces: list[str]) -> list[list[int]]:
    return [[token.id for token in backend.model.tokenize(piece)] for piece in pieces]
