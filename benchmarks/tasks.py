"""What adaptation gives to tasks: base, control and adapted at several numbers of labels, on real text and labels.

Labels are read where they are (``../shared/data``). How much is done is set from outside, so that two cores can do
some of it and a card all of it; every row contains what was set:

``BENCH_MINUTES`` (15) of pretraining for each arm, or ``BENCH_STEPS``; ``BENCH_SIZES`` (100,500,all), ``BENCH_SEEDS``
(3: how many), ``BENCH_TEST`` (all: the most items scored), ``BENCH_TASKS`` (ner,pos,sib200), ``BENCH_WORDS`` (all: the
most words of text), ``BENCH_TRANSLATIONS`` (0; 1: sentences of LAFAND teach the base first), ``BENCH_LORA`` (settings
of fine-tuning as JSON, such as {"epochs": 4}), ``BENCH_FULL`` (0; 1: full fine-tuning as well), ``BENCH_PLACE`` (a
folder that is kept, where a killed run continues).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from benchmarks.cleaning import real_lines
from benchmarks.extension import e5_small, minilm, model, some
from benchmarks.folder import CODE, run, write_folder
from benchmarks.registry import DATA, Row, figure, need
from vernacular.tasks.stage_results import LearningPoint, TaskResult

_LINES = 10  # of a document
_SEED_LINES = 2000
_NAME = "bench"
# The parts that are learned from; no task here is scored on them.
_TRANSLATED = {"nya": ("dev", "test"), "lug": ("train",)}
# task -> folder and settings; the columns of MasakhaNER 2, MasakhaPOS and SIB-200.
_TASKS: dict[str, dict[str, Any]] = {
    "ner": {"kind": "token_classification", "folder": "ner2", "ending": "txt",
            "data": {"format": "conll", "repair_bio": True}},
    "pos": {"kind": "token_classification", "tags": "plain", "folder": "pos", "ending": "txt",
            "data": {"format": "conll"}},
    "sib200": {"kind": "sequence_classification", "folder": "sib200", "ending": "tsv",
               "data": {"columns": {"label": "category"}}},
}


def _set(name: str, default: str) -> str:
    return os.environ.get(f"BENCH_{name}") or default


def _make_known(code: str, name: str, base_of: Callable[[], dict[str, str]]) -> None:
    def measure() -> Iterator[Row]:
        kept = os.environ.get("BENCH_PLACE")
        with tempfile.TemporaryDirectory() as place:
            yield from _measure(code, name, base_of(), Path(kept).resolve() / f"{code}_{name}" if kept else Path(place))

    measure.__name__ = f"tasks_{code}_{name}"
    measure.__doc__ = f"Points that {name} adapted to {code} gains over its base on NER, POS and topics, by labels."
    figure(measure)


for _code in ("nya", "lug"):
    _make_known(_code, "minilm", minilm)
    _make_known(_code, "e5_small", e5_small)


def task_settings(code: str, name: str, sizes: str, most_test: str) -> dict[str, Any]:
    """The entry of language.yaml for one task on the real labels of a language."""
    about = _TASKS[name]
    files = {part: f"{part}.{about['ending']}" for part in ("train", "dev", "test")}
    most = {} if most_test == "all" else {"most": {"test": int(most_test)}}
    folder = str(need(DATA / code / about["folder"]).resolve())
    data = {"kind": "files", "folder": folder, **files, **about["data"], **most}
    return {"kind": about["kind"], "tags": about.get("tags", "bio"), "data": data,
            "curve": [size if size == "all" else int(size) for size in sizes.split(",")]}


def alignment_settings(code: str, folder: Path) -> dict[str, Any]:
    """The ``alignment`` of language.yaml on real translations, which are put into the folder."""
    about = {"kind": "files", "licence": "CC-BY-NC-4.0", "consent": "public-licence", "register": "news"}
    sides = {}
    for role, side in (("source", code), ("translation", "en")):
        parts = [need(DATA / code / "lafand" / f"{part}.{side}") for part in _TRANSLATED[code]]
        (folder / f"lafand_{side}.txt").write_text("".join(part.read_text(encoding="utf-8").rstrip("\n") + "\n"
                                                           for part in parts), encoding="utf-8")
        sides[role] = {**about, "name": f"lafand_{side}", "files": f"lafand_{side}.txt"}
    return {"translations": [sides]}


def _measure(code: str, name: str, base: dict[str, str], place: Path) -> Iterator[Row]:
    set_to = {key.lower(): _set(key, default) for key, default in (
        ("MINUTES", "15"), ("STEPS", ""), ("SIZES", "100,500,all"), ("SEEDS", "3"), ("TEST", "all"),
        ("TASKS", "ner,pos,sib200"), ("WORDS", "all"), ("LORA", "{}"), ("FULL", "0"), ("TRANSLATIONS", "0"))}
    lines = real_lines(code)
    if set_to["words"] != "all":
        lines = list(some(lines, int(set_to["words"])))
    budget = {"steps": int(set_to["steps"])} if set_to["steps"] else {"minutes": float(set_to["minutes"])}
    changes: dict[str, Any] = {"pretraining": {"max_epochs": 20, **budget},
                               "lora": {"seeds": list(range(1, int(set_to["seeds"]) + 1)),
                                        **json.loads(set_to["lora"])}}
    tasks = {task: task_settings(code, task, set_to["sizes"], set_to["test"]) for task in set_to["tasks"].split(",")}
    folder, root = place / "languages" / CODE, place / "artifacts"
    if not folder.exists():
        write_folder(place, lines[::max(1, len(lines) // _SEED_LINES)],
                     {"text": ["\n".join(lines[at:at + _LINES]) for at in range(0, len(lines), _LINES)]},
                     models={_NAME: model(base, steps=1, passes=20)})
    aligned = []
    if set_to["translations"] == "1":
        changes["alignment"], aligned = alignment_settings(code, folder), [f"alignment/{_NAME}"]
    _write(folder, changes, tasks)
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    run(folder, root, threads=threads, watch=True)
    run(folder, root, *aligned, f"tokenizer/{_NAME}", f"model/{_NAME}_control", f"model/{_NAME}", threads=threads,
        watch=True)
    lora = {}
    for task in tasks:
        run(folder, root, f"task/{task}_{_NAME}", threads=threads, watch=True)
        lora[task] = _result(root, task)
        yield from (_row(f"task_gain_{code}_{task}", name, point, lora[task], set_to) for point in lora[task].curve)
    if set_to["full"] == "1":
        _write(folder, {**changes, "lora": {**changes["lora"], "method": "full"}}, tasks)
        for task in tasks:
            run(folder, root, f"task/{task}_{_NAME}", threads=threads, watch=True)
            for ours, theirs in zip(lora[task].curve, _result(root, task).curve, strict=True):
                for arm in ("base", "adapted"):
                    mine, other = 100 * ours.means[arm], 100 * theirs.means[arm]
                    yield Row(f"lora_minus_full_{code}_{task}_{ours.train_items}_{arm}", mine - other, "points",
                              reference=other, details={"model": name, "lora": _seeds(ours, arm),
                                                        "full": _seeds(theirs, arm)})


def _write(folder: Path, changes: dict[str, Any], tasks: dict[str, Any]) -> None:
    """Set the tasks of a folder, and ``changes`` of its model."""
    path = folder / "language.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["models"][_NAME] |= changes
    path.write_text(yaml.safe_dump({**settings, "tasks": tasks}), encoding="utf-8")


def _result(root: Path, task: str) -> TaskResult:
    from vernacular.core.store import Store

    stage = f"task/{task}_{_NAME}"
    artifact = Store(root).current(CODE, stage)
    assert artifact is not None  # it was just made
    return artifact.manifest.report.read_result(TaskResult, stage)


def _seeds(point: LearningPoint, arm: str) -> list[float]:
    return [round(100 * row.score, 2) for row in point.scores[arm]]


def _row(name: str, base: str, point: LearningPoint, result: TaskResult, set_to: dict[str, str]) -> Row:
    """The gain at one size, in points; the reference is the base."""
    means, size = point.means, point.train_items
    marked = "all" if point is result.curve[-1] and set_to["sizes"].endswith("all") else size
    return Row(f"{name}_{marked}", 100 * (means["adapted"] - means["base"]), "points", reference=100 * means["base"],
               details={
                   "model": base, "metric": point.metric, "items": size, "scored": result.test_items,
                   **{arm: _seeds(point, arm) for arm in ("base", "control", "adapted")},
                   "intervals": {key: [round(100 * value, 2) for value in found]
                                 for key, found in point.intervals.items()},
                   "floors": {key: round(100 * value, 2) for key, value in point.floors.items()},
                   "dead": point.dead, "seconds of a seed": round(fmean(
                       row.seconds for rows in point.scores.values() for row in rows), 1), "set": set_to})
