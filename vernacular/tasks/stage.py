"""The stage ``task/<task>_<model>``: equal items, budget and seeds for base, control and adapted, and baselines.

Writes ``<arm>/seed-<n>/`` (adapter and head of the largest size), ``labels.json`` and
``predictions.jsonl``. A killed run resumes at the next variant, size and seed.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from vernacular.alignment.pairs import read_pairs_by_part
from vernacular.config.labeled_data import PARTS, Part
from vernacular.config.schema import Model
from vernacular.config.tasks import derived_labels
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Report
from vernacular.core.store import write_atomically
from vernacular.datasets.aligned_pairs import Learned
from vernacular.datasets.items import Item
from vernacular.modeling.base_files import bytes_of_weights
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.variants import ARMS, Arm, load_arm, load_chat_arm
from vernacular.pipeline.parallel import in_processes
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.remarks.rules import of_items
from vernacular.tasks.adapter_model import save, without_adapter
from vernacular.tasks.base import IGNORED, Answer, Head, Labelling, class_of
from vernacular.tasks.calibration import calibrate, calibration_of, label_logits
from vernacular.tasks.finetune import fine_tune, head_start
from vernacular.tasks.image_retrieval.kind import ImageRetrieval
from vernacular.tasks.image_retrieval.vectors import VECTORS, add_pictures
from vernacular.tasks.labeled_items import LEAST, Items, load_items
from vernacular.tasks.learning_curve import Run, Untrained, sizes_of
from vernacular.tasks.predictor import LABELS, adapter_folder
from vernacular.tasks.report import write_report
from vernacular.tasks.transfer import TransferItems, TransferRun, transfer_answers, transfer_items
from vernacular.tasks.weak_labels import DRAW, derive, known_names, unseen_only


def run(work: StageContext, name: str, model: Model, task_name: str) -> Report:
    """Fine-tune and score one task on the three variants, at every size."""
    task, items = work.language.tasks[task_name], items_of(work, task_name, model)
    if not task.fine_tune:
        return _as_they_are(work, name, model, task_name, items)
    sizes, learned = sizes_of(task.curve, len(items.train)), transfer_items(work, model, task_name, items)
    arms = _Arms(work, name, model, items, learned)
    jobs: list[Callable[[], object]] = [partial(arms.scored_without_labels, arm) for arm in ARMS]
    jobs += [partial(arms.tuned, arm, sizes, [seed]) for arm in ARMS for seed in model.lora.seeds]
    in_processes(jobs, bytes_of_weights(model.base, work.language))
    runs: dict[Arm, dict[int, list[Run]]] = {arm: arms.tuned(arm, sizes, model.lora.seeds) for arm in ARMS}
    untrained, transferred = dict[Arm, Untrained](), dict[Arm, list[Answer]]()
    for arm in ARMS:
        untrained[arm], transferred[arm] = arms.scored_without_labels(arm)
    for arm in ARMS:
        for seed in model.lora.seeds:
            shutil.copytree(adapter_folder(work.scratch, arm, seed), adapter_folder(work.out, arm, seed))
    (work.out / LABELS).write_text(json.dumps(items.kind.labels, ensure_ascii=False) + "\n", encoding="utf-8")
    _write_predictions(work.out, items, {f"{arm}_{seed}": found.answers for arm in ARMS for seed, found in zip(
        model.lora.seeds, runs[arm][sizes[-1]], strict=True)})
    report = write_report(work.out, task_name, items, sizes, model.lora.seeds, runs, untrained,
                          None if learned is None else TransferRun(learned, transferred))
    report.remark(*of_items(task_name, sizes[-1], len(items.dev), len(items.test), model.lora.looks))
    return report


def _as_they_are(work: StageContext, name: str, model: Model, task_name: str, items: Items) -> Report:
    """Score the three variants without training; each reads the test items once."""
    found = in_processes([partial(_as_it_is, work, name, model, arm, items) for arm in ARMS],
                         bytes_of_weights(model.base, work.language))
    runs: dict[Arm, dict[int, list[Run]]] = {arm: {0: [one]} for arm, one in zip(ARMS, found, strict=True)}
    _write_predictions(work.out, items, {arm: runs[arm][0][0].answers for arm in ARMS})
    return write_report(work.out, task_name, items, [0], [0], runs, {arm: {} for arm in ARMS})


def _as_it_is(work: StageContext, name: str, model: Model, arm: Arm, items: Items) -> Run:
    work.progress(f"{arm}, not fine-tuned: {len(items.test)} to score")
    begun = time.monotonic()
    network, tokenizer = load_arm(arm, name, model, work.language, work.inputs)
    network.to("cuda" if torch.cuda.is_available() else "cpu").requires_grad_(False)
    longest = longest_input(network, model.lora.max_length)
    answers = items.kind.untrained(model.objective, network, tokenizer, [], items.test, longest, [])
    return Run(next(iter(answers.values()))[0], 0, 0, [], round(time.monotonic() - begun, 2),
               items.kind.cut(items.test, tokenizer, longest))


def _write_predictions(out: Path, items: Items, answers: Mapping[str, Sequence[Answer]]) -> None:
    write_jsonl(out / "predictions.jsonl", (
        {"text": item.text, **({"second": item.second} if item.second else {}), "labels": item.labels,
         **{name: given[row] for name, given in answers.items()}} for row, item in enumerate(items.test)))


def items_of(work: StageContext, task_name: str, model: Model | None = None) -> Items:
    """Return the items of a task by part, with manual or derived labels.

    ``work``: with ``corpus/splits`` among its inputs. ``model``: whose translations are read;
    needed if the task uses them.

    Raises:
        Problem: the labeled data cannot be used.
    """
    task = work.language.tasks[task_name]
    if task.data:
        items = load_items(work.language, task_name, work.root)
        if task.of_pictures:
            assert model is not None  # callers without a model use only tasks that label lines
            _add_pictures(work, task_name, model, items)
        return items
    if task.of_translations:
        assert model is not None  # callers without a model use only tasks that label lines
        return translated_items(work, task_name, model)
    return derived_items(work, task_name)


def _add_pictures(work: StageContext, task_name: str, model: Model, items: Items) -> None:
    """Give the kind of ``items`` the vectors of their pictures, and what a teacher taught about them."""
    assert isinstance(items.kind, ImageRetrieval)
    name, = (name for name, found in work.language.models.items() if found is model)
    own, taught = f"task/{task_name}_{name}", f"alignment/{name}"
    add_pictures(items, work.language, task_name, work.root, work.inputs.get(own, work.out) / VECTORS)
    if taught in work.inputs and model.teaches(items.kind.task):
        learned = Learned.read(work.inputs[taught])
        items.kind.projection = learned.projection
        items.kind.taught = [text for text, _ in learned.pairs[:len(learned.targets)]], learned.targets.numpy()


def translated_items(work: StageContext, task_name: str, model: Model) -> Items:
    """Return the items from the model's translations; it was not trained on those of dev and test."""
    task = work.language.tasks[task_name]
    assert model.alignment is not None  # ensured by Language.tasks_of
    pairs = read_pairs_by_part(work, model.alignment)
    most: dict[Part, int] = {"train": task.train if task.fine_tune else 0, "dev": task.dev, "test": task.test}
    items = {part: [Item(pair.text, document=pair.document, second=pair.translation) for pair in pairs[part]]
             for part in PARTS}
    for drawn in items.values():
        random.Random(DRAW).shuffle(drawn)
    train, dev, test = (items[part][:most[part]] for part in PARTS)
    if len(test) < LEAST or (task.fine_tune and len(train) < LEAST):
        raise Problem(f"{len(test)} pairs of translations in test and {len(train)} in train; {LEAST} are needed",
                      where=f"{work.language.code} tasks.{task_name}",
                      fix="Add translations, or remove the task", code=Code.DATA_SPLIT)
    return Items(class_of(task)(task, []), train, dev, test)


