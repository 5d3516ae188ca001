"""Use an adapter of a release with transformers and peft alone: ``python use.py TASK "a sentence" ["a second one"]``.

A copy of this file stands in every release, beside its ``model`` and ``adapters``: it needs nothing of Vernacular. An
adapter gives every token a score for each label, from the states of all layers. Those of a word, or of a whole text,
are the mean over its tokens.
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
from torch.nn.functional import layer_norm
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer
from transformers.utils.logging import set_verbosity_error

# A word: letters, marks and digits, with apostrophes and joiners inside; in scripts without spaces, a letter.
_UNSPACED = r"[[\p{lb=SA}\p{lb=ID}\p{lb=CJ}\p{lb=AK}\p{lb=AS}]&&[\p{L}--\p{sc=Latn}]]"
_SPACED = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}]"
WORD = regex.compile(rf"{_UNSPACED}\p{{M}}*|{_SPACED}+(?:['’ʼ‘ʻ`\u200c\u200d]{_SPACED}+)*", regex.V1)


def load(folder: str | Path, task: str) -> tuple[Any, Any, dict[str, Any]]:
    """The released model with the adapter of ``task``, its tokenizer, and what ``task.json`` says of it."""
    model_folder, adapter = Path(folder) / "model", Path(folder) / "adapters" / task
    tokenizer, kind = AutoTokenizer.from_pretrained(model_folder), AutoModelForTokenClassification
    if (adapter / "adapter_config.json").is_file():
        model: Any = kind.from_pretrained(model_folder, config=AutoConfig.from_pretrained(adapter))
        model = PeftModel.from_pretrained(model, str(adapter))
    else:  # every weight was trained for the task
        model = kind.from_pretrained(adapter)
    return model.eval(), tokenizer, json.loads((adapter / "task.json").read_text(encoding="utf-8"))


def units(text: str, about: dict[str, Any], words: Sequence[tuple[int, int]] | None = None) -> list[tuple[int, int]]:
    """Where each unit that gets a label stands in ``text``: its words (those given, if they are), or all of it."""
    if about["unit"] == "text":
        return [(0, len(text))]
    return list(words) if words is not None else [found.span() for found in WORD.finditer(text)]


def inputs(tokenizer: Any, text: str, second: str = "") -> list[str]:
    """The texts as the tokenizer takes them: two, or joined where no special token would mark where the first ends."""
    if not second:
        return [text]
    return [text, second] if tokenizer.num_special_tokens_to_add(pair=True) else [f"{text}\n{second}"]


def token_scores(model: Any, batch: Any, about: dict[str, Any]) -> torch.Tensor:
    """The score of each label for each token of what a tokenizer made: (texts, tokens, labels)."""
    states = model(**batch, output_hidden_states=True).hidden_states[1:]
    mean = torch.stack([layer_norm(layer.float(), layer.shape[-1:]) for layer in states]).mean(0)
    found: torch.Tensor = getattr(model, about["head"])(mean)
    return found.float()


def scores(model: Any, tokenizer: Any, text: str, about: dict[str, Any],
           words: Sequence[tuple[int, int]] | None = None, second: str = "") -> torch.Tensor:
    """The score of each label for each unit of ``text``: (units, labels).

    Args:
        model: of ``load``.
        tokenizer: of ``load``.
        text: what is asked.
        about: of ``load``.
        words: start and end of each word, where they are known; otherwise they are found.
        second: the second text, for a task of pairs.
    """
    batch = tokenizer(*inputs(tokenizer, text, second), return_tensors="pt", truncation=True,
                      max_length=about["longest"], return_offsets_mapping=True, return_special_tokens_mask=True)
    places, special = batch.pop("offset_mapping")[0].tolist(), batch.pop("special_tokens_mask")[0].bool()
    with torch.inference_mode():
        by_token = token_scores(model, batch, about)[0]
    if about["unit"] == "text":
        return by_token[~special].mean(0, keepdim=True)
    found = units(text, about, words)
    owner = [-1] * (len(text) + 1)
    for number, (start, stop) in enumerate(found):
        owner[start:stop] = [number] * (stop - start)
    # A byte-level token may begin with the space before its word: its last character says whose it is.
    owners = torch.tensor([-1 if skip or stop <= start else owner[stop - 1]
                           for (start, stop), skip in zip(places, special.tolist(), strict=True)])
    beyond = torch.tensor(about["beyond"])  # what a word gets that stands behind the longest input
    rows = [by_token[owners == number] for number in range(len(found))]
    return torch.stack([row.mean(0) if len(row) else beyond for row in rows]) if rows else by_token[:0]


def choose(found: torch.Tensor, about: dict[str, Any]) -> list[int]:
    """The numbers of the labels that scores (units, labels) stand for: one for each unit, or any number for a text.

    The labels of entities (B-PER, I-PER, O) are chosen together: none goes on that did not begin.
    """
    if about["choice"] == "many":
        return (found[0].sigmoid() >= 0.5).nonzero()[:, 0].tolist()
    if about["choice"] == "best" or not len(found):
        return found.argmax(-1).tolist()
    labels = about["labels"]
    barred = torch.tensor([[0.0 if not label.startswith("I-") or (before != "O" and before[2:] == label[2:])
                            else -torch.inf for label in labels] for before in [*labels, "O"]])
    logs = found.log_softmax(-1)
    total, back = logs[0] + barred[-1], []
    for row in logs[1:]:
        best = (total[:, None] + barred[:-1]).max(0)
        back.append(best.indices)
        total = best.values + row
    path = [int(total.argmax())]
    for came in reversed(back):
        path.append(int(came[path[-1]]))
    return path[::-1]


def unread(tokenizer: Any, text: str, about: dict[str, Any], second: str = "") -> str:
    """The end of ``text`` that stands behind the longest input, and is not read; of a pair, the ends of both."""
    texts = inputs(tokenizer, text, second)
    if len(tokenizer(*texts)["input_ids"]) <= about["longest"]:
        return ""
    batch = tokenizer(*texts, truncation=True, max_length=about["longest"], return_offsets_mapping=True)
    ends = [max((stop for owner, (_, stop) in zip(batch.sequence_ids(), batch["offset_mapping"], strict=True)
                 if owner == number), default=0) for number in range(len(texts))]
    return "\n".join(text[end:] for text, end in zip(texts, ends, strict=True) if end < len(text))


def answer(model: Any, tokenizer: Any, text: str, about: dict[str, Any], second: str = "") -> list[tuple[str, str]]:
    """For each unit of ``text``: the unit and its label; for a task with several labels, each of them.

    Raises:
        ValueError: the text, or the pair, is too long to be read to its end: give it sentence by sentence.
    """
    behind = unread(tokenizer, text, about, second)
    if behind:
        raise ValueError(f"too long: the model reads {about['longest']} tokens at once, and not from "
                         f"{behind[:40]!r} on; ask sentence by sentence")
    chosen = [about["labels"][number] for number in choose(scores(model, tokenizer, text, about, None, second), about)]
    if about["choice"] == "many":
        return [(text, label) for label in chosen]
    return [(text[start:stop], label) for (start, stop), label in zip(units(text, about), chosen, strict=True)]


def main(arguments: Sequence[str]) -> int:
    """Print the label of each unit of a sentence, and the unit."""
    if not 2 <= len(arguments) <= 3:
        sys.stderr.write('Write: python use.py TASK "a sentence", where TASK is a folder in adapters/\n')
        return 2
    folder = Path(__file__).parent
    asked = sorted(path.parent.name for path in folder.glob("adapters/*/task.json")
                   if "labels" in json.loads(path.read_text(encoding="utf-8")))
    if arguments[0] not in asked:
        sys.stderr.write(f"There is no task {arguments[0]} that gives labels. Write one of: {', '.join(asked)}\n")
        return 2
    set_verbosity_error()  # type: ignore[no-untyped-call]  # it names weights that are new to the model, which the adapter then brings
    model, tokenizer, about = load(folder, arguments[0])
    try:
        found = answer(model, tokenizer, arguments[1], about, *arguments[2:])
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for unit, label in found:
        sys.stdout.write(f"{label}\t{unit}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
