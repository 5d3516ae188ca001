"""Items of tasks with manual labels: read, checked, divided, and deduplicated across parts."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from vernacular.config.labeled_data import PARTS, Part
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.division import divide
from vernacular.datasets.items import Item, Row
from vernacular.datasets.labeled import rows_of_task, transfer_name
from vernacular.datasets.notes import DataNote, numbers_of
from vernacular.datasets.parallel import with_both_sides
from vernacular.tasks.base import Kind, class_of
from vernacular.tasks.generation.prompts import check_label_words, examples
from vernacular.tasks.item_checks import check_labels_meet, contradictions_in, drop, labels_in
from vernacular.tasks.stage_results import LabelsApart

LEAST = 8  # least items of a training or test part
_REPAIRED = {"tags_repaired": "orphan I- tags and BIOES tags, converted to IOB2 (`repair_bio: false` rejects them)"}
_DRAW = 5  # seed of the training order, equal for every model


@dataclass
class Items:
    """The items of a task by part."""

    kind: Kind  # of the task, with its labels
    train: list[Item]  # in a fixed random order: the first 50 are part of the first 100
    dev: list[Item]  # for selection; may be empty
    test: list[Item]  # scored
    # corrections and oddities of the data -> number of items
    notes: dict[str, int] = field(default_factory=dict)
    # texts with contradictory labels: the first item of each, and the first that differs
    contradictions: list[tuple[Item, Item]] = field(default_factory=list)
    remarks: list[DataNote] = field(default_factory=list)  # notes of the reader

    def apart(self) -> LabelsApart:
        """Return labels of one part only: those that no item in test, and those that no item missing in train has."""
        learned, scored = labels_in(self.kind, self.train), labels_in(self.kind, self.test)
        return LabelsApart(not_scored=[label for label in learned if label not in scored],
                           not_learned=[label for label in scored if label not in learned])

    def labels_of(self, item: Item) -> str:
        """Return the labels of one item, separated by spaces."""
        return " ".join(self.kind.labels[number] for number in item.labels)


def load_items(language: Language, name: str, root: Path) -> Items:
    """Load the items of the task ``name`` with manual labels.

    Raises:
        Problem: all invalid rows; or too few, all with one label, without common labels, or an
            unsuitable prompt.
    """
    task, remarks, where = language.tasks[name], list[DataNote](), f"{language.code} tasks.{name}"
    assert task.data is not None
    rows, kind, parts, taken = _read(language, name, task, root, remarks)
    if task.prompt is not None:
        check_label_words(task.prompt, kind.labels, where)
    if len(kind.labels) == 1 and not task.multi_label:
        raise Problem(f"every item has the label '{kind.labels[0]}'", where=where,
                      fix="Add items with at least two labels: one label cannot be learned", code=Code.DATA_LABEL)
    contradictions = contradictions_in(item for part in PARTS for item in parts[part])
    remarks += [DataNote(note, where, number, _REPAIRED[note]) for note, number in
                kind.notes(task, [row for part in PARTS for row in rows[part]]).items()]
    notes = {**numbers_of(remarks), **taken}
    notes["train_also_in_test"] = drop(kind, parts, "train", "test")
    notes["train_also_in_dev"] = drop(kind, parts, "train", "dev")
    notes["dev_also_in_test"] = drop(kind, parts, "dev", "test")
    if contradictions:
        notes["texts_labelled_differently"] = len(contradictions)
    for part in PARTS:
        random.Random(_DRAW).shuffle(parts[part])
        most = task.data.most.get(part)
        if most is not None:
            parts[part] = parts[part][:most]
    again = notes["train_also_in_test"] + notes["train_also_in_dev"]
    for part in ("train", "test"):
        if len(parts[part]) < LEAST:
            same = f", without {again} that also occur in test or dev" if part == "train" and again else ""
            raise Problem(f"{len(parts[part])} items in {part}{same}", where=where,
                          fix=f"Add items, to at least {LEAST}", code=Code.DATA_SPLIT)
    check_labels_meet(kind, parts, where)
    if task.prompt is not None:
        try:
            examples(parts["train"], parts["test"], max(task.prompt.shots, default=0), _DRAW)
        except Problem as problem:
            raise Problem(problem.what, where=f"{where} {problem.where}", fix=problem.fix,
                          code=problem.code) from None
    return Items(kind, parts["train"], parts["dev"], parts["test"], notes, contradictions, remarks)


def _read(language: Language, name: str, task: Task, root: Path,
          remarks: list[DataNote]) -> tuple[dict[Part, list[Row]], Kind, dict[Part, list[Item]], dict[str, int]]:
    """Return the rows of each part, the kind with its labels, each part's items, and the division."""
    faults, rows, kind_class = Collector(), dict[Part, list[Row]](), class_of(task)
    for part in PARTS:
        rows[part] = []
        with faults.collect():
            for row in rows_of_task(language, name, task, part, root, remarks):
                rows[part].append(row)
        if task.data is not None and "source" in task.columns():
            rows[part] = with_both_sides(rows[part], task.data.most_unmatched, remarks, faults)
    everything = kind_class.usable(task, [row for part in PARTS for row in rows[part]], faults)
    kind, usable = kind_class(task, kind_class.labels_of(task, everything)), set(map(id, everything))
    parts: dict[Part, list[Item]] = {part: [] for part in PARTS}
    for part in PARTS:
        rows[part] = [row for row in rows[part] if id(row) in usable]
    taken = divide(task, rows)
    for part in PARTS:
        for row in rows[part]:
            with faults.collect():
                parts[part].append(kind.item(row))
    faults.raise_collected()
    return rows, kind, parts, taken


def load_transfer_items(language: Language, name: str, root: Path, items: Items) -> list[Item]:
    """Return the transfer items of the task ``name`` from another language, in a fixed random order.

    Items with the words of a test or dev item are excluded.

    Raises:
        Problem: an invalid row, an unknown label, or too few items.
    """
    task, where = language.tasks[name].transferred, f"{language.code} tasks.{name}.transfer"
    assert task is not None
    rows = list(rows_of_task(language, transfer_name(name), task, "train", root))
    kind_class = class_of(task)
    unknown = [label for label in kind_class.labels_of(task, rows) if label not in items.kind.labels]
    if unknown:
        raise Problem(f"no item of the task has the label {', '.join(unknown)}", where=where, fix=(
            f"Rename it in the data, or remove these rows; labels of the task: {', '.join(items.kind.labels)}"),
                      code=Code.DATA_LABEL)
    kind = kind_class(task, items.kind.labels)
    parts: dict[Part, list[Item]] = {"train": [kind.item(row) for row in rows], "dev": items.dev, "test": items.test}
    judging: tuple[Part, ...] = ("dev", "test")
    for part in judging:
        drop(kind, parts, "train", part)
    random.Random(_DRAW).shuffle(parts["train"])
    if len(parts["train"]) < LEAST:
        raise Problem(f"only {len(parts['train'])} training items", where=where,
                      fix=f"Add items, to at least {LEAST}", code=Code.DATA_SPLIT)
    return parts["train"]
