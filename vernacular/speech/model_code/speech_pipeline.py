"""``pipeline("automatic-speech-recognition", path, trust_remote_code=True)`` for a released transcription model."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import AutomaticSpeechRecognitionPipeline
from transformers.utils.hub import cached_file

from .speech_decoding import BeamSearch, CharacterModel, WordModel, best_path

LANGUAGE_MODEL = "language_model.npz"
_TOO_MANY = re.compile("([\u0300-\u036f]{30})[\u0300-\u036f]+")  # normalizing takes time quadratic in marks on a letter


class Decoder:
    """Text from log probabilities, with the n-gram model if there is one."""

    def __init__(self, symbols: list[str], search: BeamSearch | None) -> None:
        self.symbols, self.search = symbols, search

    @classmethod
    def load(cls, symbols: list[str], decoding: dict[str, float], path: Path | None) -> Decoder:
        """The decoder with the n-gram model in the file ``path``; without one if ``decoding`` is empty."""
        if not decoding or path is None:
            return cls(symbols, None)
        with np.load(path, allow_pickle=False) as arrays:
            tables = dict(arrays)
        words = WordModel.of_arrays(tables, symbols.index(" "), decoding["words"]) if decoding.get("words") else None
        return cls(symbols, BeamSearch(CharacterModel.of_arrays(tables), decoding["weight"], decoding["bonus"],
                                       words=words))

    def text(self, scores: NDArray[np.float32]) -> str:
        """The text of one utterance; ``scores``: (frames, symbols)."""
        symbols = best_path(scores) if self.search is None else self.search.decode(scores).symbols
        return spelled(self.symbols, symbols)

    def decode_beams(self, scores: NDArray[np.float32], **_: Any) -> list[tuple[str, None, list[Any]]]:
        """As transformers calls a decoder."""
        return [(self.text(scores), None, [])]


def spelled(symbols: list[str], numbers: list[int]) -> str:
    """The text of numbered symbols in normal form C, with single spaces; a mark may be a symbol of its own."""
    text = " ".join("".join(symbols[number] for number in numbers).split())
    return unicodedata.normalize("NFC", _TOO_MANY.sub(r"\1", text))


class SpeechPipeline(AutomaticSpeechRecognitionPipeline):
    """The pipeline of transformers with this model's decoder."""

    def __init__(self, model: Any, *args: Any, **more: Any) -> None:
        super().__init__(model, *args, **more)
        path = cached_file(model.name_or_path, LANGUAGE_MODEL, _raise_exceptions_for_missing_entries=False)
        self.decoder = Decoder.load(model.config.symbols, model.config.decoding, Path(path) if path else None)
        self.type = "ctc_with_lm"

    def _sanitize_parameters(  # type: ignore[override]
            self, return_timestamps: str | bool | None = None, **more: Any) -> Any:
        if return_timestamps:
            raise ValueError("this model gives text without times: leave out return_timestamps")
        return super()._sanitize_parameters(**more)  # type: ignore[no-untyped-call]

    def preprocess(self, inputs: Any, **more: Any) -> Any:  # type: ignore[override]
        """As transformers does it; samples that are integers are scaled to [-1, 1]."""
        if isinstance(inputs, dict):
            inputs = {name: _scaled(value) for name, value in inputs.items()}
        yield from super().preprocess(_scaled(inputs), **more)  # type: ignore[no-untyped-call]


def _scaled(sound: Any) -> Any:
    if isinstance(sound, np.ndarray) and np.issubdtype(sound.dtype, np.signedinteger):
        return (sound / -float(np.iinfo(sound.dtype).min)).astype(np.float32)
    return sound

