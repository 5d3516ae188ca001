"""Manually labeled data: location, rows and version. ``tasks`` converts rows to items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vernacular.config.labeled_data import PARTS, FileData, HubData, Part
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.core.store import digest_of_listed
from vernacular.datasets.division import divide
from vernacular.datasets.files import files_of, folder_of, rows_of_files
from vernacular.datasets.hub import LabelledDataset
from vernacular.datasets.items import Row
from vernacular.datasets.notes import DataNote
from vernacular.datasets.pictures import thumbnail


def rows_of(language: Language, name: str, part: Part, root: Path) -> Iterator[Row]:
    """Yield the rows of a part of the task ``name``; none if the part is undefined.

    Raises:
        Problem: some are unreadable, after all readable ones.
    """
    yield from rows_of_task(language, name, language.tasks[name], part, root)


def rows_of_task(language: Language, name: str, task: Task, part: Part, root: Path,
          remarks: list[DataNote] | None = None) -> Iterator[Row]:
    """Yield the rows of a part of ``task``: the task ``name``, or its transfer data."""
    if isinstance(task.data, HubData):
        yield from LabelledDataset(language, name, task, root).rows(part)
    elif isinstance(task.data, FileData):
        yield from rows_of_files(language, task, part, remarks)


def judging_rows(language: Language, name: str, root: Path) -> Iterator[Row]:
    """Yield the rows for scoring and selection: test, dev, and the share of train used for either.

    Raises:
        Problem: they cannot be read or divided.
    """
    task, parts = language.tasks[name], judging_parts(language.tasks[name])
    rows = {part: list(rows_of(language, name, part, root)) for part in parts}
    if "train" in parts:
        divide(task, rows)
    for part in sorted({*rows} - {"train"}):
        yield from rows[part]


def judging_parts(task: Task) -> tuple[Part, ...]:
    """Return the parts that ``judging_rows`` reads: dev and test, and train if it is split."""
    if task.data is None:
        return ()
    return PARTS if task.data.dev is None or task.data.test is None else ("dev", "test")


def data_files(language: Language, task: Task, parts: Sequence[Part] = PARTS) -> list[File]:
    """Return the local files of a task's data."""
    if not isinstance(task.data, FileData):
        return []
    return list(dict.fromkeys(file for part in parts for file in files_of(language, task.data, part)))


def picture_file(language: Language, name: str, task: Task, root: Path, picture: str) -> File:
    """Return the file of a picture that an item of the task ``name`` names."""
    folder = folder_of(language, task.data) if isinstance(task.data, FileData) else LabelledDataset(
        language, name, task, root).pictures
    return folder.file(picture)


def thumbnail_of(language: Language, name: str, root: Path, picture: str) -> str:
    """Return a small copy of a picture of the task ``name`` as a PNG file in base64; empty if it cannot be read."""
    try:
        return thumbnail(picture_file(language, name, language.tasks[name], root, picture), language.limits)
    except Problem:  # it was removed or replaced after the run
        return ""


def named_files(language: Language) -> list[File]:
    """Return all local files of the tasks, including transfer data."""
    return [file for _, task in _with_data(language) for file in data_files(language, task)]


def version_of(language: Language, name: str, root: Path, parts: Sequence[Part] = PARTS) -> str:
    """Return a digest of the data of the task ``name`` (always complete for hub data); empty if it has none."""
    return _version(language, name, language.tasks[name], root, parts)


def transfer_version(language: Language, name: str, root: Path) -> str:
    """Return a digest of the task's transfer data."""
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
    """Return the name of the task's transfer data, which no task can have."""
    return f"{name}-transfer"


def _with_data(language: Language) -> Iterator[tuple[str, Task]]:
    """Yield each set of labeled data: of tasks, and of transfer."""
    for name, task in language.tasks.items():
        yield name, task
        if task.transferred is not None:
            yield transfer_name(name), task.transferred


def _on_hub(language: Language, root: Path) -> dict[str, LabelledDataset]:
    return {name: LabelledDataset(language, name, task, root) for name, task in _with_data(language)
            if isinstance(task.data, HubData)}


def fetch(language: Language, root: Path, progress: Callable[[str], None]) -> None:
    """Fetch hub data of tasks that was not fetched yet.

    Raises:
        Problem: it is unavailable.
    """
    for dataset in _on_hub(language, root).values():
        dataset.refresh(progress)


def not_fetched(language: Language, root: Path) -> list[str]:
    """Return the tasks whose hub data was not fetched yet; transfer data as ``NAME-transfer``."""
    return [name for name, dataset in _on_hub(language, root).items() if not dataset.fetched()]


def fetched_over_network(language: Language, root: Path) -> list[str]:
    """Return the tasks with hub data, named as in ``not_fetched``."""
    return [name for name, dataset in _on_hub(language, root).items() if dataset.local is None]
