"""Candidate pieces for a new language, learned with SentencePiece on text as the base tokenizer normalises it.

Knows nothing of ids or families: ``wordpiece`` decides which candidates earn a place.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

import regex

SPACE = "▁"
LETTERS = regex.compile(r"^[\p{L}\p{M}]+$")
SCRIPT = regex.compile(r"\p{Common}|\p{Inherited}")


def word_counts(texts: Iterable[str], backend: Any) -> Counter[str]:
    """How often each pre-token occurs, as the tokenizer (``tokenizers.Tokenizer``) normalises and splits the texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
        counts.update(word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal))
    return counts


def candidates(words: Counter[str], wanted: int) -> set[tuple[str, bool]]:
    """Pieces worth trying: ``(letters, starts a word)``; letters only, so none is glued to punctuation or markup.

    A Unigram and a BPE model of four times the wanted size are learned on the words with their counts (RECIPE 2a);
    longest-match segmentation profits from the whole words of one and the stems and affixes of the other.
    """
    import sentencepiece

    rows = [f"{word}\t{count}" for word, count in sorted(words.items()) if LETTERS.match(word)]
    alphabet = {letter for row in rows for letter in row.split("\t")[0]}
    found: set[tuple[str, bool]] = set()
    for kind in ("unigram", "bpe"):
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(rows), input_format="tsv", model_writer=out, model_type=kind,
            vocab_size=max(4 * wanted, len(alphabet) + 100), character_coverage=1.0, hard_vocab_limit=False,
            normalization_rule_name="identity", num_threads=1, minloglevel=2)
        model = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
        for index in range(model.get_piece_size()):
            piece = model.id_to_piece(index)
            letters = piece.removeprefix(SPACE)
            if len(letters) > 1 and LETTERS.match(letters):
                found.add((letters, piece.startswith(SPACE)))
    return found
