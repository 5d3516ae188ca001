"""The stage ``task/<task>_<model>``: the same items, budget and seeds for base, control and adapted, and the floors.

Writes ``<arm>/seed-<n>/`` (adapter and head of the largest size), ``labels.json`` and ``predictions.jsonl``. A killed
run goes on with the next arm, size and seed.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from vernacular.alignment.pairs import read_pairs_by_part
from vernacular.arms import ARMS, Arm, load_arm
from vernacular.artifacts import Report, write_atomically
from vernacular.config.schema import Model
from vernacular.config.tasks import PARTS, Part
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl, write_jsonl
from vernacular.models import longest_input
from vernacular.stages import Work
from vernacular.tasks.curve import Run, Untrained, sizes_of
from vernacular.tasks.data import LEAST, Items, load_items
from vernacular.tasks.derived import DRAW, derive, known_names, label_names, unseen_only
from vernacular.tasks.finetune import fine_tune, head_start
from vernacular.tasks.kind import IGNORED, Answer, Head, Item, class_of
from vernacular.tasks.network import save, without_adapter
from vernacular.tasks.predictor import LABELS, adapter_folder
from vernacular.tasks.report import write_report
from vernacular.tasks.transfer import TransferItems, TransferRun, transfer_answers, transfer_items


def run(work: Work, name: str, model: Model, task_name: str) -> Report:
    """Fine-tune and score one task on the three arms, at every size.

    Raises:
        Problem: the labelled data cannot be used.
    """
    task, items = work.language.tasks[task_name], items_of(work, task_name, model)
    if not task.fine_tune:
        return _as_they_are(work, name, model, task_name, items)
    sizes, learned = sizes_of(task.curve, len(items.train)), transfer_items(work, model, task_name, items)
    runs: dict[Arm, dict[int, list[Run]]] = {}
    untrained: dict[Arm, Untrained] = {}
    transferred: dict[Arm, list[Answer]] = {}
    for arm in ARMS:
        runs[arm], untrained[arm], transferred[arm] = _arm(work, name, model, arm, items, sizes, learned)
    (work.out / LABELS).write_text(json.dumps(items.kind.labels, ensure_ascii=False) + "\n", encoding="utf-8")
    _write_predictions(work.out, items, {f"{arm}_{seed}": found.answers for arm in ARMS for seed, found in zip(
        model.lora.seeds, runs[arm][sizes[-1]], strict=True)})
    return write_report(work.out, task_name, items, sizes, model.lora.seeds, runs, untrained,
                        None if learned is None else TransferRun(learned, transferred))


def _as_they_are(work: Work, name: str, model: Model, task_name: str, items: Items) -> Report:
    """Score the three arms without any training: what costs time is reading the test items once for each."""
    runs: dict[Arm, dict[int, list[Run]]] = {}
    for arm in ARMS:
        work.progress(f"{arm}, not fine-tuned: {len(items.test)} to score")
        begun = time.monotonic()
        network, tokenizer = load_arm(arm, name, model, work.language, work.inputs)
        network.to("cuda" if torch.cuda.is_available() else "cpu").requires_grad_(False)
        longest = longest_input(network, model.lora.max_length)
        answers = items.kind.untrained(model.objective, network, tokenizer, [], items.test, longest, [])
        runs[arm] = {0: [Run(next(iter(answers.values()))[0], 0, 0, [], round(time.monotonic() - begun, 2),
                             items.kind.cut(items.test, tokenizer, longest))]}
    _write_predictions(work.out, items, {arm: runs[arm][0][0].answers for arm in ARMS})
    return write_report(work.out, task_name, items, [0], [0], runs, {arm: {} for arm in ARMS})


def _write_predictions(out: Path, items: Items, answers: Mapping[str, Sequence[Answer]]) -> None:
    """Write the scored items, each with what was answered, by name of who did."""
    write_jsonl(out / "predictions.jsonl", (
        {"text": item.text, **({"second": item.second} if item.second else {}), "labels": item.labels,
         **{name: given[row] for name, given in answers.items()}} for row, item in enumerate(items.test)))


def items_of(work: Work, task_name: str, model: Model | None = None) -> Items:
    """The items of a task by part, whoever labelled them.

    Args:
        work: with ``corpus/splits`` among its inputs.
        task_name: of the task.
        model: whose translations are read; needed if the task is of these.

    Raises:
        Problem: the labelled data cannot be used.
    """
    task = work.language.tasks[task_name]
    if task.data:
        return load_items(work.language, task_name, work.root)
    if task.of_translations:
        assert model is not None  # whoever asks without one asks for tasks that label lines
        return translated_items(work, task_name, model)
    return derived_items(work, task_name)


def translated_items(work: Work, task_name: str, model: Model) -> Items:
    """The items that are pairs of the model's translations; none of dev and test was learned from by the model.

    Raises:
        Problem: there are too few of them, or the translations cannot be read.
    """
    task = work.language.tasks[task_name]
    assert model.alignment is not None  # Language.tasks_of
    pairs = read_pairs_by_part(work, model.alignment)
    most: dict[Part, int] = {"train": task.train if task.fine_tune else 0, "dev": task.dev, "test": task.test}
    items = {part: [Item(pair.text, document=pair.document, second=pair.translation) for pair in pairs[part]]
             for part in PARTS}
    for drawn in items.values():
        random.Random(DRAW).shuffle(drawn)
    train, dev, test = (items[part][:most[part]] for part in PARTS)
    if len(test) < LEAST or (task.fine_tune and len(train) < LEAST):
        raise Problem(f"{len(test)} pairs of translations in test and {len(train)} in train, and {LEAST} are needed",
                      where=f"{work.language.code} tasks.{task_name}",
                      fix="Translate documents of `sources:`, give test more of them in `splits:`, or remove the task")
    return Items(class_of(task)(task, []), train, dev, test)


def derived_items(work: Work, task_name: str) -> Items:
    """The items that are derived from the splits; names seen in training are not scored.

    Raises:
        Problem: there are too few of them.
    """
    task, splits = work.language.tasks[task_name], work.inputs["corpus/splits"]
    train, dev, test = (derive(task, read_jsonl(splits / f"{part}.jsonl"), count, DRAW, whole=part == "train")
                        for part, count in (("train", task.train), ("dev", task.dev), ("test", task.test)))
    if task.kind == "token_classification":
        known = known_names(train)
        dev, test = unseen_only(dev, known), unseen_only(test, known)
    for part, items in (("train", train), ("test", test)):
        count = sum(any(label != IGNORED for label in item.labels) for item in items)
        if count < LEAST:
            raise Problem(f"{count} items in {part} can be derived from the text, and {LEAST} are needed",
                          where=f"{work.language.code} tasks.{task_name}",
                          fix=f"Add text, give {part} a larger share in `splits:`, or remove the task")
    return Items(class_of(task)(task, label_names(task)), train, dev, test)


def _arm(work: Work, name: str, model: Model, arm: Arm, items: Items, sizes: Sequence[int],
         learned: TransferItems | None) -> tuple[dict[int, list[Run]], Untrained, list[Answer]]:
    """Every size and seed of one arm; before them what it answers as it is, and what after ``learned`` alone.

    Its model is loaded once, and only if there is something to do.
    """
    loaded: tuple[Any, Any] | None = None
    found: dict[int, list[Run]] = {}

    def ready() -> tuple[Any, Any]:
        nonlocal loaded
        if loaded is None:
            loaded = load_arm(arm, name, model, work.language, work.inputs)
            loaded[0].to("cuda" if torch.cuda.is_available() else "cpu").requires_grad_(False)
        return loaded

    untrained = _untrained(work, model, arm, items, ready)
    transferred = [] if learned is None else _transferred(work, model, arm, items, learned, ready)
    for size in sizes:
        train, head, started = items.train[:size], None, False
        for seed in model.lora.seeds:
            kept, last = work.scratch / f"{arm}-{size}-{seed}.json", size == sizes[-1]
            folder = adapter_folder(work.scratch, arm, seed)
            one = Run.read(kept)
            if one is None:
                if not started:
                    head, started = head_start(items.kind, *ready(), train, model.lora), True
                work.progress(f"{arm}, {size} items, seed {seed}: {len(items.test)} to score")
                one = _one(items, ready(), model, train, seed, head, folder if last else None)
                one.write(kept)
                if model.lora.method == "full":
                    loaded = None  # every weight was changed
            if last:
                shutil.copytree(folder, adapter_folder(work.out, arm, seed))
            found.setdefault(size, []).append(one)
    return found, untrained, transferred


def _untrained(work: Work, model: Model, arm: Arm, items: Items, ready: Callable[[], tuple[Any, Any]]) -> Untrained:
    """What an arm answers without fine-tuning; kept, as a training is."""
    kept = work.scratch / f"{arm}-untrained.json"
    if not kept.is_file():
        network, tokenizer = ready()
        write_atomically(kept, json.dumps(items.kind.untrained(
            model.objective, network, tokenizer, items.train, items.test,
            longest_input(network, model.lora.max_length), model.lora.seeds)))
    found: Untrained = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _transferred(work: Work, model: Model, arm: Arm, items: Items, learned: TransferItems,
                 ready: Callable[[], tuple[Any, Any]]) -> list[Answer]:
    """What an arm answers that learned from another language alone; kept, as a training is."""
    kept = work.scratch / f"{arm}-transfer.json"
    if not kept.is_file():
        work.progress(f"{arm}, {len(learned.items)} items in {learned.language}: {len(items.test)} to score")
        write_atomically(kept, json.dumps(transfer_answers(items.kind, *ready(), learned.items, items.train,
                                                           items.test, model.lora)))
    found: list[Answer] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _one(items: Items, loaded: tuple[Any, Any], model: Model, train: Sequence[Any], seed: int, head: Head | None,
         folder: Any) -> Run:
    """One training, its answers, and in ``folder`` its adapter, if that is kept."""
    network, tokenizer = loaded
    begun = time.monotonic()
    tuned = fine_tune(items.kind, network, tokenizer, train, items.dev, model.lora, seed, head)
    longest = longest_input(network, model.lora.max_length)
    answers = items.kind.predict(tuned.network, tokenizer, items.test, longest)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        save(tuned.network, folder)
    without_adapter(tuned.network)
    return Run(answers, tuned.steps, tuned.chosen, tuned.looks, round(time.monotonic() - begun, 2),
               items.kind.cut(items.test, tokenizer, longest))
