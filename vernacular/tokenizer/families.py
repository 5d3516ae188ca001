"""The families of tokenizers behind one function: which pieces are added and what each replaces.

What differs between families stands in ``wordpiece``, ``bpe`` and ``unigram``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vernacular.config.training import Vocabulary
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import Progress, silent
from vernacular.tokenizer import bpe, unigram, wordpiece
from vernacular.tokenizer.candidates import Letters


@dataclass(frozen=True)
class Extended:
    """A tokenizer with new pieces.

    Attributes:
        family: ``wordpiece``, ``byte_bpe``, ``sentencepiece_bpe`` or ``unigram``.
        pieces: in the order of their ids.
        parts: for each piece the ids of the base pieces that it replaces.
        json_with: tokenizer.json with the first so many pieces.
    """

    family: str
    pieces: list[str]
    parts: list[list[int]]
    json_with: Callable[[int], str]


def family_of(backend: Any) -> str:
    """The family of a ``tokenizers.Tokenizer``."""
    kind = type(backend.model).__name__
    if kind == "BPE":
        return "sentencepiece_bpe" if backend.model.byte_fallback else "byte_bpe"
    return kind.lower()


def extend(backend: Any, words: Counter[str], guard: Counter[str], settings: Vocabulary, letters: Letters, where: str,
           progress: Progress = silent) -> Extended:
    """Choose pieces for the tokenizer; see the modules of the families for how.

    Args:
        backend: the base, a ``tokenizers.Tokenizer``.
        words: pre-tokens of the language, counted.
        guard: pre-tokens of the base's languages, counted.
        settings: how many, how often used.
        letters: what a piece may consist of.
        where: named in an error.
        progress: told how it goes on.

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
                  fix="Set vocabulary: {new_pieces: 0} to keep the original one")


def _parts(backend: Any, pieces: list[str]) -> list[list[int]]:
    return [[token.id for token in backend.model.tokenize(piece)] for piece in pieces]
