"""Labeled datasets on the hub at a commit, or in a folder readable by `datasets`: fetched once into a mirror."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from vernacular.config.labeled_data import PARTS, HubData, Part
from vernacular.config.schema import Language
from vernacular.config.sources import is_local
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_disk_full, is_system_error
from vernacular.core.files import Folder
from vernacular.core.store import digest_of, digest_of_listed
from vernacular.datasets.items import Row
from vernacular.datasets.tables import row_of
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import read_bounded, stream_bounded
from vernacular.sources.dataset_rows import stream_dataset, unreachable
from vernacular.sources.mirror import Mirror

_PICTURE = "base64:"


class LabelledDataset:
    """The dataset of one task."""

    def __init__(self, language: Language, name: str, task: Task, root: Path) -> None:
        assert isinstance(task.data, HubData)
        self.data, self.task, self.limits = task.data, task, language.limits
        self.where = f"dataset {self.data.dataset}"
        self.local = Folder(language.folder, "", self.where).folder(self.data.dataset) if is_local(
            self.data.dataset) else None
        self.mirror = Mirror(root / language.code / ".mirror" / f"task-{name}", self.where)
        self.pictures = Folder(self.mirror.folder, "", self.where).folder("pictures")

    def fetched(self) -> bool:
        """Whether the mirror contains what the settings name."""
        return self.mirror.state.get("key") == self._key()

    def refresh(self, progress: Callable[[str], None]) -> None:
        """Fetch the dataset unless it is there.

        Raises:
            Problem: it is unavailable, or lacks a split or a column.
        """
        if not self.mirror.due(self._key(), None):
            return
        with self.mirror.locked():
            fetch = self.mirror.begin(self._key())
            there = fetch.rows  # from an interrupted fetch
            for row in self._all(progress):
                if there:
                    there -= 1
                else:
                    fetch.add(row, None)
            fetch.flush(None)
            self.mirror.publish(fetch)

    def _all(self, progress: Callable[[str], None]) -> Iterator[dict[str, Any]]:
        """Yield the rows of all parts, as stored in the mirror."""
        for part in PARTS:
            split = getattr(self.data, part)
            if split is not None:
                progress(f"fetching {self.data.dataset}, {split}")
                for number, values in enumerate(self._rows(split)):
                    row = row_of(values, f"{self.where} {split}:{number}", self._columns())
                    fields = {**row.fields}
                    if self.task.of_pictures:
                        fields["picture"] = self._keep_picture(fields["picture"], row.where)
                    yield {"path": f"{part}/{number}", "text": "", "where": row.where, "fields": fields}

    def _keep_picture(self, content: Any, where: str) -> str:
        """Write a picture, given in base64, to ``pictures``; return the name of its file."""
        try:
            data = base64.b64decode(content.removeprefix(_PICTURE), validate=True)
        except (AttributeError, ValueError):
            data = b""
        if not data or not content.startswith(_PICTURE):
            raise Problem("it has no picture", where=where, fix="Select the column of pictures with `columns: "
                          "{picture: NAME}`; their bytes must be in the rows", code=Code.DATA_FORMAT)
        name = hashlib.sha256(data).hexdigest()[:32]
        if not self.pictures.file(name).exists():
            self.pictures.place.mkdir(parents=True, exist_ok=True)
            self.pictures.file(name).write(data)
        return name

    def rows(self, part: Part) -> Iterator[Row]:
        """Yield the rows of a part from the mirror.

        Raises:
            Problem: it was not fetched yet.
        """
        if not self.fetched():
            raise Problem("the dataset has not "
                          "been fetched yet", where=self.where, fix="Run once with a network connection",
                          code=Code.SOURCE_MISSING)
        for row in self.mirror.rows():
            if row["path"].startswith(f"{part}/"):
                yield Row(row["where"], row["fields"])

    def version(self) -> str:
        """Return a digest of what is fetched, or will be."""
        return self._key()

    def _key(self) -> str:
        data = self.data
        return digest_of([data.dataset, data.config, data.revision, data.train, data.dev, data.test, self._columns(),
                          digest_of_listed(self.local.list_files()) if self.local else ""])

    def _columns(self) -> dict[str, str]:
        return {role: str(column) for role, column in self.task.columns().items()}

    def _rows(self, split: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a split, class numbers replaced by names; parsed in the worker."""
        data, columns = self.data, list(self._columns().values())
        function = f"{__name__}:in_worker_rows"
        if self.local is None:
            return stream_bounded(function, [], [data.dataset, data.config, split, data.revision, self.where, None,
                                                 columns], self.where, for_file(self.limits, 0))
        files = [file for _, file in self.local.list_files()]
        size = sum(state.st_size for file in files if (state := file.state()) is not None)
        return read_bounded(function, [], [
            str(self.local.place), data.config, split, None, self.where, [str(file.place) for file in files], columns],
            self.where, for_file(self.limits, size))


def in_worker_rows(files: Sequence[OpenFile], dataset: str, config: str | None, split: str, revision: str | None,
                   where: str, inside: Sequence[str] | None, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """In the worker: yield the rows of a split; ``inside`` lists the files of a dataset folder."""
    import_module("datasets")
    return _rows_of_split(dataset, config, split, revision, where,
                          None if inside is None else [Path(path) for path in inside], columns)


def _rows_of_split(dataset: str, config: str | None, split: str, revision: str | None, where: str,
                   inside: Collection[Path] | None, columns: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a split with the selected columns."""
    try:
        found = stream_dataset(dataset, config, split, revision, where, inside)
        names = {column: _names(feature) for column, feature in (found.features or {}).items()}
        for row in found:
            yield {column: _named(_plain(value), names.get(column), f"{where} {split}") if column in columns else None
                   for column, value in row.items()}
    except Exception as error:  # errors that a folder's description causes in the library (a script, `converters:`)
        of_folder = inside is not None and not isinstance(error, Problem | MemoryError) and not is_system_error(error)
        if is_disk_full(error) or not (of_folder or isinstance(error, unreachable())):
            raise
        first = (str(error).strip().splitlines() or [""])[0][:200]
        raise Problem(f"it cannot be read ({type(error).__name__}: {first})", where=where,
                      fix="Check the network, `dataset:`, `config:`, `revision:` and the split names; use `hf "
                          "auth login` if it requires consent", code=Code.SOURCE_NETWORK) from None


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: of a picture that is not decoded its bytes, in base64."""
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return _PICTURE + base64.b64encode(value["bytes"]).decode("ascii")
    return value


def _names(feature: Any) -> list[str] | None:
    """Return the class names of a column, or of the lists in it."""
    inner = getattr(feature, "feature", feature)
    names = getattr(inner, "names", None)
    return list(names) if names else None


def _named(value: Any, names: list[str] | None, where: str) -> Any:
    if names is None or value is None:
        return value
    if min(value, default=0) < 0 if isinstance(value, list) else value < 0:
        raise Problem("its labels are hidden (-1)", where=where, fix="Select a split with labels",
                      code=Code.DATA_LABEL)
    return [names[part] for part in value] if isinstance(value, list) else names[value]
