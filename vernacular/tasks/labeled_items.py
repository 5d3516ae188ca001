"""The items of a task whose data people made: read, checked, divided, and freed of what is on both sides."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from vernacular.config.labeled_data import PARTS, Part
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
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

LEAST = 8  # items of a part that is learned from or scored
_MENDED = {"tags_repaired": "tags that continue no entity, or are of BIOES, read as IOB2 (`repair_bio: false` refuses "
                            "them)"}
_DRAW = 5  # seed of the order of the training items: the same for every model


@dataclass
class Items:
    """The items of a task by part, ready to be learned from and scored.

    Attributes:
        kind: of the task, with its labels.
        train: in an order drawn once: the first 50 are part of the first 100.
        dev: to choose by; may be empty.
        test: scored.
        notes: what was done to the data, or is odd about it -> number of items.
        contradictions: texts that stand in the data with different labels: the first item of each, and the first that
            says otherwise.
        remarks: what a reader chose or left out.
    """

    kind: Kind
    train: list[Item]
    dev: list[Item]
    test: list[Item]
    notes: dict[str, int] = field(default_factory=dict)
    contradictions: list[tuple[Item, Item]] = field(default_factory=list)
    remarks: list[DataNote] = field(default_factory=list)

    def apart(self) -> LabelsApart:
        """The labels of one part alone: those that no item of test has, and those that no item of train has."""
        learned, scored = labels_in(self.kind, self.train), labels_in(self.kind, self.test)
        return LabelsApart(not_scored=[label for label in learned if label not in scored],
                           not_learned=[label for label in scored if label not in learned])

    def labels_of(self, item: Item) -> str:
        """The labels of one item, with spaces between."""
        return " ".join(self.kind.labels[number] for number in item.labels)


def load_items(language: Language, name: str, root: Path) -> Items:
    """The items of the task ``name``, whose data people made.

    Raises:
        Problem: all rows that cannot be used; or there are too few of them, all with one label, scored by labels never
            learned, or a prompt does not fit them.
    """
    task, remarks, where = language.tasks[name], list[DataNote](), f"{language.code} tasks.{name}"
    assert task.data is not None
    rows, kind, parts, taken = _read(language, name, task, root, remarks)
    if task.prompt is not None:
        check_label_words(task.prompt, kind.labels, where)
    if len(kind.labels) == 1 and not task.multi_label:
        raise Problem(f"every item has the label '{kind.labels[0]}'", where=where,
                      fix="Give it items of two labels or more: of one there is nothing to learn")
    contradictions = contradictions_in(item for part in PARTS for item in parts[part])
    remarks += [DataNote(note, where, number, _MENDED[note]) for note, number in
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
            same = f", once {again} are left out that stand in test or dev, too" if part == "train" and again else ""
            raise Problem(f"{len(parts[part])} items in {part}{same}", where=where, fix=f"Give it {LEAST} or more")
    check_labels_meet(kind, parts, where)
    if task.prompt is not None:
        try:
            examples(parts["train"], parts["test"], max(task.prompt.shots, default=0), _DRAW)
        except Problem as problem:
            raise Problem(problem.what, where=f"{where} {problem.where}", fix=problem.fix) from None
    return Items(kind, parts["train"], parts["dev"], parts["test"], notes, contradictions, remarks)


def _read(language: Language, name: str, task: Task, root: Path,
          remarks: list[DataNote]) -> tuple[dict[Part, list[Row]], Kind, dict[Part, list[Item]], dict[str, int]]:
    """The rows of each part of a task, its kind with the labels in them, each part's items, and what was divided.

    Raises:
        Problem: all rows that cannot be used.
    """
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
    faults.done()
    return rows, kind, parts, taken


def load_transfer_items(language: Language, name: str, root: Path, items: Items) -> list[Item]:
    """What the task ``name`` learns from labelled data in another language, in an order drawn once.

    Items whose words are those of an item that is scored or chosen by are left out.

    Args:
        language: whose task it is.
        name: of the task.
        root: of the store.
        items: of the task.

    Raises:
        Problem: a row that cannot be read, a label that the task does not have, or too few items.
    """
    task, where = language.tasks[name].transferred, f"{language.code} tasks.{name}.transfer"
    assert task is not None
    rows = list(rows_of_task(language, transfer_name(name), task, "train", root))
    kind_class = class_of(task)
    unknown = [label for label in kind_class.labels_of(task, rows) if label not in items.kind.labels]
    if unknown:
        raise Problem(f"no item of the task has the label {', '.join(unknown)}", where=where, fix=(
            f"Rename it in the data, or take these rows out; labels of the task: {', '.join(items.kind.labels)}"))
    kind = kind_class(task, items.kind.labels)
    parts: dict[Part, list[Item]] = {"train": [kind.item(row) for row in rows], "dev": items.dev, "test": items.test}
    judging: tuple[Part, ...] = ("dev", "test")
    for part in judging:
        drop(kind, parts, "train", part)
    random.Random(_DRAW).shuffle(parts["train"])
    if len(parts["train"]) < LEAST:
        raise Problem(f"{len(parts['train'])} items to learn from", where=where, fix=f"Give it {LEAST} or more")
    return parts["train"]
