"""Answers texts with ``model.onnx`` beside this file. Needs numpy, onnxruntime and tokenizers."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


class Model:
    """The model in ``folder``. ``threads``: 0 for one on each core."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(self.about["longest"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads use no battery
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, ["CPUExecutionProvider"])

    def answer(self, text: str, second: str = "", spans: Sequence[Sequence[int]] | None = None) -> Any:
        """Return label -> probability, [word, label, probability] of each word, or the embedding (length 1).

        ``second``: of two texts that are read together. ``spans``: start and end of each word.
        """
        encoded = self.tokenizer.encode(self.about["prefix"] + text, second or None)
        given = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
        feed = {one.name: np.array([given[one.name]], np.int64) for one in self.session.get_inputs()}
        scores, labels = self.session.run(None, feed)[0][0], self.about["labels"]
        if not labels:
            return scores.tolist()
        odds = np.exp(scores - scores.max(-1, keepdims=True))
        shares = 1 / (1 + np.exp(-scores)) if self.about["several"] else odds / odds.sum(-1, keepdims=True)
        if not self.about["words"]:
            return {labels[at]: float(shares[at]) for at in np.argsort(-shares, kind="stable")}
        answers: list[list[Any]] = []
        for start, stop in word_spans(text) if spans is None else spans:
            token = next((at for at, (begin, end) in enumerate(encoded.offsets) if begin < end and start < end <= stop
                          and not encoded.special_tokens_mask[at]), None)
            label = "" if token is None else labels[int(shares[token].argmax())]  # "": beyond what is read
            if self.about["entities"] and label.startswith("I-") and label[2:] != (answers or [["", ""]])[-1][1][2:]:
                label = f"B-{label[2:]}"
            answers.append([text[start:stop], label, 0.0 if token is None else float(shares[token].max())])
        return answers


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of each word: letters, marks and digits, with inner apostrophes."""
    kinds = "".join("w" if unicodedata.category(letter)[0] in "LMN" else "'" if letter in "'’ʼ‘ʻ`" else " "
                    for letter in text)
    return [found.span() for found in re.finditer("w+(?:'w+)*", kinds)]
