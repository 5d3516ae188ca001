"""Rules across settings: codes, names, labels, and paths that stay in the language folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from vernacular.config.codes import is_registered, is_same
from vernacular.config.labeled_data import PARTS, FileData, HubData, Transfer
from vernacular.config.schema import Language
from vernacular.config.sources import (
    FilesSource,
    HubSource,
    InboxSource,
    PackageSource,
    Source,
    WikipediaSource,
    is_local,
    is_url,
)
from vernacular.config.tasks import Groups
from vernacular.config.translations import FilesSide, PackageSide, VrefKey
from vernacular.config.yaml_file import Node
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files.path_pattern import PathPattern

FOLDER = "the language folder"


def check(language: Language, merged: Node, whole: bool = True) -> None:
    """Check ``language`` against these rules; ``merged`` gives the line of each key.

    Args:
        language: the settings.
        merged: the nodes they came from.
        whole: whether no entry was left out; if not, rules across entries are skipped.

    Raises:
        Problem: all violations.
    """
    faults = Collector()

    def place(*path: Any) -> str:
        node = merged
        for part in path:
            if isinstance(node.value, list) or part in node.value:
                node = node.value[part]
        return node.where

    for number, code in enumerate(language.neighbours):
        with faults.collect():
            _check_code(code, place("neighbours", number))
        if is_same(code, language.code):
            faults.add(Problem(f"'{code}' is this language itself", where=place("neighbours", number),
                               fix="Name languages that are confused with it", code=Code.CONFIG_CODE))
    seen: dict[str, str] = {}
    for number, source in enumerate(language.sources):
        where = place("sources", number, "name")
        if source.name in seen:
            faults.add(Problem(f"two sources are called {source.name}: this one and that at {seen[source.name]}",
                               where=where, fix="Rename one of the two", code=Code.CONFIG_RULE))
        seen[source.name] = where
    for number, code in enumerate(language.cleaning.reject_languages):
        with faults.collect():
            _check_code(code, place("cleaning", "reject_languages", number))
    beside: dict[tuple[str, str], Source] = {}

    def check_source(source: Source, *path: Any, role: str = "") -> None:
        for key, value, root, elsewhere in _paths_of(source):
            with faults.collect():
                _check_path(value, place(*path, key), root, elsewhere)
            if key == "files":
                with faults.collect():
                    PathPattern.of(value, place(*path, key))
        if role and beside.setdefault((role, source.name), source) != source:  # downloads are stored under this name
            faults.add(Problem(f"another text of {role} is also called {source.name}", where=place(*path, "name"),
                               fix="Rename one of them, or make both equal", code=Code.CONFIG_RULE))

    with faults.collect():
        _check_path(language.identification.seed, place("identification", "seed"), FOLDER)
    for number, source in enumerate(language.sources):
        check_source(source, "sources", number)
    for code, sources in language.identification.contrast.items():
        for number, source in enumerate(sources):
            check_source(source, "identification", "contrast", code, number, role=f"contrast {code}")
    for name, model in language.models.items():
        if model.base.path is not None:
            with faults.collect():
                _check_path(model.base.path, place("models", name, "base", "path"),
                            "site-packages" if model.base.package else FOLDER)
        for number, wanted in enumerate(model.tasks or []):
            if whole and wanted not in language.tasks:
                faults.add(Problem(f"there is no task '{wanted}' in this folder",
                                   where=place("models", name, "tasks", number),
                                   fix=f"Use one of: {', '.join(language.tasks) or 'none yet, so remove this'}",
                                   code=Code.CONFIG_RULE))
        for number, source in enumerate(model.retention):
            check_source(source, "models", name, "retention", number, role="retention")
        for number, pair in enumerate(model.alignment.translations if model.alignment is not None else ()):
            for side, role in (("source", "translated"), ("translation", "translation")):
                check_source(getattr(pair, side), "models", name, "alignment", "translations", number, side, role=role)
        for number, entry in enumerate(model.pretraining.related):
            check_source(entry.source, "models", name, "pretraining", "related", number, "source", role="related")
    for name, task in language.tasks.items():
        if whole and not any(task.fits(model.objective) for model in language.models.values()):
            faults.add(Problem(f"the task '{name}' generates text, but no model of this folder is causal",
                               where=place("tasks", name, "kind"),
                               fix="Add a model with `objective: causal`, or remove the task", code=Code.CONFIG_RULE))
        if whole and task.of_translations and all(model.alignment is None for model in language.models.values()):
            faults.add(Problem(f"the task '{name}' needs pairs of translations, but no model "
                               "of this folder has any", where=place("tasks", name, "labels"),
                               fix="Add `alignment: translations:` to a model, or remove the task",
                               code=Code.CONFIG_RULE))
        if task.language is not None:
            with faults.collect():
                _check_code(task.language, place("tasks", name, "language"))
            if is_same(task.language, language.code):
                faults.add(Problem(f"'{task.language}' is this language itself", where=place("tasks", name, "language"),
                                   fix="Remove it: it is for tasks in a language of the base", code=Code.CONFIG_CODE))
        causal = any(model.objective == "causal" for model in language.models.values())
        if whole and task.prompt is not None and not causal:
            faults.add(Problem(f"the task '{name}' has a prompt, but no model of this folder is causal",
                               where=place("tasks", name, "prompt"),
                               fix="Add one with `objective: causal`, or remove prompt", code=Code.CONFIG_RULE))
        for path, data in ((("data",), task.data), (("transfer", "data"), task.transferred and task.transferred.data)):
            if isinstance(data, HubData) and is_local(data.dataset):
                with faults.collect():
                    _check_path(data.dataset, place("tasks", name, *path, "dataset"), FOLDER, elsewhere=True)
            if isinstance(data, FileData):
                if data.folder != ".":
                    with faults.collect():
                        _check_path(data.folder, place("tasks", name, *path, "folder"), FOLDER, elsewhere=True)
                for part in PARTS:
                    glob = getattr(data, part)
                    if glob is not None:
                        with faults.collect():
                            _check_path(glob, place("tasks", name, *path, part), "the task's folder")
                        with faults.collect():
                            PathPattern.of(glob, place("tasks", name, *path, part))
        if whole and task.transfer is not None:
            with faults.collect():
                _check_transfer(name, task.transfer, language, partial(place, "tasks", name, "transfer"))
        if not isinstance(task.labels, Groups):
            continue
        where = place("tasks", name, "labels", "groups")
        if len(task.labels.groups) < 2:
            faults.add(Problem(f"the task '{name}' has fewer than two groups", where=where,
                               fix="A classification needs at least two labels", code=Code.CONFIG_RULE))
        for label, globs in task.labels.groups.items():
            if not globs or not all(globs):
                faults.add(Problem(f"the group '{label}' of the task '{name}' has no pattern",
                                   where=place("tasks", name, "labels", "groups", label),
                                   fix="Name its documents, such as [\"bible/*/1/*\"]", code=Code.CONFIG_RULE))
    faults.raise_collected()


def _check_transfer(name: str, transfer: Transfer, language: Language, place: Callable[[str], str]) -> None:
    """Raise a Problem if the task ``name`` cannot learn from another language."""
    _check_code(transfer.train_language, place("train_language"))
    if is_same(transfer.train_language, language.code):
        raise Problem(f"'{transfer.train_language}' is this language itself", where=place("train_language"),
                      fix="Name a language of the base, the one of the items", code=Code.CONFIG_CODE)
    if transfer.through is not None and all(model.alignment is None for model in language.models.values()):
        raise Problem(f"the task '{name}' learns through translations, but no model of this folder has any",
                      where=place("through"), fix="Add `alignment: {translations: ...}` to a model, or remove "
                                                  "transfer", code=Code.CONFIG_RULE)


def _check_code(code: str, where: str) -> None:
    if not is_registered(code):
        raise Problem(f"'{code}' is not a valid language code", where=where, fix="Use ISO 639-3, such as zul",
                      code=Code.CONFIG_CODE)


def _paths_of(source: Source) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the paths a source reads: key, path, the root in words, and whether it may be absolute."""
    if isinstance(source, FilesSource | PackageSource):
        root = FOLDER if isinstance(source, FilesSource) else "site-packages"
        yield "files", source.files, root, False
        if isinstance(source, FilesSide | PackageSide) and isinstance(source.key, VrefKey):
            yield "key", source.key.file, root, False
    elif isinstance(source, InboxSource):
        yield "folder", source.folder, FOLDER, True
    elif isinstance(source, HubSource) and is_local(source.dataset):
        yield "dataset", source.dataset, FOLDER, True
    elif isinstance(source, WikipediaSource) and source.dump and not is_url(source.dump):
        yield "dump", source.dump, FOLDER, True


def _check_path(path: str, where: str, root: str, elsewhere: bool = False) -> None:
    """Raise a Problem if ``path`` leaves ``root``; absolute paths are valid only with ``elsewhere``."""
    if elsewhere and PurePosixPath(path).is_absolute():
        return
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in parts[0] or "\0" in path:
        raise Problem(f"the path '{path}' leaves {root}", where=where,
                      fix=f"Write it relative to {root}, with / and without ..", code=Code.CONFIG_PATH)
