"""A fine-tuned model that answers: what behaviour, fairness and the try page ask. Never trains, never scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vernacular.arms import Arm, load_arm
from vernacular.config.schema import Language, Lora, Model
from vernacular.errors import Problem
from vernacular.tasks.finetune import Classifier, load, probabilities
from vernacular.tasks.items import label_names


class Predictor:
    """Label probabilities for texts.

    Attributes:
        labels: the labels by index.
        by_word: whether a label is given to each word (of ``words_of``) or to the whole text.
    """

    def __init__(self, classifier: Classifier, tokenizer: Any, labels: list[str], by_word: bool,
                 settings: Lora) -> None:
        self.labels, self.by_word = labels, by_word
        self._classifier, self._tokenizer, self._settings = classifier, tokenizer, settings

    def probabilities(self, texts: Sequence[str]) -> list[NDArray[Any]]:
        """For each text: (labels,) where the text has one label, else (words, labels)."""
        found = probabilities(self._classifier, self._tokenizer, texts, self.by_word, self._settings.max_length)
        return found if self.by_word else [table[0] for table in found]


def adapter_folder(task_folder: Path, arm: Arm, seed: int) -> Path:
    """Where the stage of a task keeps the adapter of an arm and a seed."""
    return task_folder / arm / f"seed-{seed}"


def load_predictor(arm: Arm, model_name: str, model: Model, task_name: str, inputs: Mapping[str, Path],
                   language: Language, seed: int | None = None) -> Predictor:
    """The predictor of one arm and seed (by default the first).

    Args:
        arm: ``base``, ``control`` or ``adapted``.
        model_name: the model's name in the language folder.
        model: its settings.
        task_name: a task of the folder.
        inputs: stage name -> artifact folder: both models and the task.
        language: the language folder.
        seed: one of ``model.lora.seeds``.

    Raises:
        Problem: there is no adapter for that arm and seed.
    """
    seed = model.lora.seeds[0] if seed is None else seed
    folder = adapter_folder(inputs[f"task/{task_name}_{model_name}"], arm, seed)
    if not folder.is_dir():
        raise Problem(f"there is no adapter for {arm}, seed {seed}", where=str(folder),
                      fix=f"Run `vernacular run {language.code} --to task/{task_name}_{model_name}`")
    network, tokenizer = load_arm(arm, model_name, model, language, inputs)
    task = language.tasks[task_name]
    by_word = task.kind == "token_classification"
    return Predictor(load(network, folder), tokenizer, label_names(task), by_word, model.lora)
