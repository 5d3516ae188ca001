"""Zero-shot transfer: train on labels in a language of the base, and score in the target language.

Each variant reads the items with its own model, and only a head is fitted to frozen states of the
last layer. States of each language are standardized by their own mean and spread, since a language
shifts all states alike (Libovický et al. 2004.05160); those of the target language come from the
task's training texts, without labels. Other methods scored less:
docs/experiments/zero-shot-labels.md. Deterministic, so there are no seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from vernacular.alignment.pairs import Pair, read_pairs_by_part
from vernacular.config.labeled_data import Part
from vernacular.config.schema import Model
from vernacular.config.tasks import Task
from vernacular.config.training import Lora
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.variants import Arm
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.tasks.adapter_model import Network
from vernacular.tasks.base import IGNORED, Answer, Head, Kind
from vernacular.tasks.head_init import unit_states
from vernacular.tasks.labeled_items import LEAST, Items, load_transfer_items
from vernacular.tasks.weak_labels import DRAW, derive
from vernacular.text.words import plain_words

_C, _ITERATIONS = 0.003, 300  # chosen on dev verses of nya: docs/experiments/zero-shot-labels.md
_MOST_TEXTS = 1000  # texts of the target language for standardization
_LEAST_SPREAD = 1e-6
_NEVER = -1e4  # the logit of a label that is never predicted
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class TransferItems:
    """Training items in another language."""

    language: str  # ISO 639-3 code of their language
    items: list[Item]  # in a fixed random order


@dataclass(frozen=True)
class TransferRun:
    """Predictions of each variant after training on another language."""

    learned: TransferItems  # the training items
    answers: Mapping[Arm, list[Answer]]  # variant -> predictions for the test items, in order


def transfer_items(work: StageContext, model: Model, task_name: str, items: Items) -> TransferItems | None:
    """Return the transfer items of a task; None if it has none, or the model has no translations.

    Items with the words of a scored one, or of the translation of a held-out line, are excluded.

    ``work``: with ``corpus/splits`` among its inputs. ``model``: whose translations are read.
    ``items``: of the task in the target language.

    Raises:
        Problem: they cannot be read, or are too few.
    """
    task = work.language.tasks[task_name]
    asked = task.transfer
    if asked is None:
        return None
    pairs: dict[Part, list[Pair]] = {} if model.alignment is None else read_pairs_by_part(work, model.alignment)
    if asked.through is None:
        found = load_transfer_items(work.language, task_name, work.root, items)
    elif pairs:
        found = _carried(work, task, asked.train, pairs["train"])
    else:
        work.progress(f"{task_name}: not trained on {asked.train_language}, since this model has no translations")
        return None
    known = {plain_words(pair.translation) for part in pairs if part != "train" for pair in pairs[part]}
    kept = [item for item in found if known.isdisjoint(plain_words(text) for text in item.key() if text)]
    kept = kept[:asked.train]
    if len(kept) < LEAST or len({label for item in kept for label in item.labels if label != IGNORED}) < 2:
        raise Problem(f"{len(kept)} training items; {LEAST} with at least two labels are needed",
                      where=f"{work.language.code} tasks.{task_name}.transfer",
                      fix="Add items, or translations of more of the training documents", code=Code.DATA_LABEL)
    return TransferItems(asked.train_language, kept)


def _carried(work: StageContext, task: Task, count: int, pairs: Sequence[Pair]) -> list[Item]:
    """Return items derived from the training documents, projected to their translations; may be empty.

    Training pairs share no text with held-out ones on either side.
    """
    translations: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        translations[pair.document].append(pair.translation)
    documents = [{**row, "text": "\n".join(translations[row["id"]])}
                 for row in read_rows(work.inputs["corpus/splits"] / file_of("train")) if row["id"] in translations]
    return derive(task, documents, count, DRAW) if documents else []


def transfer_answers(kind: Kind, model: Any, tokenizer: Any, learned: Sequence[Item], texts: Sequence[Item],
                     test: Sequence[Item], settings: Lora) -> list[Answer]:
    """Return predictions for ``test`` of a head fitted to the states of ``learned``.

    Args:
        kind: of the task; it gives one label to each text or word.
        model: a language model; not trained.
        tokenizer: its.
        learned: items in another language.
        texts: items in the target language, whose labels are not read.
        test: to predict.
        settings: limits the length of items.
    """
    network = Network(model.base_model, model.config.get_text_config().hidden_size, len(kind.labels), model)
    network.to(next(model.parameters()).device).eval()
    longest = longest_input(model, settings.max_length)
    states, theirs = (unit_states(network, kind.encode(some, tokenizer, longest), tokenizer.pad_token_id)
                      for some in (learned, texts[:_MOST_TEXTS]))
    labels = np.array([label for item in learned for label in item.labels])
    network.head.load_state_dict(_fitted(states[labels != IGNORED], labels[labels != IGNORED], theirs,
                                         len(kind.labels)))
    return kind.predict(network, tokenizer, test, longest)


def _fitted(states: Floats, labels: NDArray[np.int64], theirs: Floats, count: int) -> Head:
    """Fit a logistic regression from standardized ``states`` to ``labels``, for use with states like ``theirs``.

    Labels are weighted equally; a missing one is never predicted.
    """
    found = LogisticRegression(C=_C, max_iter=_ITERATIONS, class_weight="balanced").fit(
        (states - states.mean(0)) / (states.std(0) + _LEAST_SPREAD), labels)
    weight, bias = found.coef_, found.intercept_
    if len(found.classes_) == 2:  # scikit-learn keeps one row for two labels
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    out = {"weight": torch.zeros(count, states.shape[1]), "bias": torch.full((count,), _NEVER)}
    weight = weight / (theirs.std(0) + _LEAST_SPREAD)
    out["weight"][found.classes_] = torch.tensor(weight, dtype=torch.float32)
    out["bias"][found.classes_] = torch.tensor(bias - weight @ theirs.mean(0), dtype=torch.float32)
    return out
