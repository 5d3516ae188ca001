"""Datasets on the Hugging Face hub, streamed into the mirror, with resuming."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from vernacular.config.hub_presets import read_presets
from vernacular.config.sources import HubSource, is_local
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder
from vernacular.core.store import digest_of
from vernacular.provenance.document import Document, make_document, short_digest
from vernacular.sandbox.limits import LimitReached, for_file
from vernacular.sandbox.reader import opened, read_bounded, stream_bounded
from vernacular.sources import Place, dataset_rows
from vernacular.sources.mirror import Mirror, allowed

_DONE = "done"  # recorded with the last rows of a dataset
_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubDataset:
    """A dataset at a revision: a commit is fetched once, any other revision is checked again when due.

    Attributes:
        problems: files of a folder that exceeded the limits and were skipped.
    """

    def __init__(self, settings: HubSource, place: Place) -> None:
        self.settings, self.place = settings, place
        self.where = f"dataset {settings.dataset}"
        self.mirror = Mirror(place.mirror, self.where)
        self.columns = read_presets()[settings.preset].columns
        self.problems: list[Problem] = []
        self.local = Folder(place.folder, "", self.where).folder(settings.dataset) if is_local(
            settings.dataset) else None

    def due(self) -> bool:
        """Whether the dataset is missing, or may have changed and was last checked long ago."""
        pinned = self.local is None and _COMMIT.fullmatch(self.settings.revision or "") is not None
        return self.mirror.due(self._key(), None if pinned else self.settings.refresh_days)

    def refresh(self, progress: Callable[[str], None]) -> None:
        """Fetch the dataset if it is missing, or may have changed and is due."""
        if not self.due():
            return
        with self.mirror.locked():
            try:
                self._fetch(progress)
            except Problem as problem:  # it was readable before, so the settings are not the cause
                if self.mirror.state.get("key") != self._key():
                    raise
                progress(f"{problem}. The rows of {self.mirror.state['fetched']} remain in use.")

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """Yield the fetched rows as documents."""
        state = self.mirror.state
        self.problems = [Problem(what, where=where, fix=fix,
                                 code=Code.SOURCE_MISSING) for what, where, fix in state.get("problems", [])]
        progress(f"reading {state.get('rows', 0)} rows of {self.settings.name}")
        for row in self.mirror.rows():
            more = {name: value for name, value in row.items() if name not in ("path", "text")}
            yield make_document(self.settings, row["path"], row["text"], whole=True, **more)

    def data_version(self) -> str:
        """Return a digest of the fetched rows."""
        return self.mirror.version()

    def forget(self, paths: Collection[str]) -> None:
        """Delete the rows of ``paths`` from the mirror."""
        self.mirror.forget(paths, self.settings, self.place.suppressed)

    def _key(self) -> str:
        settings = self.settings
        return digest_of([settings.dataset, settings.config, settings.split, settings.revision, settings.preset,
                          settings.text_field, settings.most_documents,
                          *([] if self.local is None else [self.place.limits.model_dump(mode="json")])])

    def _fetch(self, progress: Callable[[str], None]) -> None:
        fetch, self.problems = self.mirror.begin(self._key()), []
        taken, most = fetch.rows, self.settings.most_documents
        if fetch.position != _DONE and taken != most:
            if fetch.position is not None:
                progress(f"{self.settings.name}: resuming after {fetch.rows} rows")
            rows = self._streamed(fetch.position) if self.local is None else self._local_rows(
                self.local, fetch.position or [0, 0], progress)
            for row, position in rows:
                kept = self._row(row)
                if kept is None:
                    continue
                fetch.add(kept, position)
                taken += 1
                if taken % 1000 == 0:
                    progress(f"{self.settings.name}: {taken} rows")
                if taken == most:
                    break
        fetch.flush(_DONE)
        if not taken:
            raise Problem("the dataset contains no text", where=self.where, fix="Correct `config:` or `split:`",
                          code=Code.DATA_EMPTY)
        self.mirror.publish(fetch, problems=[[problem.what, problem.where, problem.fix] for problem in self.problems])

    def _streamed(self, state: Any) -> Iterator[tuple[dict[str, Any], Any]]:
        """Yield the dataset's rows on the hub after ``state``, each with the state to resume from."""
        settings = self.settings
        yield from stream_bounded(f"{dataset_rows.__name__}:in_worker_streamed_rows", [], [
            settings.dataset, settings.config, settings.split, settings.revision, self.where, *self._wanted(), state],
            self.where, for_file(self.place.limits, 0))

    def _wanted(self) -> tuple[list[str], list[str]]:
        """Return the columns of which one must exist, and the optional columns."""
        columns = self.columns
        return [self.settings.text_field] if self.settings.text_field else list(columns.text), [
            name for names in (columns.path, columns.parents, columns.evidence, columns.title, columns.date,
                               columns.fetched, columns.author) for name in names]

    def _local_rows(self, folder: Folder, done: Sequence[int],
                    progress: Callable[[str], None]) -> Iterator[tuple[dict[str, Any], list[int]]]:
        """Yield rows of a dataset folder after ``done``, each with file and row number to resume from."""
        wanted, others = self._wanted()
        for number, file in enumerate(_local_files(folder, self.where)):
            if number < done[0]:
                continue
            try:
                with opened(file) as data:
                    rows = read_bounded(f"{dataset_rows.__name__}:in_worker_file_rows", [data],
                                        [wanted, others, file.shown], file.shown,
                                        for_file(self.place.limits, data.size))
            except LimitReached as problem:
                progress(f"set aside: {problem}")
                self.problems.append(problem)
                continue
            for place, row in enumerate(rows, 1):
                if number > done[0] or place > done[1]:
                    yield row, [number, place]

    def _row(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return ``row`` with the ledger's columns, or None if it has no text or was taken down."""
        field = self.settings.text_field
        wanted = (field,) if field else self.columns.text
        text = _first(row, wanted).replace("\r\n", "\n").strip("\n")
        if not text.strip():
            return None
        path = _first(row, self.columns.path) or short_digest(text)
        parents, evidence = _first(row, self.columns.parents), _first(row, self.columns.evidence)
        found = {"path": path, "text": text, "parents": [parents] if parents and parents != path else [],
                 "licence_evidence": "; ".join(["language.yaml", self._named(), *([evidence] if evidence else [])]),
                 **{name: _first(row, getattr(self.columns, name)) for name in ("title", "date", "fetched", "author")}}
        return allowed(found, self.settings, self.place.suppressed)

    def _named(self) -> str:
        settings = self.settings
        return " ".join([settings.dataset, *([settings.config] if settings.config else []),
                         *(["at", settings.revision] if settings.revision else [])])


def _first(row: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((str(row[name]) for name in names if row.get(name) not in (None, "")), "")


def _local_files(folder: Folder, where: str) -> list[File]:
    """Return the files of a dataset folder, none of them links: parquet or, without those, jsonl."""
    for pattern in ("**/*.parquet", "**/*.jsonl"):
        files = folder.list_files(pattern)
        if files:
            return [file for _, file in files]
    raise Problem("there is no .parquet or .jsonl file in the folder", where=where, fix="Correct `dataset:`",
                  code=Code.SOURCE_MISSING)
