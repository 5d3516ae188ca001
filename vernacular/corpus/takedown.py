"""Take down a document, a page or a source: remove it everywhere, for good, and report what was removed.

A row of digests is added to the suppression list first, so nothing lets the text in again. Then each reachable copy is
removed; what is needed to find the other copies is removed last. A kill at any point leaves the text suppressed, and
the same command finishes the work. ``provenance.suppression_list`` defines what is suppressed,
``provenance.text_search`` searches files, ``lineage`` finds the models that saw the text.
"""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.store import Artifact, Store, now
from vernacular.corpus.lineage import Saw, artifacts_of, ids_once_at, read_instead, remember_trained, same_place, saw
from vernacular.provenance.corpus_tables import DOCUMENTS, SUFFIX, read_rows, rows_of
from vernacular.provenance.own_files import own_files
from vernacular.provenance.suppression_list import FILE, Suppressions, append_row, line_digest, url_digest
from vernacular.provenance.text_search import SHORT, Traces
from vernacular.sources import open_source, place_of
from vernacular.sources.removal import as_translations

_LAST = ("corpus/splits", "corpus/documents")  # what lists the former documents is removed last
GONE = ".gone-"  # begins the name of a folder that is being removed
_TEXTS = ("corpus/", "alignment/")  # stages that keep the texts of the documents that they list


@dataclass(frozen=True)
class Target:
    """What is to be taken down: exactly one of an id, a URL (or path) and the name of a source."""

    id: str = ""
    url: str = ""
    source: str = ""

    def covers(self, row: dict[str, Any], same: Iterable[str] = ()) -> bool:
        """Whether this row of the ledger is meant; ``same`` are URLs of pages that were read in place of its own."""
        return bool((self.id and row["id"] == self.id) or (self.source and row["source"] == self.source)
                    or (self.url and any(same_place(row["path"], url) for url in (self.url, *same))))

    def __str__(self) -> str:
        return self.id or self.url or f"source {self.source}"


@dataclass(frozen=True)
class Plan:
    """What a takedown will remove."""

    target: Target  # the text to remove
    rows: list[dict[str, Any]]  # of the documents it means and of those with the same text, without the text
    row: dict[str, Any]  # the new row of the suppression list; digests only
    new: bool  # whether the list lacks the row
    traces: Traces  # what is looked for in files
    models: list[Saw]  # what was learned from it
    # files of the language folder, and pages and tables for people, that hold it; they stay
    own_files: list[str]
    notes: list[str] = field(default_factory=list)  # what could not be looked at


def make_plan(language: Language, store: Store, target: Target) -> Plan:
    """Look for the target in the sources, in every artifact and in the lists of what models were trained on.

    Raises:
        Problem: nothing is known of it, or a run is under way.
    """
    refuse_while_running(store, language.code)
    suppressed, notes = Suppressions.of(language.folder), list[str]()
    texts: dict[str, str] = {}
    rows: dict[str, dict[str, Any]] = {}
    twins: dict[str, dict[str, dict[str, Any]]] = {}
    instead = read_instead(language, store, target.url)
    for row in _all_rows(language, store, notes):
        light = {name: value for name, value in row.items() if name != "text"}
        twins.setdefault(row["raw_digest"], {})[row["id"]] = light
        if target.covers(row, (page for page, same in instead.items() if same)):
            rows[row["id"]] = light
            texts.setdefault(row["raw_digest"], row["text"])
    for digest in texts:
        rows |= twins[digest]
    found_ids = set(rows) | ids_once_at(store, language.code, target.url, target.source)
    if target.id:
        found_ids.add(target.id)
    models = saw(store, language.code, found_ids)
    notes += [f"it leads to {page}, which stays: take that down by its own URL if it is meant"
              for page, same in instead.items() if not same]
    known = bool(rows or models or instead or target.id in suppressed.ids or suppressed.covers_url(target.url)
                 or target.source in {*suppressed.sources, *(source.name for source, _ in _read(language))})
    if not known and "://" not in target.url:
        raise Problem(f"nothing is known of {target}", where=language.code,
                      fix=f"`vernacular ledger {language.code} --text \"...\"` finds documents by their words",
                      code=Code.COMMAND_NAME)
    if not known:
        notes.append("this page was never seen; it is put on the list, so that it never comes in")
    wanted = list(texts.values()) + _variants(store, language.code, set(rows))
    wanted += as_translations(language, wanted)
    row = _row(target, rows, texts, wanted, found_ids)
    traces = Traces(wanted, rows)
    return Plan(target, sorted(rows.values(), key=lambda one: (one["source"], one["path"], one["id"])), row,
                _adds(row, suppressed), traces, models,
                own_files(language, store, rows.values(), Traces(wanted, least=SHORT)), notes)