def derived_items(work: StageContext, task_name: str) -> Items:
    """Return the items derived from the splits; names seen in training are not scored."""
    task, splits = work.language.tasks[task_name], work.inputs["corpus/splits"]
    train, dev, test = (derive(task, read_rows(splits / file_of(part)), count, DRAW, whole=part == "train")
                        for part, count in (("train", task.train), ("dev", task.dev), ("test", task.test)))
    if task.kind == "token_classification":
        known = known_names(train)
        dev, test = unseen_only(dev, known), unseen_only(test, known)
    for part, items in (("train", train), ("test", test)):
        count = sum(any(label != IGNORED for label in item.labels) for item in items)
        if count < LEAST:
            raise Problem(f"{count} items in {part} can be derived from the text; {LEAST} are needed",
                          where=f"{work.language.code} tasks.{task_name}",
                          fix=f"Add text, give {part} a larger share in `splits:`, or remove the task",
                          code=Code.DATA_SPLIT)
    return Items(class_of(task)(task, derived_labels(task)), train, dev, test)


class _Arms:
    """Predictions of the variants, cached in the scratch folder, which other processes share.

    ``items``: to train on and predict. ``learned``: items in another language, if the task has
    them.
    """

    def __init__(self, work: StageContext, name: str, model: Model, items: Items,
                 learned: TransferItems | None) -> None:
        self._work, self._name, self._model, self._items, self._learned = work, name, model, items, learned
        self._loaded: tuple[Arm, Any, Any] | None = None
        self._heads: dict[tuple[Arm, int], Head | None] = {}

    def tuned(self, arm: Arm, sizes: Sequence[int], seeds: Sequence[int]) -> dict[int, list[Run]]:
        """Return the trainings of some seeds at every size."""
        found: dict[int, list[Run]] = {}
        for size in sizes:
            train = self._items.train[:size]
            for seed in seeds:
                kept = self._work.scratch / f"{arm}-{size}-{seed}.json"
                one = Run.read(kept)
                if one is None:
                    head = self._head(arm, train)
                    self._work.progress(f"{arm}, {size} items, seed {seed}: {len(self._items.test)} to score")
                    folder = adapter_folder(self._work.scratch, arm, seed) if size == sizes[-1] else None
                    one = _one(self._items, self._ready(arm), self._model, train, seed, head, folder)
                    one.write(kept)
                    if self._model.lora.method == "full":
                        self._loaded = None  # all weights were changed
                found.setdefault(size, []).append(one)
        return found

    def scored_without_labels(self, arm: Arm) -> tuple[Untrained, list[Answer]]:
        """Return a variant's predictions without fine-tuning, and after training on another language."""
        return self._untrained(arm), self._transferred(arm)

    def _untrained(self, arm: Arm) -> Untrained:
        kept = self._work.scratch / f"{arm}-untrained.json"
        if not kept.is_file():
            network, tokenizer = self._ready(arm)
            settings = self._model.lora
            write_atomically(kept, json.dumps(self._items.kind.untrained(
                self._model.objective, network, tokenizer, self._items.train, self._items.test,
                longest_input(network, settings.max_length), settings.seeds)))
        found: Untrained = json.loads(kept.read_text(encoding="utf-8"))
        return found

    def _transferred(self, arm: Arm) -> list[Answer]:
        """Return a variant's predictions after training on another language; empty without such items."""
        if self._learned is None:
            return []
        kept = self._work.scratch / f"{arm}-transfer.json"
        if not kept.is_file():
            self._work.progress(f"{arm}, {len(self._learned.items)} items in {self._learned.language}: "
                                f"{len(self._items.test)} to score")
            write_atomically(kept, json.dumps(transfer_answers(
                self._items.kind, *self._ready(arm), self._learned.items, self._items.train, self._items.test,
                self._model.lora)))
        found: list[Answer] = json.loads(kept.read_text(encoding="utf-8"))
        return found

    def _ready(self, arm: Arm) -> tuple[Any, Any]:
        """Return a variant's frozen model and its tokenizer; one variant is loaded at a time."""
        if self._loaded is None or self._loaded[0] != arm:
            self._loaded = None
            load = load_chat_arm if self._items.kind.task.of_chats else load_arm
            network, tokenizer = load(arm, self._name, self._model, self._work.language, self._work.inputs)
            network.to("cuda" if torch.cuda.is_available() else "cpu").requires_grad_(False)
            self._loaded = arm, network, tokenizer
        return self._loaded[1:]

    def _head(self, arm: Arm, train: Sequence[Item]) -> Head | None:
        key = arm, len(train)
        if key not in self._heads:
            self._heads[key] = head_start(self._items.kind, *self._ready(arm), train, self._model.lora)
        return self._heads[key]


def _one(items: Items, loaded: tuple[Any, Any], model: Model, train: Sequence[Any], seed: int, head: Head | None,
         folder: Any) -> Run:
    network, tokenizer = loaded
    begun = time.monotonic()
    tuned = fine_tune(items.kind, network, tokenizer, train, items.dev, model.lora, seed, head)
    longest = longest_input(network, model.lora.max_length)
    calibration = None
    if folder is not None and isinstance(items.kind, Labelling):
        fitted = calibrate(items.kind, tuned.network, tokenizer, items.dev[:len(train)], longest)
        logits = label_logits(items.kind, tuned.network, tokenizer, items.test, longest)
        answers: list[Answer] = [*map(items.kind.answered, logits)]
        calibration = calibration_of(items.kind, logits, items.test, *fitted)
    else:
        answers = items.kind.predict(tuned.network, tokenizer, items.test, longest)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        save(tuned.network, folder)
    without_adapter(tuned.network)
    return Run(answers, tuned.steps, tuned.chosen, tuned.looks, round(time.monotonic() - begun, 2),
               items.kind.cut(items.test, tokenizer, longest), calibration)
