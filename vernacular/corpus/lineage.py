"""Where documents went: the rows of the ledger, the artifacts that hold them, the models that saw them.

Reads artifacts of any key, current or not, and changes none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language
from vernacular.config.sources import WebPages
from vernacular.config.stage_names import HOLD_DOCUMENTS
from vernacular.core.jsonl import read_jsonl
from vernacular.core.store import MANIFEST, Artifact, Store, write_atomically
from vernacular.provenance.corpus_tables import DOCUMENTS, SUFFIX, file_of, read_rows, rows_of
from vernacular.provenance.document import BESIDE
from vernacular.provenance.suppression_list import url_digest
from vernacular.sources import open_source, place_of
from vernacular.sources.web.page_source import PageSource

# Stages whose artifacts were learned from training text.
SEES_TEXT = ("tokenizer", "alignment", "model", "task", "release", "speech")
Row = dict[str, Any]


@dataclass(frozen=True)
class Saw:
    """An artifact that was learned from certain documents."""

    stage: str  # such as ``model/mini``
    key: str  # of the artifact
    created: str  # when it was made, ISO 8601
    certain: bool  # False where the list of documents that it was trained on is gone

    def line(self) -> str:
        """For a person, and for the suppression list."""
        return f"{self.stage} {self.key} of {self.created}" + ("" if self.certain else " (perhaps)")


def artifacts_of(store: Store, code: str) -> list[Artifact]:
    """Every finished artifact of a language, of every key, by stage and key."""
    return [Artifact(path.parent) for path in sorted((store.root / code).glob(f"*/*/*/{MANIFEST}"))
            if not any(part.startswith(".") for part in path.relative_to(store.root).parts)]


def same_place(path: str, url: str) -> bool:
    """Whether ``path`` of a document is what ``url`` names."""
    return path == url or url_digest(path) == url_digest(url)


def read_instead(language: Language, store: Store, url: str) -> dict[str, bool]:
    """The pages that web sources read in place of ``url``: with its very text (True), or that it leads to (False)."""
    opened = [open_source(source, place_of(language, source, store.root)) for source in language.sources
              if isinstance(source, WebPages)] if url else []
    found = dict(source.instead(url) for source in opened if isinstance(source, PageSource))
    return {page: same for page, same in found.items() if page}


def find_rows(store: Store, code: str, wanted: Callable[[Row], bool]) -> list[Row]:
    """The rows of the ledger that are wanted: of the current documents, or of older ones if none is there."""
    found = [artifact for artifact in artifacts_of(store, code) if artifact.manifest.stage == "corpus/documents"]
    current = store.current(code, "corpus/documents")
    found.sort(key=lambda artifact: artifact.manifest.created, reverse=True)
    for artifact in ([current] if current else []) + found:
        rows = [row for row in read_rows(artifact.folder / DOCUMENTS) if wanted(row)]
        if rows:
            return rows
    return []


def find_beside(store: Store, code: str, wanted: Callable[[Row], bool]) -> list[Row]:
    """The rows, without text, of documents that trainings read beside the corpus: each once, with its ``role``."""
    found: dict[tuple[str, str], Row] = {}
    for artifact in artifacts_of(store, code):
        path = artifact.folder / BESIDE
        for row in read_jsonl(path) if path.is_file() else []:
            if wanted(row):
                found[row["role"], row["id"]] = row
    return list(found.values())


def holding(store: Store, code: str, ids: Collection[str]) -> dict[str, list[Row]]:
    """By id, where the current artifacts of the corpus hold it: stage, file, lines, rules and reasons of rejects."""
    found: dict[str, list[Row]] = {number: [] for number in ids}
    for stage in HOLD_DOCUMENTS:
        artifact = store.current(code, stage)
        for path in sorted(artifact.folder.glob(f"*{SUFFIX}")) if artifact else []:
            rejects: dict[tuple[str, str, str], int] = {}
            for row in rows_of(path, ids):
                number = row["id"]
                if "rule" in row:
                    key = (number, row["rule"], str(row.get("reason", "")))
                    rejects[key] = rejects.get(key, 0) + 1
                elif "text" in row:
                    found[number].append({"stage": stage, "file": path.name, "lines": row["text"].count("\n") + 1})
            for (number, rule, reason), lines in rejects.items():
                found[number].append({"stage": stage, "file": path.name, "lines": lines, "rule": rule,
                                      "reason": reason})
    return found


def saw(store: Store, code: str, ids: Collection[str]) -> list[Saw]:
    """The tokenizers, models, adapters and releases that were learned from a text with one of ``ids`` in it.

    An artifact is one of these if the chain of its inputs leads back to a ``corpus/splits`` with such a document in
    ``train``, or to a model that read it beside the language's own text. Lists of splits that were removed by a
    takedown are kept, without text, in ``.trained``.
    """
    artifacts, wanted = artifacts_of(store, code), frozenset(ids)
    by_content: dict[tuple[str, str], list[Artifact]] = {}
    for artifact in artifacts:
        by_content.setdefault((artifact.manifest.stage, artifact.manifest.data_version), []).append(artifact)
    levels = {("corpus/splits", version): 2 * any(row.split("\t", 1)[0] in wanted for row in rows())
              for version, rows in _trained(store, code, artifacts).items()}  # 2: it did, 1: perhaps, 0: it did not

    def level(stage: str, version: str) -> int:
        if (stage, version) not in levels:
            levels[stage, version] = 1 if stage == "corpus/splits" else max(
                map(own_level, by_content.get((stage, version), [])), default=0)
        return levels[stage, version]

    def own_level(artifact: Artifact) -> int:
        beside = artifact.folder / BESIDE  # documents that it read itself, in related and in the base's languages
        if beside.is_file() and any(row["id"] in wanted for row in read_jsonl(beside)):
            return 2
        if artifact.manifest.stage.startswith("alignment/"):  # of the corpus it reads what it may not learn from
            return 0
        return max((level(*item) for item in artifact.manifest.inputs.items()), default=0)

    found = []
    for artifact in artifacts:
        manifest = artifact.manifest
        if manifest.stage.split("/")[0] in SEES_TEXT and (sure := own_level(artifact)):
            found.append(Saw(manifest.stage, manifest.key, manifest.created, sure == 2))
    return sorted(found, key=lambda one: (one.stage, one.created, one.key))


def remember_trained(store: Store, code: str, artifact: Artifact) -> None:
    """Keep which documents a ``corpus/splits`` trained on, by digests alone, for when the artifact is gone."""
    path = _list_path(store, code, artifact.manifest.data_version)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "".join(f"{line}\n" for line in _train_lines(artifact.folder)))


def ids_once_at(store: Store, code: str, url: str = "", source: str = "") -> set[str]:
    """Ids of documents from ``url``, or of ``source``, in the lists of splits that are gone."""
    found = set()
    for path in sorted((store.root / code / ".trained").glob("*.tsv")):
        for line in _lines(path):
            number, own, place = line.split("\t")
            if (url and place == url_digest(url)) or (source and own == source):
                found.add(number)
    return found


def _trained(store: Store, code: str, artifacts: Collection[Artifact]) -> Mapping[str, Callable[[], Iterator[str]]]:
    """Data version of each splits artifact that is or was there -> the rows of what it trained on."""
    lists: dict[str, Callable[[], Iterator[str]]] = {
        path.stem: partial(_lines, path) for path in (store.root / code / ".trained").glob("*.tsv")}
    return lists | {artifact.manifest.data_version: partial(_train_lines, artifact.folder) for artifact in artifacts
                    if artifact.manifest.stage == "corpus/splits"}


def _lines(path: Path) -> Iterator[str]:
    return iter(path.read_text(encoding="utf-8").splitlines())


def _train_lines(folder: Path) -> Iterator[str]:
    """id, source and digest of the path of each training document."""
    return (f"{row['id']}\t{row['source']}\t{url_digest(row['path'])}" for row in read_rows(
        folder / file_of("train"), ["id", "source", "path"]))


def _list_path(store: Store, code: str, version: str) -> Path:
    return store.root / code / ".trained" / f"{version}.tsv"