def carry_out(plan: Plan, language: Language, store: Store, reason: str, who: str = "",
              progress: Callable[[str], None] = lambda line: None) -> list[str]:
    """Suppress first, then remove. Returns what was removed, a line each.

    Raises:
        Problem: a run is under way, or the history cannot be reached; the text is suppressed nevertheless.
    """
    removed: list[str] = []
    if plan.new:
        about = {"date": now(), "who": who or getpass.getuser(), "reason": reason,
                 "models": [model.line() for model in plan.models]}
        append_row(Folder.of(language.folder).file(FILE), {**about, **plan.row})
        progress("suppressed")
    refuse_while_running(store, language.code)
    forget_history(language.code, plan.traces, {plan.target.url, *(
        str(row.get(name) or "") for row in plan.rows for name in ("path", "title"))})
    progress("removed from the history")
    home = store.root / language.code
    artifacts = [artifact for artifact in artifacts_of(store, language.code) if holds(artifact, plan.traces)]
    early = [artifact for artifact in artifacts if artifact.manifest.stage not in _LAST]
    removed += [remove_artifact(store, language.code, artifact, progress) for artifact in early]
    removed += remove_unfinished(home, lambda work: work.parent.parent.name == "corpus" or plan.traces.in_folder(work))
    if (home / ".cache").is_dir():
        shutil.rmtree(home / ".cache")
        removed.append("the caches")
    progress("caches removed")
    for page in sorted(home.glob("release/*/report.html")):  # lines of the text; `report` writes it again
        page.unlink()
        removed.append(f"the page of {page.parent.relative_to(home).as_posix()}")
    removed += _forget_mirrors(plan, language, store)
    progress("mirrors forgot")
    late = sorted((artifact for artifact in artifacts if artifact.manifest.stage in _LAST),
                  key=lambda artifact: _LAST.index(artifact.manifest.stage))
    removed += [remove_artifact(store, language.code, artifact, progress) for artifact in late]
    refuse_while_running(store, language.code)
    return removed


def refuse_while_running(store: Store, code: str) -> None:
    """Raise a Problem while a stage of the language is being computed: it could still write what is taken down."""
    for path in (store.root / code).glob("*/*/.lock"):
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            raise Problem("a stage is being computed", where=f"{code} {path.parent.parent.name}/{path.parent.name}",
                          fix="Wait for it or stop it, then take down again: that finishes what is left",
                          code=Code.STAGE_BUSY) from None


