"""Labelled data that people made: found, read, checked, parted and freed of what stands on both sides.

``conll`` and ``tables`` read formats, ``files`` and ``hub`` know where data lies; here it becomes the items of a task.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vernacular.artifacts import digest_of_listed
from vernacular.config.labeled_data import PARTS, FileData, HubData, Part
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.corpus.words import plain_words
from vernacular.errors import Problem
from vernacular.files import File
from vernacular.tasks.data.division import divide
from vernacular.tasks.data.files import files_of, folder_of, rows_of_files
from vernacular.tasks.data.hub import LabelledDataset
from vernacular.tasks.generation.prompts import check_label_words, examples
from vernacular.tasks.kind import Item, Kind, Row, class_of

LEAST = 8  # items of a part that is learned from or scored
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
    """

    kind: Kind
    train: list[Item]
    dev: list[Item]
    test: list[Item]
    notes: dict[str, int] = field(default_factory=dict)
    contradictions: list[tuple[Item, Item]] = field(default_factory=list)

    def apart(self) -> dict[str, list[str]]:
        """The labels of one part alone: ``not_scored``, those that no item of test has, ``not_learned``, of train."""
        learned, scored = _labels_in(self.kind, self.train), _labels_in(self.kind, self.test)
        return {"not_scored": [label for label in learned if label not in scored],
                "not_learned": [label for label in scored if label not in learned]}

    def labels_of(self, item: Item) -> str:
        """The labels of one item, with spaces between."""
        return " ".join(self.kind.labels[number] for number in item.labels)


def rows_of(language: Language, name: str, part: Part, root: Path) -> Iterator[Row]:
    """The rows of a part of the task ``name``, as they stand in its data; none where the part is not named.

    Raises:
        Problem: they cannot be read.
    """
    yield from _rows(language, name, language.tasks[name], part, root)


def _rows(language: Language, name: str, task: Task, part: Part, root: Path) -> Iterator[Row]:
    if isinstance(task.data, HubData):
        yield from LabelledDataset(language, name, task, root).rows(part)
    elif isinstance(task.data, FileData):
        yield from rows_of_files(language, task, part)


def judging_rows(language: Language, name: str, root: Path) -> Iterator[Row]:
    """The rows that models are scored or chosen by: test, dev, and the share of train that stands in for either.

    Raises:
        Problem: they cannot be read, or divided.
    """
    task = language.tasks[name]
    rows = {part: list(rows_of(language, name, part, root)) for part in judging_parts(task)}
    if task.data is not None and "train" in rows:
        kind_class = class_of(task)
        kind = kind_class(task, kind_class.labels_of(task, (row for part in PARTS for row in rows[part])))
        divide(task.data, rows, lambda row: kind.item(row).text)
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
        Problem: a row that cannot be read, too few of them, all with one label, scored by labels never learned, or a
            prompt that does not fit them.
    """
    task = language.tasks[name]
    assert task.data is not None
    rows = {part: list(rows_of(language, name, part, root)) for part in PARTS}
    kind_class = class_of(task)
    kind = kind_class(task, kind_class.labels_of(task, (row for part in PARTS for row in rows[part])))
    where = f"{language.code} tasks.{name}"
    if task.prompt is not None:
        check_label_words(task.prompt, kind.labels, where)
    parts: dict[Part, list[Item]] = {part: [kind.item(row) for row in rows[part]] for part in PARTS}
    if len(kind.labels) == 1 and not task.multi_label:
        raise Problem(f"every item has the label '{kind.labels[0]}'", where=where,
                      fix="Give it items of two labels or more: of one there is nothing to learn")
    contradictions = _contradictions(item for part in PARTS for item in parts[part])
    notes = {**kind_class.notes(task, (row for part in PARTS for row in rows[part])),
             **divide(task.data, parts, lambda item: item.text)}
    notes["train_also_in_test"] = _drop(kind, parts, "train", "test")
    notes["train_also_in_dev"] = _drop(kind, parts, "train", "dev")
    notes["dev_also_in_test"] = _drop(kind, parts, "dev", "test")
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
    _check_labels(kind, parts, where)
    if task.prompt is not None:
        try:
            examples(parts["train"], parts["test"], max(task.prompt.shots, default=0), _DRAW)
        except Problem as problem:
            raise Problem(problem.what, where=f"{where} {problem.where}", fix=problem.fix) from None
    return Items(kind, parts["train"], parts["dev"], parts["test"], notes, contradictions)


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
        _drop(kind, parts, "train", part)
    random.Random(_DRAW).shuffle(parts["train"])
    if len(parts["train"]) < LEAST:
        raise Problem(f"{len(parts['train'])} items to learn from", where=where, fix=f"Give it {LEAST} or more")
    return parts["train"]


def _contradictions(items: Iterable[Item]) -> list[tuple[Item, Item]]:
    """Each text that has other labels somewhere else: its first item, and the first that says otherwise."""
    first: dict[tuple[str, str], Item] = {}
    other: dict[tuple[str, str], Item] = {}
    for item in items:
        if first.setdefault(item.key(), item).labels != item.labels:
            other.setdefault(item.key(), item)
    return [(first[key], item) for key, item in other.items()]


def _check_labels(kind: Kind, parts: Mapping[Part, Sequence[Item]], where: str) -> None:
    """Refuse parts of whose labels nothing can be learned, or nothing scored; a kind without labels has no such."""
    learned, scored = (_labels_in(kind, parts[part]) for part in ("train", "test"))
    if len(learned) == 1 and not kind.task.multi_label:
        raise Problem(f"every item in train has the label '{learned[0]}'", where=where,
                      fix="Give train items of two labels or more: of one there is nothing to learn")
    for part, there in (("train", learned), ("test", scored)):
        if kind.task.multi_label and not there:
            raise Problem(f"no item in {part} has a label", where=where,
                          fix="Name the right column with `columns: {label: NAME}`, or give it items that have one")
    if learned and scored and not {*learned} & {*scored}:
        raise Problem(f"no label of test ({', '.join(scored)}) stands in train ({', '.join(learned)})", where=where,
                      fix="Write the labels of both parts in one way")


def _labels_in(kind: Kind, items: Iterable[Item]) -> list[str]:
    """The labels that ``items`` have, in the kind's order."""
    there = {number for item in items for number in item.labels}
    return [label for number, label in enumerate(kind.labels) if number in there]


def _same(kind: Kind, item: Item) -> set[Any]:
    """What makes an item known elsewhere: the words of its texts together, or of each where one of them tells."""
    texts = [plain_words(text) or (text,) for text in item.key()]
    return set(enumerate(texts)) if kind.one_text_tells else {tuple(texts)}


def _drop(kind: Kind, parts: dict[Part, list[Item]], part: Part, other: Part) -> int:
    """Take out of a part the items that are known from ``other``; how many there were."""
    there = {same for item in parts[other] for same in _same(kind, item)}
    kept = [item for item in parts[part] if there.isdisjoint(_same(kind, item))]
    dropped = len(parts[part]) - len(kept)
    parts[part] = kept
    return dropped
