"""Candidate pieces for a new language, learned with SentencePiece on text as the base tokenizer normalises it.

Knows nothing of ids or families: each family's module decides which candidates earn a place.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

import regex

from vernacular.text.scripts import in_script

SPACE = "▁"
KNEE = 1e-5  # a piece must save this share of the tokens: where the next 1,000 pieces buy less than 1% (RECIPE 2a)
LETTER_USES = 5  # of a letter that the base can only call unknown: without it no word that holds it can be read
_LONGEST_ROW = 1 << 20  # bytes; SentencePiece leaves out longer ones, and fails where none is left
_WITH_SPACE = regex.compile(f"{SPACE}*[^{SPACE}]+|{SPACE}+")


class Letters:
    """What a piece may consist of: letters of one script, a capital only in front, apostrophes only between letters.

    So none is of mixed script, glued to punctuation, or the rest of a markup or a number. An apostrophe between letters
    is part of the word (``ng'ombe``), as everywhere in Vernacular; at the border of a piece it would be punctuation.
    Nor is one an abbreviation: as a piece of its own ``DPP`` shares nothing with ``MCP``, and a model that has few
    labels to learn from misses it (docs/tasks.md).

    Args:
        script: ISO 15924 code, such as ``Latn``.
        capitals: whether words are written in capitals from end to end, as in Cherokee or SENĆOŦEN.
    """

    def __init__(self, script: str, capitals: bool = False) -> None:
        letter = rf"[[\p{{L}}\p{{M}}]&&[{in_script(script)}\p{{sc=Zyyy}}\p{{sc=Zinh}}]]"
        small = letter if capitals else rf"[{letter}--[\p{{Lu}}\p{{Lt}}]]"
        # the apostrophe that Unicode counts as a letter is one here as well
        word = rf"{letter}{small}*(?:['’]{small}+)*"
        self._word = regex.compile(word, regex.V1)
        self._runs = regex.compile(f"{SPACE}?{word}", regex.V1)

    def match(self, text: str) -> bool:
        """Whether ``text`` is such letters from end to end."""
        return self._word.fullmatch(text) is not None

    def runs(self, words: Counter[str]) -> Counter[str]:
        """How often each run of such letters, ``▁`` before it where it starts a word, occurs in counted pre-tokens."""
        found: Counter[str] = Counter()
        for word, count in words.items():
            for run in self._runs.findall(word):
                found[run] += count
        return found


def word_counts(texts: Iterable[str], backend: Any) -> Counter[str]:
    """How often each pre-token occurs, as the tokenizer (``tokenizers.Tokenizer``) normalises and splits the texts.

    Where spaces become ``▁`` and nothing splits (Gemma, Llama 2), a pre-token ends before each of them: no piece of
    theirs reaches across.
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
    """Whether of the letters that have a case more are capitals."""
    cased: Counter[bool] = Counter()
    for word, count in words.items():
        for letter in word:
            if letter.isupper() or letter.islower():
                cased[letter.isupper()] += count
    return cased[True] > cased[False]


def segment(model: Any, words: Iterable[str]) -> dict[str, list[str]]:
    """The pieces of each pre-token under a model of ``tokenizers``."""
    return {word: [token.value for token in model.tokenize(word)] for word in words}


def candidates(words: Counter[str], wanted: int, letters: Letters, *, spaces: bool = False) -> set[tuple[str, bool]]:
    """Pieces worth trying: ``(letters, starts a word)``.

    A Unigram and a BPE model of four times the wanted size are learned on the words with their counts (RECIPE 2a);
    longest-match segmentation profits from the whole words of one and the stems and affixes of the other.

    Args:
        words: counted; those that are not ``letters`` are left out.
        wanted: pieces.
        letters: what a piece may consist of.
        spaces: whether a word that starts one carries its ``▁``; else every word does start one.
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
