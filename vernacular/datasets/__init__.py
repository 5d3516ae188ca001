"""Labelled data that people made: found, read, checked, parted and freed of what stands on both sides.

``conll`` and ``tables`` read formats, ``files`` and ``hub`` know where data lies; here it becomes the items of a task.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vernacular.config.labeled_data import PARTS, FileData, HubData, Part
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File
from vernacular.core.store import digest_of_listed
from vernacular.datasets.division import divide
from vernacular.datasets.files import files_of, folder_of, rows_of_files
from vernacular.datasets.hub import LabelledDataset
from vernacular.datasets.notes import DataNote, numbers_of
from vernacular.datasets.parallel import with_both_sides
from vernacular.tasks.base import Item, Kind, Row, class_of
from vernacular.tasks.generation.prompts import check_label_words, examples
from vernacular.tasks.item_checks import check_labels_meet, contradictions_in, drop, labels_in

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

    def apart(self) -> dict[str, list[str]]:
        """The labels of one part alone: ``not_scored``, those that no item of test has, ``not_learned``, of train."""
        learned, scored = labels_in(self.kind, self.train), labels_in(self.kind, self.test)
        return {"not_scored": [label for label in learned if label not in scored],
                "not_learned": [label for label in scored if label not in learned]}

    def labels_of(self, item: Item) -> str:
        """The labels of one item, with spaces between."""
        return " ".join(self.kind.labels[number] for number in item.labels)


def rows_of(language: Language, name: str, part: Part, root: Path) -> Iterator[Row]:
    """The rows of a part of the task ``name``, as they stand in its data; none where the part is not named.

    Raises:
        Problem: some cannot be read; the others have been given.
    """
    yield from _rows(language, name, language.tasks[name], part, root)


def _rows(language: Language, name: str, task: Task, part: Part, root: Path,
          remarks: list[DataNote] | None = None) -> Iterator[Row]:
    if isinstance(task.data, HubData):
        yield from LabelledDataset(language, name, task, root).rows(part)
    elif isinstance(task.data, FileData):
        yield from rows_of_files(language, task, part, remarks)


def judging_rows(language: Language, name: str, root: Path) -> Iterator[Row]:
    """The rows that models are scored or chosen by: test, dev, and the share of train that stands in for either.

    Raises:
        Problem: they cannot be read, or divided.
    """
    task, parts = language.tasks[name], judging_parts(language.tasks[name])
    rows = {part: list(rows_of(language, name, part, root)) for part in parts}
    if "train" in parts:
        divide(task, rows)
    for part in sorted({*rows} - {"train"}):
        yield from rows[part]


def judging_parts(task: Task) -> tuple[Part, ...]:
    """The parts that ``judging_rows`` reads: dev and test, and train where one of them is drawn from it."""
    if task.data is None:
        return ()
    return PARTS if task.data.dev is None or task.data.test is None else ("dev", "test")


def data_files(language: Language, task: Task, parts: Sequence[Part] = PARTS) -> list[File]:
    """The files of a task's data, those of the hub excepted."""
    if not isinstance(task.data, FileData):
        return []
    return list(dict.fromkeys(file for part in parts for file in files_of(language, task.data, part)))


def named_files(language: Language) -> list[File]:
    """The files that the tasks name: their own data, and what they learn from in another language."""
    return [file for _, task in _with_data(language) for file in data_files(language, task)]


def version_of(language: Language, name: str, root: Path, parts: Sequence[Part] = PARTS) -> str:
    """A digest of the data of the task ``name`` (of a dataset on the hub always all); empty where it has none."""
    return _version(language, name, language.tasks[name], root, parts)


def transfer_version(language: Language, name: str, root: Path) -> str:
    """The same of the data in another language that the task ``name`` learns from."""
    task = language.tasks[name].transferred
    return "" if task is None else _version(language, _transfer(name), task, root, ("train",))


def _version(language: Language, name: str, task: Task, root: Path, parts: Sequence[Part]) -> str:
    if isinstance(task.data, HubData):
        return LabelledDataset(language, name, task, root).version()
    if not isinstance(task.data, FileData):
        return ""
    folder = folder_of(language, task.data)
    return digest_of_listed((folder.name_of(file), file) for file in data_files(language, task, parts))


def _transfer(name: str) -> str:
    """How the data in another language of the task ``name`` is called; no task can be called so."""
    return f"{name}-transfer"


def _with_data(language: Language) -> Iterator[tuple[str, Task]]:
    """Each set of labelled data: those of the tasks, and those in another language."""
    for name, task in language.tasks.items():
        yield name, task
        if task.transferred is not None:
            yield _transfer(name), task.transferred


def _on_hub(language: Language, root: Path) -> dict[str, LabelledDataset]:
    return {name: LabelledDataset(language, name, task, root) for name, task in _with_data(language)
            if isinstance(task.data, HubData)}


def fetch(language: Language, root: Path, progress: Callable[[str], None]) -> None:
    """Fetch the tasks' data that lies on the hub and was not fetched yet.

    Raises:
        Problem: it cannot be had.
    """
    for dataset in _on_hub(language, root).values():
        dataset.refresh(progress)


def not_fetched(language: Language, root: Path) -> list[str]:
    """The tasks whose data lies on the hub and was not fetched yet; that in another language as ``NAME-transfer``."""
    return [name for name, dataset in _on_hub(language, root).items() if not dataset.fetched()]


def fetched_over_network(language: Language, root: Path) -> list[str]:
    """The tasks whose data lies on the hub itself, fetched or not, called as in ``not_fetched``."""
    return [name for name, dataset in _on_hub(language, root).items() if dataset.local is None]


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
            for row in _rows(language, name, task, part, root, remarks):
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
    rows = list(_rows(language, _transfer(name), task, "train", root))
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
