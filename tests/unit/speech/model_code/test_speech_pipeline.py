"""Symbols become text in one normal form, and samples that are integers become floats."""

from __future__ import annotations

import numpy as np
import pytest

from vernacular.speech.model_code.speech_pipeline import Decoder, spelled
from vernacular.speech.transcription.alphabet import Alphabet


@pytest.mark.parametrize("text", ["m\u025b\u0304\u0301 \u00e9", "e\u0301\u0323 o\u0302\u0301", "a\u030c\u0300"])
def test_what_an_alphabet_spells_is_in_normal_form(text: str) -> None:
    alphabet = Alphabet.of([text, "e\u0301", "\u025b\u0301 e"])
    numbers = [*alphabet.encode("e"), *alphabet.encode("\u025b\u0301")[1:]]
    assert spelled(list(alphabet.symbols), numbers) == "\u00e9"
    assert alphabet.decode(alphabet.encode(text)) == alphabet.decode(alphabet.encode(alphabet.decode(
        alphabet.encode(text))))


def test_an_alphabet_of_500_symbols_is_decoded() -> None:
    symbols = ["", *map(chr, range(0x4E00, 0x4E00 + 499))]
    scores = np.full((40, 500), -20.0, np.float32)
    scores[np.arange(40), np.arange(40) % 2 * np.arange(40)] = 0.0
    assert Decoder(symbols, None).text(scores) == "".join(symbols[number] for number in range(1, 40, 2))
