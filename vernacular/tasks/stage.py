"""The stage ``task/<task>_<model>``: the same items, budget and seeds for base, control and adapted, and the floors.

Writes ``<arm>/seed-<n>/`` (adapter and head) and ``predictions.jsonl``. A killed run goes on with the next seed.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from vernacular.arms import ARMS, load_arm
from vernacular.artifacts import Gate, Report, write_atomically
from vernacular.config.schema import Model, Task
from vernacular.jsonl import read_jsonl, write_jsonl
from vernacular.plots import bars
from vernacular.stages import Work
from vernacular.tasks.finetune import fine_tune, probabilities, save
from vernacular.tasks.floors import majority_floor, tfidf_floor
from vernacular.tasks.items import Item, derive, known_names, label_names, unseen_only
from vernacular.tasks.predictor import adapter_folder
from vernacular.tasks.scoring import difference, score

DRAW = 5  # seed of the draw of items: the same for every model, so that their scores may be compared


def run(work: Work, name: str, model: Model, task_name: str) -> Report:
    """Fine-tune and score one task on the three arms."""
    task: Task = work.language.tasks[task_name]
    by_word, labels = task.kind == "token_classification", label_names(task)
    train, test = items_of(work, task)
    predictions: dict[str, list[list[list[int]]]] = {}
    for arm in ARMS:
        predictions[arm] = []
        for seed in model.lora.seeds:
            work.progress(f"{arm}, seed {seed}: {len(train)} items to learn, {len(test)} to score")
            predictions[arm].append(_one(work, name, model, arm, seed, train, test, by_word, len(labels)))
    by_run = {f"{arm}_{seed}": found for arm in ARMS
              for seed, found in zip(model.lora.seeds, predictions[arm], strict=True)}
    write_jsonl(work.out / "predictions.jsonl", (
        {"text": item.text, "labels": item.labels, **{name: found[row] for name, found in by_run.items()}}
        for row, item in enumerate(test)))
    return _report(work, model, task_name, task, train, test, predictions)


def items_of(work: Work, task: Task) -> tuple[list[Item], list[Item]]:
    """The items to learn from and the items to score; names seen in training are not scored."""
    splits = work.inputs["corpus/splits"]
    train = derive(task, read_jsonl(splits / "train.jsonl"), task.train, DRAW)
    test = derive(task, read_jsonl(splits / "test.jsonl"), task.test, DRAW)
    return train, unseen_only(test, known_names(train)) if task.kind == "token_classification" else test


def _one(work: Work, name: str, model: Model, arm: Any, seed: int, train: list[Item], test: list[Item], by_word: bool,
         labels: int) -> list[list[int]]:
    """The predicted labels of the test items by one arm and seed; kept, so that a killed run need not repeat them."""
    kept = work.scratch / f"{arm}-{seed}.json"
    folder = adapter_folder(work.scratch, arm, seed)
    if not kept.is_file():
        network, tokenizer = load_arm(arm, name, model, work.language, work.inputs)
        network.to("cuda" if torch.cuda.is_available() else "cpu")
        classifier = fine_tune(network, tokenizer, train, by_word, labels, model.lora, seed)
        found = probabilities(classifier, tokenizer, [item.text for item in test], by_word, model.lora.max_length)
        save(classifier, folder)
        write_atomically(kept, json.dumps([table.argmax(-1).tolist() for table in found]))
    target = adapter_folder(work.out, arm, seed)
    target.mkdir(parents=True)
    for file in folder.iterdir():
        target.joinpath(file.name).write_bytes(file.read_bytes())
    predicted: list[list[int]] = json.loads(kept.read_text(encoding="utf-8"))
    return predicted


def _report(work: Work, model: Model, task_name: str, task: Task, train: list[Item], test: list[Item],
            predictions: dict[str, list[list[list[int]]]]) -> Report:
    by_word, labels = task.kind == "token_classification", label_names(task)
    scores = {arm: [{"seed": seed, "score": score(test, predicted, by_word)}
                    for seed, predicted in zip(model.lora.seeds, predictions[arm], strict=True)] for arm in ARMS}
    floors = {"majority": majority_floor(train, test, by_word), "tfidf_logistic": tfidf_floor(train, test, by_word, 1)}
    ours = predictions["adapted"]
    intervals = {f"adapted_minus_{other}": list(difference(test, ours, predictions[other], by_word, 1))
                 for other in ("base", "control")}
    metric = "f1_unseen_names" if by_word else "macro_f1"
    report = Report(details={
        "task": task_name, "kind": task.kind, "labels": labels, "metric": metric, "train_items": len(train),
        "test_items": len(test), "scores": scores, "floors": floors, "intervals": intervals})
    report.count("train_items", len(train), "labelled items learned from")
    report.count("test_items", len(test), "labelled items scored")
    report.count("rows", len(test), "items in predictions.jsonl")
    means = {arm: float(np.mean([row["score"] for row in scores[arm]])) for arm in ARMS}
    for arm in ARMS:
        report.count(f"{metric}_{arm}", means[arm], f"mean over {len(model.lora.seeds)} seeds, {arm}")
    report.count(f"{metric}_tfidf", floors["tfidf_logistic"], "floor: TF-IDF with logistic regression")
    report.count(f"{metric}_majority", floors["majority"], "floor: the commonest label")
    report.samples["scores by seed"] = [{"model": arm, **row} for arm in ARMS for row in scores[arm]]
    bars(work.out / "scores.png", f"{task_name}: {metric}", [*ARMS, "TF-IDF", "majority"],
         [*means.values(), floors["tfidf_logistic"], floors["majority"]], metric)
    report.plots[f"{task_name} by model"] = "scores.png"
    dead = [f"{arm} seed {row['seed']}" for arm in ARMS for row in scores[arm] if row["score"] <= floors["majority"]]
    report.gates.append(Gate(name="every_seed_alive", passed=not dead, value=len(dead), threshold=0, reason=(
        f"at or below the majority floor: {', '.join(dead)}" if dead else "every seed is above the majority floor")))
    low, mean, high = intervals["adapted_minus_base"]
    report.gates.append(Gate(
        name="adapted_beats_base", passed=low > 0, value=mean, threshold=0,
        reason=f"adapted minus base {mean:+.3f}, 95% interval {low:+.3f} to {high:+.3f} over items and seeds"))
    return report
