"""Use an adapter of a release with transformers and peft alone: ``python use.py TASK "a sentence"``.

A copy of this file stands in every release, beside its ``model`` and ``adapters``: it needs nothing of Vernacular. An
adapter gives every token a score for each label. Those of a word, or of a whole text, are the mean over its tokens.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import regex
import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer

# A word: letters, marks and digits, with apostrophes and joiners inside; in scripts without spaces, a letter.
_UNSPACED = r"[[\p{lb=SA}\p{lb=ID}\p{lb=CJ}\p{lb=AK}\p{lb=AS}]&&[\p{L}--\p{sc=Latn}]]"
_SPACED = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}]"
WORD = regex.compile(rf"{_UNSPACED}\p{{M}}*|{_SPACED}+(?:['’ʼ‘ʻ`\u200c\u200d]{_SPACED}+)*", regex.V1)


def load(folder: str | Path, task: str) -> tuple[Any, Any, dict[str, Any]]:
    """The released model with the adapter of ``task``, its tokenizer, and what ``task.json`` says of it."""
    model_folder, adapter = Path(folder) / "model", Path(folder) / "adapters" / task
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    config = AutoConfig.from_pretrained(adapter)
    model: Any = AutoModelForTokenClassification.from_pretrained(model_folder, config=config)
    model = PeftModel.from_pretrained(model, str(adapter)).eval()
    return model, tokenizer, json.loads((adapter / "task.json").read_text(encoding="utf-8"))


def units(text: str, by_word: bool, words: Sequence[tuple[int, int]] | None = None) -> list[tuple[int, int]]:
    """Where each unit that gets a label stands in ``text``: its words (those given, if they are), or all of it."""
    if not by_word:
        return [(0, len(text))]
    return list(words) if words is not None else [found.span() for found in WORD.finditer(text)]


def scores(model: Any, tokenizer: Any, text: str, about: dict[str, Any],
           words: Sequence[tuple[int, int]] | None = None) -> torch.Tensor:
    """The score of each label for each unit of ``text``: (units, labels); zeros for a unit behind the longest input."""
    batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=about["longest"],
                      return_offsets_mapping=True, return_special_tokens_mask=True)
    places, special = batch.pop("offset_mapping")[0].tolist(), batch.pop("special_tokens_mask")[0].bool()
    with torch.inference_mode():
        by_token: torch.Tensor = model(**batch).logits[0].float()
    if about["unit"] == "text":
        return by_token[~special].mean(0, keepdim=True)
    found = units(text, True, words)
    owner = torch.full((len(text) + 1,), -1)
    for number, (start, stop) in enumerate(found):
        owner[start:stop] = number
    # A byte-level token may begin with the space before its word: its last character says whose it is.
    owners = torch.tensor([-1 if skip or stop <= start else int(owner[stop - 1])
                           for (start, stop), skip in zip(places, special.tolist(), strict=True)])
    return torch.stack([by_token[owners == number].mean(0) if (owners == number).any() else by_token.new_zeros(
        by_token.shape[1]) for number in range(len(found))]) if found else by_token[:0]


def answer(model: Any, tokenizer: Any, text: str, about: dict[str, Any],
           words: Sequence[tuple[int, int]] | None = None) -> list[tuple[str, str, float]]:
    """For each unit of ``text``: the unit, its label and the probability of that label."""
    probabilities = scores(model, tokenizer, text, about, words).softmax(-1)
    return [(text[start:stop], about["labels"][int(row.argmax())], float(row.max())) for (start, stop), row in
            zip(units(text, about["unit"] == "word", words), probabilities, strict=True)]


def main(arguments: Sequence[str]) -> int:
    """Print label, probability and text of each unit of a sentence."""
    if len(arguments) != 2:
        sys.stderr.write('Write: python use.py TASK "a sentence", where TASK is a folder in adapters/\n')
        return 2
    model, tokenizer, about = load(Path(__file__).parent, arguments[0])
    for unit, label, probability in answer(model, tokenizer, arguments[1], about):
        sys.stdout.write(f"{label}\t{probability:.3f}\t{unit}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
