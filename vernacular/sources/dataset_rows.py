"""Rows of datasets, read in the worker: streamed by the library ``datasets``, or from a parquet or jsonl file."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_disk_full
from vernacular.core.files import File
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.columns import parquet_rows
from vernacular.sources.formats.rows import object_in

_OUTAGES = ("LocalEntryNotFoundError", "ConnectionError", "OfflineMode")  # causes within the exceptions of `datasets`


def in_worker_file_rows(files: Sequence[OpenFile], wanted: Sequence[str], others: Sequence[str],
                        where: str) -> Iterator[dict[str, str]]:
    """Yield the rows of the one file in ``files`` with those of the columns ``wanted`` and ``others`` that exist.

    Raises:
        Problem: the file is damaged, or has none of the wanted columns.
    """
    file, names = files[0], [*wanted, *others]

    def select(there: Sequence[str]) -> list[str]:
        check_columns(there, wanted, where)
        return [name for name in names if name in there]

    rows = parquet_rows(file, where, select) if file.name.lower().endswith(".parquet") else _jsonl(file, wanted, where)
    return (texts_of(row, names) for row in rows)


def _jsonl(file: OpenFile, wanted: Sequence[str], where: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.stream, 1):
        if line.strip():
            row = object_in(line, f"{where}:{number}", wanted[0])
            check_columns(row, wanted, f"{where}:{number}")
            yield row


def check_columns(there: Mapping[str, Any] | Sequence[str], wanted: Sequence[str], where: str) -> None:
    """Reject a row or file that has none of the wanted columns."""
    if not any(name in there for name in wanted):
        raise Problem(f"there is no column '{wanted[0]}'", where=where,
                      fix=f"Its columns: {', '.join(there)}; select one with `text_field:`", code=Code.DATA_COLUMN)


def texts_of(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return the nonempty columns ``names`` of ``row`` as text."""
    return {name: str(row[name]) for name in names if row.get(name) not in (None, "")}


def in_worker_streamed_rows(files: Sequence[OpenFile], *arguments: Any) -> Iterator[tuple[dict[str, str], Any]]:
    """In the worker: see ``_streamed_rows``; ``files`` is empty."""
    import_module("datasets")
    return _streamed_rows(*arguments)


def _streamed_rows(dataset: str, config: str | None, split: str, revision: str | None, where: str,
                   wanted: Sequence[str], others: Sequence[str], state: Any) -> Iterator[tuple[dict[str, str], Any]]:
    """Yield the rows of a hub dataset after ``state`` (None: all), each with the state to resume from.

    ``wanted`` are columns of which one must exist, ``others`` are optional.
    """
    names = [*wanted, *others]
    try:
        rows = stream_dataset(dataset, config, split, revision, where)
        if state is not None:
            rows.load_state_dict(state)
        for row in rows:
            check_columns(row, wanted, where)
            yield texts_of(row, names), rows.state_dict()
    except unreachable() as error:
        raise reason_of(error, where) from None


def reason_of(error: Exception, where: str) -> Exception:
    """Return the reason in one line; for a full disk, ``error`` itself."""
    if is_disk_full(error):
        return error
    first = (str(error).strip().splitlines() or [""])[0][:200]
    absent = isinstance(error, ValueError | FileNotFoundError | PermissionError) and not any(
        name in str(error) for name in _OUTAGES)
    if absent and not isinstance(error, json.JSONDecodeError):
        return Problem(f"it cannot be read: {first}", where=where,
                       fix="Correct `dataset:`, `config:`, `split:` or `revision:`, or log in with `hf auth "
                           "login` if it requires consent", code=Code.SOURCE_MISSING)
    return Problem(f"the hub cannot be reached ({type(error).__name__}: {first})", where=where,
                   fix="Check the network and run again; it resumes", code=Code.SOURCE_NETWORK)


def stream_dataset(dataset: str, config: str | None, split: str, revision: str | None, where: str,
                   inside: Collection[Path] | None = None) -> Any:
    """Stream a split of a dataset.

    Args:
        dataset: id on the hub, or a local folder.
        config: its configuration.
        split: its split.
        revision: on the hub.
        where: its name in messages.
        inside: the files of a folder; None for a hub dataset.

    Raises:
        Problem: its description (``data_files`` in README.md) names files that are not part of it.
    """
    import datasets

    if inside is not None:
        _check_description(Path(dataset), where)
    builder = datasets.load_dataset_builder(dataset, config, revision=revision)
    own = {file.resolve() for file in inside or ()}
    for path in (path for files in (builder.config.data_files or {}).values() for path in files):
        if not str(path).startswith("hf://datasets/") if inside is None else Path(path).resolve() not in own:
            raise _names_elsewhere(str(path), where)
    return _undecoded(builder.as_streaming_dataset(split=split))


def _check_description(folder: Path, where: str) -> None:
    """Reject a description that names URLs or chained file systems, which a builder would open."""
    import yaml
    from huggingface_hub import RepoCard
    read_card: Any = RepoCard
    readme, plain = File.at(folder / "README.md"), File.at(folder / ".huggingface.yaml")
    try:
        description = [read_card(readme.text()).data.to_dict() if readme.exists() else {},
                       yaml.safe_load(plain.text()) if plain.exists() else {}]
        named = [text for one in description for text in _texts_in(one.get("configs", []))]
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Problem(f"its description cannot be read ({type(error).__name__})", where=where,
                      fix="Correct the YAML at the top of its README.md", code=Code.SOURCE_DAMAGED) from None
    for text in named:
        if "://" in text or "::" in text:
            raise _names_elsewhere(text, where)


def _texts_in(data: Any) -> Iterator[str]:
    """Yield every string in nested lists and mappings."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for inner in data.values() if isinstance(data, dict) else data:
            yield from _texts_in(inner)


def _names_elsewhere(path: str, where: str) -> Problem:
    return Problem(f"its description names {path}, which is not one of its files", where=where,
                   fix="Correct `data_files` in its README.md, or use another dataset", code=Code.SOURCE_ACCESS)


def _undecoded(rows: Any) -> Any:
    """Disable decoding of images and audio, since the decoder would open any path in a row."""
    return rows if rows.features is None else rows.decode(False)


def unreachable() -> tuple[type[Exception], ...]:
    """Return the exceptions raised if the hub is unreachable or lacks the dataset."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    return (OSError, ValueError, HfHubHTTPError, OfflineModeIsEnabled)