def forget_history(code: str, traces: Traces, names: Iterable[str]) -> None:
    """Have the orchestrator remove texts from its history of runs; by name, since the library knows none.

    Args:
        code: of the language.
        traces: of the texts; it is handed their hashes.
        names: paths, titles and names that must not be in it either.

    Raises:
        Problem: it cannot.
    """
    asked = json.dumps({"hashes": traces.hashes(), "names": sorted({*names} - {""})})
    done = subprocess.run([sys.executable, "-m", "pipelines.purge_history", code], input=asked,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Problem(f"the history of runs could not be cleared: {lines[-1] if lines else 'no reason given'}",
                      where=code, fix="Fix that and take down again; the text is suppressed already",
                      code=Code.TAKEDOWN_HISTORY)


def _all_rows(language: Language, store: Store, notes: list[str]) -> Iterator[dict[str, Any]]:
    """Every document of every source as it is now, suppressed or not, then those of every artifact."""
    for source, role in _read(language):
        place = place_of(language, source, store.root, role)
        if isinstance(source, NetworkSource):
            place = replace(place, suppressed=Suppressions())  # other files are read whole, but must not be kept whole
        try:
            for document in open_source(source, place).documents(lambda line: None):
                yield document.row()
        except Problem as problem:
            notes.append(f"the source {source.name} could not be read: {problem.what}")
    for artifact in artifacts_of(store, language.code):
        if artifact.manifest.stage == "corpus/documents":
            yield from read_rows(artifact.folder / DOCUMENTS)


def _read(language: Language) -> list[tuple[Source, str]]:
    """Every source of the folder and what for: none for the corpus, else what a model reads beside it."""
    beside = {f"{role} {source.name}": (source, role) for model in language.models.values()
              for source, role in model.beside}
    return [*((source, "") for source in language.sources), *beside.values()]


def _variants(store: Store, code: str, ids: set[str]) -> list[str]:
    """The texts of the documents as cleaning changed them, rejected lines among them."""
    return [str(row["text"]) for artifact in artifacts_of(store, code) if artifact.manifest.stage.startswith("corpus/")
            for path in sorted(artifact.folder.glob(f"*{SUFFIX}")) for row in rows_of(path, ids) if "text" in row]


def _row(target: Target, rows: dict[str, dict[str, Any]], texts: Iterable[str], wanted: Iterable[str],
         ids: set[str]) -> dict[str, Any]:
    urls = {url_digest(row["path"]) for row in rows.values() if "://" in row["path"]}
    urls |= {url_digest(target.url)} if target.url else set()
    lines = set() if target.source else {line_digest(line) for text in wanted for line in text.split("\n")}
    return {"ids": sorted(ids), "urls": sorted(urls), "texts": sorted(texts),
            "lines": sorted(line for line in lines if line is not None),
            "sources": [target.source] if target.source else []}


def _adds(row: dict[str, Any], suppressed: Suppressions) -> bool:
    return any(not set(row[name]) <= getattr(suppressed, name) for name in ("ids", "urls", "texts", "lines", "sources"))


def holds(artifact: Artifact, traces: Traces) -> bool:
    """Whether the artifact holds the text. A release may list ids: they document its training data."""
    wanted = traces if artifact.manifest.stage.startswith(_TEXTS) else traces.of_texts
    return wanted.in_folder(artifact.folder) or any(map(wanted.in_table, artifact.folder.glob(f"*{SUFFIX}")))


def remove_unfinished(home: Path, wanted: Callable[[Path], bool]) -> list[str]:
    """Remove the unfinished work of stages that is wanted, and what a kill left half removed; a line for each."""
    for folder in sorted(home.glob(f"*/*/{GONE}*")):
        shutil.rmtree(folder)
    removed = []
    for work in sorted(home.glob("*/*/.work-*")):
        if wanted(work):
            vanish(work)
            removed.append(f"unfinished work of {work.parent.relative_to(home).as_posix()}")
    return removed


def remove_artifact(store: Store, code: str, artifact: Artifact, progress: Callable[[str], None]) -> str:
    """Remove an artifact; ``current`` no longer names it."""
    manifest, pointer = artifact.manifest, artifact.folder.parent / "current"
    if manifest.stage == "corpus/splits":
        remember_trained(store, code, artifact)
    if pointer.is_file() and pointer.read_text(encoding="utf-8").strip() == manifest.key:
        pointer.unlink()
    vanish(artifact.folder)
    progress(f"{manifest.stage} removed")
    return f"{manifest.stage} {manifest.key} of {manifest.created}"


def vanish(folder: Path) -> None:
    """Remove a folder so that a kill leaves it whole, or under a name that nobody takes for a result."""
    gone = folder.with_name(GONE + folder.name.lstrip("."))
    folder.rename(gone)
    shutil.rmtree(gone)


def _forget_mirrors(plan: Plan, language: Language, store: Store) -> list[str]:
    """Take the target out of what was fetched; mirrors of sources that are no longer named go whole if they hold it."""
    removed, mirrors = [], store.root / language.code / ".mirror"
    for source in language.sources:
        place = place_of(language, source, store.root)
        if not place.mirror.is_dir():
            continue
        if source.name == plan.target.source:
            shutil.rmtree(place.mirror)
            removed.append(f"everything that was fetched for {source.name}")
            continue
        paths = {row["path"] for row in plan.rows if row["source"] == source.name}
        paths |= {plan.target.url} if plan.target.url else set()
        opened = open_source(source, place)
        if hasattr(opened, "forget"):  # also without paths: it looks for texts that equal what was taken down
            opened.forget(sorted(paths))
            removed.append(f"what was kept of it for {source.name}")
            if plan.traces.of_texts.in_folder(place.mirror):
                removed.append(f"not from what {source.name} fetched: other pages there quote it; the corpus leaves "
                               "those lines out")
    named = {source.name for source in language.sources}
    for mirror in sorted(mirrors.iterdir()) if mirrors.is_dir() else []:
        if mirror.is_dir() and mirror.name not in named and (
                mirror.name == plan.target.source or plan.traces.in_folder(mirror)):
            shutil.rmtree(mirror)
            removed.append(f"what was fetched for {mirror.name}, a source that is no longer there")
    return removed
