"""Embed texts with a released model, like ``SentenceTransformer(folder).encode``, in batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import SENTENCE_MODULES, load_model, load_tokenizer, quiet
from vernacular.tasks.adapter_model import Encoded, Network, encode, in_batches


class Encoder:
    """Mean token states, normalized to length 1.

    ``prefix``: put before every text, as in the base's training.

    Raises:
        Problem: the released model gives no sentence embeddings.
    """

    def __init__(self, folder: Path, objective: str = "masked", prefix: str = "") -> None:
        if not (folder / SENTENCE_MODULES).is_file():
            raise Problem("the released model gives no sentence embeddings", where=str(folder), fix=(
                "Use a sentence encoder as base (`vernacular new` suggests one), or add a task of kind "
                "sentence_retrieval with `fine_tune: false`"), code=Code.MODEL_KIND)
        quiet()
        settings = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
        self._longest, self._prefix = int(settings["max_seq_length"]), prefix
        model = load_model(folder, objective, None).to("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer = load_tokenizer(folder)
        self._network = Network(model.base_model, model.config.get_text_config().hidden_size, 1, model)
        self._network.head.to(model.device)
        self.width = int(model.config.get_text_config().hidden_size)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector per text: (texts, width)."""
        read = encode([self._prefix + text for text in texts], self._tokenizer, self._longest)
        items = [Encoded(item.tokens, [0] * len(item.tokens), 1, item.types) for item in read]
        found = in_batches(self._network, items, lambda rows: list(normalize(self._network.states(
            [items[row] for row in rows], self._tokenizer.pad_token_id), dim=-1).float().cpu().numpy()))
        return np.stack(found) if found else np.zeros((0, self.width), np.float32)
