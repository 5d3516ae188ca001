"""A base tokenizer of each family, and the same with new tokens."""

from __future__ import annotations

import hashlib

from tests.generate import make_documents
from tests.tiny import ENGLISH, sentencepiece_tokenizer, write_bert, write_llama
from vernacular.config.training import Vocabulary
from vernacular.modeling.base_models import load_tokenizer
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.families import extend

TEXTS = [text for texts in make_documents().values() for text in texts]
FAMILIES = ("wordpiece", "byte_bpe", "sentencepiece_bpe", "unigram")


def base_of(family, folder):
    if family == "wordpiece":
        return load_tokenizer(write_bert(folder)).backend_tokenizer
    if family == "byte_bpe":
        return load_tokenizer(write_llama(folder)).backend_tokenizer
    return sentencepiece_tokenizer("bpe" if family == "sentencepiece_bpe" else "unigram", folder).backend_tokenizer


def extended_json(base, pieces=40):
    chosen = extend(base, word_counts(TEXTS, base), word_counts(ENGLISH, base),
                    Vocabulary(new_pieces=pieces, min_uses=20), Letters("Latn"), "test")
    return chosen, chosen.json_with(len(chosen.pieces))


def digests(folder):
    """Digests of the extended tokenizers of the families in ``folder``."""
    from tokenizers import Tokenizer

    return [hashlib.sha256(extended_json(Tokenizer.from_file(f"{folder}/{family}.json"))[1].encode()).hexdigest()
            for family in FAMILIES]
