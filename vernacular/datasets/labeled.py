"""Labeled data that people made: where it lies, its rows, and its version. Items of a task are made in ``tasks``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vernacular.config.labeled_data import PARTS, FileData, HubData, Part
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core.files import File
from vernacular.core.store import digest_of_listed
from vernacular.datasets.division import divide
from vernacular.datasets.files import files_of, folder_of, rows_of_files
from vernacular.datasets.hub import LabelledDataset
from vernacular.datasets.items import Row
from vernacular.datasets.notes import DataNote


def rows_of(language: Language, name: str, part: Part, root: Path) -> Iterator[Row]:
    """The rows of a part of the task ``name``, as they stand in its data; none where the part is not named.

    Raises:
        Problem: some cannot be read; the others have been given.
    """
    yield from rows_of_task(language, name, language.tasks[name], part, root)


def rows_of_task(language: Language, name: str, task: Task, part: Part, root: Path,
          remarks: list[DataNote] | None = None) -> Iterator[Row]:
    """The rows of a part of ``task``: the task ``name``, or what that learns from in another language."""
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
    return "" if task is None else _version(language, transfer_name(name), task, root, ("train",))


def _version(language: Language, name: str, task: Task, root: Path, parts: Sequence[Part]) -> str:
    if isinstance(task.data, HubData):
        return LabelledDataset(language, name, task, root).version()
    if not isinstance(task.data, FileData):
        return ""
    folder = folder_of(language, task.data)
    return digest_of_listed((folder.name_of(file), file) for file in data_files(language, task, parts))


def transfer_name(name: str) -> str:
    """How the data in another language of the task ``name`` is called; no task can be called so."""
    return f"{name}-transfer"


def _with_data(language: Language) -> Iterator[tuple[str, Task]]:
    """Each set of labelled data: those of the tasks, and those in another language."""
    for name, task in language.tasks.items():
        yield name, task
        if task.transferred is not None:
            yield transfer_name(name), task.transferred


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
