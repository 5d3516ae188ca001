"""Candidate tokens for a language, learned with SentencePiece on text normalized by the base tokenizer.

Each tokenizer family's module decides which candidates to add.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import regex

from vernacular.text.scripts import in_script

SPACE = "▁"
KNEE = 1e-5  # share of tokens a new token must save: where the next 1,000 tokens gain less than 1% (RECIPE 2a)
LETTER_USES = 5  # of a letter unknown to the base: words with it are unreadable without it
_LONGEST_ROW = 1 << 20  # bytes; SentencePiece skips longer rows, and fails if none is left
_WITH_SPACE = regex.compile(f"{SPACE}*[^{SPACE}]+|{SPACE}+")


class Letters:
    """What a token may consist of: letters of one script, a capital only first, apostrophes only between letters.

    This excludes mixed scripts, attached punctuation, and remains of markup or numbers. An
    apostrophe between letters is part of the word (``ng'ombe``), at the border of a token it would
    be punctuation. Abbreviations are excluded: as a token ``DPP`` shares nothing with ``MCP``, and
    a model with few labels misses it (docs/experiments/abbreviations.md).

    Args:
        script: ISO 15924 code, such as ``Latn``.
        capitals: whether whole words are written in capitals, as in Cherokee or SENĆOŦEN.
    """

    def __init__(self, script: str, capitals: bool = False) -> None:
        letter = rf"[[\p{{L}}\p{{M}}]&&[{in_script(script)}\p{{sc=Zyyy}}\p{{sc=Zinh}}]]"
        small = letter if capitals else rf"[{letter}--[\p{{Lu}}\p{{Lt}}]]"
        # also accepts the apostrophe that Unicode classifies as a letter
        word = rf"{letter}{small}*(?:['’]{small}+)*"
        self._word = regex.compile(word, regex.V1)
        self._runs = regex.compile(f"{SPACE}?{word}", regex.V1)

    def match(self, text: str) -> bool:
        """Whether all of ``text`` matches."""
        return self._word.fullmatch(text) is not None

    def runs(self, words: Counter[str]) -> Counter[str]:
        """Count each run of such letters in counted pre-tokens, with ``▁`` if it starts a word."""
        found: Counter[str] = Counter()
        for word, count in words.items():
            for run in self._runs.findall(word):
                found[run] += count
        return found


def word_counts(texts: Iterable[str], backend: Any) -> Counter[str]:
    """Count the pre-tokens of texts as the tokenizer (``tokenizers.Tokenizer``) normalizes and splits them.

    If spaces become ``▁`` without splitting (Gemma, Llama 2), a pre-token ends before each ``▁``:
    their tokens never cross it.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
        parts = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)] if backend.pre_tokenizer \
            else [normal]
        for part in parts:
            counts.update(_WITH_SPACE.findall(part) if SPACE in part else [part])
    return counts


def in_capitals(words: Counter[str]) -> bool:
    """Whether most cased letters are capitals."""
    cased: Counter[bool] = Counter()
    for word, count in words.items():
        for letter in word:
            if letter.isupper() or letter.islower():
                cased[letter.isupper()] += count
    return cased[True] > cased[False]


def segment(model: Any, words: Iterable[str]) -> dict[str, list[str]]:
    """Return the tokens of each pre-token under a model of ``tokenizers``."""
    return {word: [token.value for token in model.tokenize(word)] for word in words}


def count_uses(parts: Mapping[str, Sequence[str]], words: Counter[str]) -> Counter[str]:
    """Return how often each token is used on counted ``words``, which ``parts`` segments."""
    uses: Counter[str] = Counter()
    for word, pieces in parts.items():
        for piece in pieces:
            uses[piece] += words[word]
    return uses


def add_tokens(tokenizer: dict[str, Any], pieces: Iterable[str]) -> None:
    """Add ``pieces`` after all tokens of a tokenizer.json whose vocabulary maps tokens to ids."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    first = 1 + max(max(vocabulary.values()), *(token["id"] for token in tokenizer["added_tokens"]))
    for number, piece in enumerate(pieces, first):
        if piece in vocabulary:
            raise ValueError(f"{piece} is already in the vocabulary")
        vocabulary[piece] = number


def candidates(words: Counter[str], wanted: int, letters: Letters, *, spaces: bool = False) -> set[tuple[str, bool]]:
    """Return candidate tokens: ``(letters, starts a word)``.

    A Unigram and a BPE model of four times the wanted size are trained on the counted words (RECIPE
    2a); longest-match segmentation benefits from the whole words of one and the stems and affixes
    of the other.

    ``words``: counted; those that are not ``letters`` are skipped. ``letters``: what a token
    may consist of. ``spaces``: whether a word start has its ``▁``; otherwise every word is a
    start.
    """
    import sentencepiece

    rows = [f"{word}\t{count}" for word, count in sorted(words.items()) if letters.match(word.removeprefix(SPACE))]
    alphabet = {letter for row in rows for letter in row.split("\t")[0]}
    found: set[tuple[str, bool]] = set()
    for kind in ("unigram", "bpe") if rows else ():
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(rows), input_format="tsv", model_writer=out, model_type=kind,
            vocab_size=max(4 * wanted, len(alphabet) + 100), character_coverage=1.0, hard_vocab_limit=False,
            normalization_rule_name="identity", num_threads=1, minloglevel=2, add_dummy_prefix=not spaces,
            max_sentence_length=_LONGEST_ROW)
        model = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
        for index in range(model.get_piece_size()):
            piece = model.id_to_piece(index)
            bare = piece.removeprefix(SPACE)
            if len(bare) > 1 and letters.match(bare):
                found.add((bare, piece.startswith(SPACE)))
    return found
