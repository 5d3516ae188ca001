"""Find the pictures of a typed text with one variant, for the try page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vernacular.config.schema import Language, Model
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl
from vernacular.datasets.aligned_pairs import read_projection
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.variants import Arm, load_arm
from vernacular.tasks.adapter_model import load
from vernacular.tasks.base import class_of
from vernacular.tasks.image_retrieval.kind import ImageRetrieval
from vernacular.tasks.image_retrieval.vectors import VECTORS, read_vectors
from vernacular.tasks.predictor import adapter_folder


class PictureFinder:
    """Searches the scored pictures of a task, from which nothing was learned.

    Args:
        arm: ``base``, ``control`` or ``adapted``.
        model_name: of ``model``.
        model: its settings.
        task_name: of a task on pictures.
        inputs: stage name -> artifact folder: both models, the task, and the alignment if it has a teacher.
        language: of the task.

    Raises:
        Problem: the artifact holds no vectors of its pictures.
    """

    def __init__(self, arm: Arm, model_name: str, model: Model, task_name: str, inputs: Mapping[str, Path],
                 language: Language) -> None:
        task, folder = language.tasks[task_name], inputs[f"task/{task_name}_{model_name}"]
        kind = class_of(task)(task, [])
        assert isinstance(kind, ImageRetrieval)
        kind.vectors = read_vectors(folder / VECTORS) or {}
        self._names = [*dict.fromkeys(row["second"] for row in read_jsonl(folder / "predictions.jsonl"))]
        if not self._names or not all(name in kind.vectors for name in self._names):
            raise Problem("there are no vectors of the pictures", where=str(folder),
                          fix="Delete this artifact and run again", code=Code.STAGE_INPUT)
        network, self._tokenizer = load_arm(arm, model_name, model, language, inputs)
        bare = kind.bare(network, self._tokenizer.pad_token_id)
        if task.fine_tune:
            bare = load(bare, adapter_folder(folder, arm, model.lora.seeds[0]))
        elif (projection := read_projection(inputs[f"alignment/{model_name}"])) is not None:
            bare.head.load_state_dict({"weight": projection.weight, "bias": projection.bias})
        self._kind, self._network, self._longest = kind, bare, longest_input(network, model.lora.max_length)
        self._pictures = np.stack([kind.vectors[name] for name in self._names])

    def find(self, text: str, most: int) -> list[tuple[str, float]]:
        """Return the names of the ``most`` pictures nearest to ``text``, and the cosine of each, nearest first."""
        vector = self._kind.embed(self._network, self._tokenizer, [Item(text)], self._longest)[0]
        scores = self._pictures @ (vector / max(float(np.linalg.norm(vector)), 1e-12))
        return [(self._names[place], float(scores[place])) for place in np.argsort(-scores, kind="stable")[:most]]
