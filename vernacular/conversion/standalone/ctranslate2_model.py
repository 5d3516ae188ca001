"""Continues texts with the CTranslate2 model beside this file. Needs ctranslate2, numpy and tokenizers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from tokenizers import Tokenizer


class Model:
    """The model in ``folder``. ``threads``: 0 for one on each core."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(self.about["longest"])
        self.generator = ctranslate2.Generator(str(folder), device="cpu", compute_type=self.about["precision"],
                                               intra_threads=threads)

    def answer(self, text: str, second: str = "", most: int = 24) -> str:
        """Return the likeliest continuation of ``text``, at most ``most`` tokens."""
        tokens = self.tokenizer.encode(text).tokens
        found = self.generator.generate_batch([tokens], max_length=most, sampling_topk=1,
                                              include_prompt_in_result=False)
        return str(self.tokenizer.decode(found[0].sequences_ids[0]))

    def likeliest(self, text: str) -> list[int]:
        """Return the id of the likeliest token after each token of ``text`` but the last."""
        tokens = self.tokenizer.encode(text).tokens
        logits: Any = np.array(self.generator.forward_batch([tokens]))
        return [int(one) for one in logits[0, :-1].argmax(-1)]
