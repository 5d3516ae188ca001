"""Rules across settings: codes, names, labels, and paths that stay in the language folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from vernacular.config.codes import is_registered, is_same
from vernacular.config.labeled_data import PARTS, FileData, HubData
from vernacular.config.schema import Language
from vernacular.config.sources import (
    CommonCrawlSource,
    FilesSource,
    HubSource,
    InboxSource,
    PackageSource,
    Source,
    WikipediaSource,
    is_local,
    is_url,
)
from vernacular.config.speech import Speech
from vernacular.config.speech_sources import AudioHubSource, AudioSource, CommonVoiceTranscripts, TableTranscripts
from vernacular.config.tasks import Groups, Task
from vernacular.config.translations import FilesSide, PackageSide, VrefKey
from vernacular.config.yaml_file import Node
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files.path_pattern import PathPattern

FOLDER = "the language folder"
_NO_LANGUAGES = ("mis", "mul", "und", "zxx")  # ISO 639-3: uncoded, several, undetermined, no linguistic content


def check(language: Language, merged: Node, whole: bool = True) -> None:
    """Check ``language`` against these rules; ``merged`` gives the line of each key.

    Args:
        language: the settings.
        merged: the nodes they came from.
        whole: whether no entry was left out; if not, rules across entries are skipped.

    Raises:
        Problem: all violations.
    """
    rules = _Rules(language, merged)
    rules.check_codes()
    rules.check_sources()
    rules.check_models(whole)
    if language.speech is not None:
        rules.check_speech(language.speech)
    for name, task in language.tasks.items():
        rules.check_task(name, task, whole)
    rules.faults.raise_collected()


class _Rules:
    """The rules of one language; ``faults`` collects its violations."""

    def __init__(self, language: Language, merged: Node) -> None:
        self.language, self.merged, self.faults = language, merged, Collector()
        self.beside: dict[tuple[str, str], Source] = {}  # role and name -> text beside the corpus
        self.causal = any(model.objective == "causal" for model in language.models.values())
        self.answering = any(model.instruct is not None for model in language.models.values())
        self.translated = any(model.alignment is not None for model in language.models.values())

    def place(self, *path: Any) -> str:
        node = self.merged
        for part in path:
            if isinstance(node.value, list) or part in node.value:
                node = node.value[part]
        return node.where

    def wrong(self, what: str, fix: str, *path: Any, code: Code = Code.CONFIG_RULE) -> None:
        self.faults.add(Problem(what, where=self.place(*path), fix=fix, code=code))

    def check_codes(self) -> None:
        language = self.language
        for number, code in enumerate(language.neighbours):
            self.code(code, "neighbours", number)
            self.not_own(code, "Name languages that are confused with it", "neighbours", number)
        for number, code in enumerate(language.cleaning.reject_languages):
            self.code(code, "cleaning", "reject_languages", number)
        for code in language.identification.contrast:
            self.code(code, "identification", "contrast", code)

    def code(self, code: str, *path: Any) -> None:
        if not is_registered(code) or code.partition("-")[0].lower() in _NO_LANGUAGES:
            self.wrong(f"'{code}' is not a valid language code", "Use ISO 639-3, such as zul", *path,
                       code=Code.CONFIG_CODE)

    def not_own(self, code: str, fix: str, *path: Any) -> None:
        if is_same(code, self.language.code):
            self.wrong(f"'{code}' is this language itself", fix, *path, code=Code.CONFIG_CODE)

    def check_sources(self) -> None:
        seen: dict[str, str] = {}
        for number, source in enumerate(self.language.sources):
            if source.name in seen:
                self.wrong(f"two sources are called {source.name}: this one and that at {seen[source.name]}",
                           "Rename one of the two", "sources", number, "name")
            seen[source.name] = self.place("sources", number, "name")
            self.source(source, "sources", number)
        self.path(self.language.identification.seed, FOLDER, "identification", "seed")
        for code, sources in self.language.identification.contrast.items():
            for number, source in enumerate(sources):
                self.source(source, "identification", "contrast", code, number, role=f"contrast {code}")

    def source(self, source: Source, *path: Any, role: str = "") -> None:
        for key, value, root, elsewhere in _paths_of(source):
            self.path(value, root, *path, key, elsewhere=elsewhere, pattern=key == "files")
        if role and self.beside.setdefault((role, source.name), source) != source:  # names of downloads
            self.wrong(f"another text of {role} is also called {source.name}",
                       "Rename one of them, or make both equal", *path, "name")

    def path(self, value: str, root: str, *path: Any, elsewhere: bool = False, pattern: bool = False) -> None:
        """Check that ``value`` stays in ``root``; absolute paths are valid only with ``elsewhere``."""
        if elsewhere and PurePosixPath(value).is_absolute():
            return
        parts = PurePosixPath(value).parts
        if not parts or value.startswith(("/", "~")) or ".." in parts or "\\" in value or ":" in parts[0] \
                or "\0" in value:
            self.wrong(f"the path '{value}' leaves {root}", f"Write it relative to {root}, with / and without ..",
                       *path, code=Code.CONFIG_PATH)
        if pattern:
            with self.faults.collect():
                PathPattern.of(value, self.place(*path))

    def check_models(self, whole: bool) -> None:
        for name, model in self.language.models.items():
            if model.base.path is not None:
                self.path(model.base.path, "site-packages" if model.base.package else FOLDER,
                          "models", name, "base", "path")
            if model.instruct is not None and model.instruct.model.path is not None:
                self.path(model.instruct.model.path, "site-packages" if model.instruct.model.package else FOLDER,
                          "models", name, "instruct", "model", "path")
            for number, wanted in enumerate(model.tasks or []):
                if whole and wanted not in self.language.tasks:
                    self.wrong(f"there is no task '{wanted}' in this folder",
                               f"Use one of: {', '.join(self.language.tasks) or 'none yet, so remove this'}",
                               "models", name, "tasks", number)
            for number, source in enumerate(model.retention):
                self.source(source, "models", name, "retention", number, role="retention")
            for number, pair in enumerate(model.alignment.translations if model.alignment is not None else ()):
                for side, role in (("source", "translated"), ("translation", "translation")):
                    self.source(getattr(pair, side), "models", name, "alignment", "translations", number, side,
                                role=role)
            for number, entry in enumerate(model.pretraining.related):
                self.source(entry.source, "models", name, "pretraining", "related", number, "source", role="related")

    def check_speech(self, speech: Speech) -> None:
        seen = {source.name for source in self.language.sources}  # a takedown names a source of either
        for number, source in enumerate(speech.sources):
            at = ("speech", "sources", number)
            if source.name in seen:
                self.wrong(f"two sources are called {source.name}", "Rename one of the two", *at, "name")
            seen.add(source.name)
            if isinstance(source, AudioHubSource):
                if is_local(source.dataset):
                    self.path(source.dataset, FOLDER, *at, "dataset", elsewhere=True)
                continue
            if "\0" in source.folder or "\\" in source.folder or source.folder.startswith("~"):
                self.wrong(f"'{source.folder}' is not a folder", "Write it with /, relative to the language folder or "
                           "absolute", *at, "folder", code=Code.CONFIG_PATH)
            if isinstance(source, AudioSource):
                self.path(source.files, "the source's folder", *at, "files", pattern=True)
                if isinstance(source.transcripts, TableTranscripts | CommonVoiceTranscripts):
                    self.path(source.transcripts.file, "the source's folder", *at, "transcripts", "file")
        if isinstance(speech.speakers, str):
            self.path(speech.speakers, FOLDER, "speech", "speakers")
        for name, model in speech.models.items():
            if model.base.path is not None:
                self.path(model.base.path, "site-packages" if model.base.package else FOLDER,
                          "speech", "models", name, "base", "path", elsewhere=model.base.package is None)

    def check_task(self, name: str, task: Task, whole: bool) -> None:
        at = ("tasks", name)
        if whole and not any(task.fits(model.objective) for model in self.language.models.values()):
            does, objective = ("finds pictures", "masked") if task.of_pictures else ("generates text", "causal")
            self.wrong(f"the task '{name}' {does}, but no model of this folder is {objective}",
                       f"Add a model with `objective: {objective}`, or remove the task", *at, "kind")
        if whole and task.of_translations and not self.translated:
            self.wrong(f"the task '{name}' needs pairs of translations, but no model of this folder has any",
                       "Add `alignment: translations:` to a model, or remove the task", *at, "labels")
        if whole and task.needs_teacher and not any(model.teaches(task) for model in self.language.models.values()):
            self.wrong(f"the task '{name}' is scored without training, but no model of this folder learned from its "
                       "`tower`", "Set `alignment: {teacher: ...}` of a model to the same model, or remove "
                       "`fine_tune: false`", *at, "fine_tune")
        if whole and task.of_chats and not self.answering:
            self.wrong(f"the task '{name}' has conversations, but no model of this folder has an instruct model",
                       "Add `instruct:` to a model with `objective: causal`, or remove the task", *at, "kind")
        if task.language is not None:
            self.code(task.language, *at, "language")
            self.not_own(task.language, "Remove it: it is for tasks in a language of the base", *at, "language")
        if whole and task.prompt is not None and not self.causal:
            self.wrong(f"the task '{name}' has a prompt, but no model of this folder is causal",
                       "Add one with `objective: causal`, or remove prompt", *at, "prompt")
        self.data(task.data, *at, "data")
        self.data(task.transferred.data if task.transferred is not None else None, *at, "transfer", "data")
        if whole and task.transfer is not None:
            self.code(task.transfer.train_language, *at, "transfer", "train_language")
            self.not_own(task.transfer.train_language, "Name a language of the base, the one of the items",
                         *at, "transfer", "train_language")
            if task.transfer.through is not None and not self.translated:
                self.wrong(f"the task '{name}' learns through translations, but no model of this folder has any",
                           "Add `alignment: {translations: ...}` to a model, or remove transfer",
                           *at, "transfer", "through")
        groups = task.labels.groups if isinstance(task.labels, Groups) else None
        if groups is not None and len(groups) < 2:
            self.wrong(f"the task '{name}' has fewer than two groups", "A classification needs at least two labels",
                       *at, "labels", "groups")
        for label, globs in (groups or {}).items():
            if not globs or not all(globs):
                self.wrong(f"the group '{label}' of the task '{name}' has no pattern",
                           'Name its documents, such as ["bible/*/1/*"]', *at, "labels", "groups", label)

    def data(self, data: FileData | HubData | None, *path: Any) -> None:
        if isinstance(data, HubData) and is_local(data.dataset):
            self.path(data.dataset, FOLDER, *path, "dataset", elsewhere=True)
        if isinstance(data, FileData):
            if data.folder != ".":
                self.path(data.folder, FOLDER, *path, "folder", elsewhere=True)
            for part in PARTS:
                if getattr(data, part) is not None:
                    self.path(getattr(data, part), "the task's folder", *path, part, pattern=True)


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
    elif isinstance(source, CommonCrawlSource) and source.domain_list is not None:
        yield "domain_list", source.domain_list, FOLDER, False
