"""A fine-tuned model for predictions, used by behavioral tests, fairness and the try page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vernacular.config.schema import Language, Model
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.variants import Arm, load_arm
from vernacular.tasks.adapter_model import Network, in_batches, load, unread
from vernacular.tasks.base import Labelling, class_of

LABELS = "labels.json"


class Predictor:
    """Predicts label probabilities.

    Attributes:
        labels: the labels by index.
        by_word: whether it labels each word (of ``words_of``) or the whole text.
    """

    def __init__(self, kind: Labelling, network: Network, tokenizer: Any, longest: int) -> None:
        self.labels, self.by_word = kind.labels, kind.by_word
        if hasattr(network.body, "merge_and_unload"):  # merging the adapter saves time
            network.body = network.body.merge_and_unload()
        self._kind, self._network, self._tokenizer, self._longest = kind, network, tokenizer, longest

    def probabilities(self, texts: Sequence[str]) -> list[NDArray[Any]]:
        """Return for each text: (labels,) for text labels, else (words, labels)."""
        encoded = self._kind.encode([Item(text) for text in texts], self._tokenizer, self._longest)
        found = in_batches(self._network, encoded, lambda rows: self._kind.tables(
            self._network, [encoded[row] for row in rows], self._tokenizer.pad_token_id))
        return found if self.by_word else [table[0] for table in found]

    def decoded(self, table: NDArray[Any]) -> list[int]:
        """Return the predicted label indices of a text, as in scores and releases.

        One for a text, any number for multi-label; one per word. Entity labels are decoded jointly.
        """
        return self._kind.decoded(table)

    def unread(self, text: str) -> str:
        """Return the end of ``text`` beyond the model's length, for which predictions are meaningless."""
        return unread(text, self._tokenizer, self._longest)


def adapter_folder(task_folder: Path, arm: Arm, seed: int) -> Path:
    """Return the folder of a variant's adapter for a seed."""
    return task_folder / arm / f"seed-{seed}"


def load_predictor(arm: Arm, model_name: str, model: Model, task_name: str, inputs: Mapping[str, Path],
                   language: Language, seed: int | None = None) -> Predictor:
    """Load the predictor of one variant and seed (by default the first).

    ``arm``: ``base``, ``control`` or ``adapted``. ``inputs``: stage name -> artifact folder:
    both models and the task. ``seed``: one of ``model.lora.seeds``.

    Raises:
        Problem: there is no adapter for that variant and seed, or the task does not label lines.
    """
    seed = model.lora.seeds[0] if seed is None else seed
    folder = adapter_folder(inputs[f"task/{task_name}_{model_name}"], arm, seed)
    if not folder.is_dir():
        raise Problem(f"the adapter for {arm}, seed {seed} is missing", where=str(folder),
                      fix=f"Run `vernacular run {language.cli_args(model_name)} --to task/{task_name}_{model_name}`",
                      code=Code.DATA_MISSING)
    task = language.tasks[task_name]
    if not task.answers_lines:
        raise Problem(f"a task of {task.kind} does not label lines", where=f"{language.code} {task_name}",
                      fix="Use a task of token_classification or sequence_classification", code=Code.DATA_LABEL)
    kind_class = class_of(task)
    assert issubclass(kind_class, Labelling)  # such kinds label lines
    labels = json.loads((inputs[f"task/{task_name}_{model_name}"] / LABELS).read_text(encoding="utf-8"))
    network, tokenizer = load_arm(arm, model_name, model, language, inputs)
    kind = kind_class(task, labels)
    return Predictor(kind, load(kind.bare(network, tokenizer.pad_token_id), folder), tokenizer,
                     longest_input(network, model.lora.max_length))
