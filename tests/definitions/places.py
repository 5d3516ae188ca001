"""Each place of a language folder that the program reads or appends to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vernacular.behavior_tests.load import load_suite, marks_of
from vernacular.cleaning.approvals import accepted_ids
from vernacular.cleaning.holdout_texts import held_out_items as held_out
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.config.statement import read_statement
from vernacular.config.translations import FilesSide
from vernacular.core.files import Folder
from vernacular.core.report import Gate
from vernacular.datasets.keyed_texts import references_of
from vernacular.evaluation.fairness.plan import load_plan
from vernacular.langid.seed import seed_lines
from vernacular.modeling.base_files import locate
from vernacular.pipeline.stage import silent
from vernacular.provenance.suppression_list import Suppressions, append_row
from vernacular.release.marks import Mark, keep
from vernacular.release.waivers import read_waivers, waive
from vernacular.sources import open_source, place_of
from vernacular.sources.files import FolderFiles
from vernacular.tasks.labeled_items import load_items

SOURCE = {"licence": "CC0-1.0", "consent": "contributor", "register": "other"}
INBOX = {"name": "inbox", "kind": "inbox", **SOURCE}
TEXT = {"name": "text", "kind": "files", "files": "text/*/*.txt", **SOURCE}
HUB = {"name": "hub", "kind": "hub", "dataset": "./data", **SOURCE}
WIKI = {"name": "wiki", "kind": "wikipedia", "wiki": "lg", "dump": "dumps/wiki.xml", **SOURCE}
MINED = {"name": "mined", "kind": "commoncrawl", "crawls": ["CC-MAIN-2025-43"], "contact": "me@example.org",
         "domain_list": "lists/domains.md", **SOURCE}
DATA = {"kind": "files", "train": "train.jsonl", "folder": "tasks/names"}


def source(language: Language, name: str, root: Path) -> Any:
    settings = next(one for one in language.sources if one.name == name)
    return open_source(settings, place_of(language, settings, root))


def references(language: Language, root: Path) -> Any:
    side = FilesSide.model_validate({**TEXT, "key": {"kind": "vref", "file": "text/vref.txt"}})
    opened = open_source(side, place_of(language, side, root))
    assert isinstance(opened, FolderFiles)
    return references_of(opened, side)


@dataclass(frozen=True)
class Place:
    """A path in the folder, how the program reads what is there, and what language.yaml says besides."""

    path: str
    read: Callable[[Language, Path], object]
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.path


def task(name: str) -> dict[str, Any]:
    return {"tasks": {"names": {"kind": "sequence_classification", "data": {**DATA, "folder": name}}}}


PLACES = [
    Place("language.yaml", lambda language, root: load_language(language.folder)),
    Place("statement.md", lambda language, root: read_statement(language.folder)),
    Place("takedowns.jsonl", lambda language, root: Suppressions.of(language.folder)),
    Place("accepted.jsonl", lambda language, root: accepted_ids(language.folder)),
    Place("waivers.jsonl", lambda language, root: read_waivers(language.folder)),
    Place("behaviour/marks.jsonl", lambda language, root: marks_of(language)),
    Place("behaviour/a.yaml", lambda language, root: load_suite(language)),
    Place("behaviour/fairness.yaml", lambda language, root: load_plan(language)),
    Place("behaviour", lambda language, root: load_suite(language)),
    Place("inbox", lambda language, root: source(language, "inbox", root).located(), {"sources": [INBOX, TEXT]}),
    Place("drop/here", lambda language, root: source(language, "inbox", root).located(),
          {"sources": [{**INBOX, "folder": "drop/here"}, TEXT]}),
    Place("text/more/b.txt", lambda language, root: source(language, "text", root).located()),
    Place("text/vref.txt", references),
    Place("data/a.jsonl", lambda language, root: source(language, "hub", root).refresh(silent), {"sources": [HUB]}),
    Place("data", lambda language, root: source(language, "hub", root).refresh(silent), {"sources": [HUB]}),
    Place("dumps/wiki.xml", lambda language, root: source(language, "wiki", root).refresh(silent), {"sources": [WIKI]}),
    Place("dumps", lambda language, root: source(language, "wiki", root).refresh(silent), {"sources": [WIKI]}),
    Place("lists/domains.md", lambda language, root: source(language, "mined", root).patterns(), {"sources": [MINED]}),
    Place("lists", lambda language, root: source(language, "mined", root).patterns(), {"sources": [MINED]}),
    Place("seed.txt", lambda language, root: seed_lines(language, language.cleaning.orthography, root)),
    Place("seed/a.txt", lambda language, root: seed_lines(language, language.cleaning.orthography, root),
          {"identification": {"seed": "seed/a.txt"}}),
    Place("tasks/more.jsonl", held_out),
    Place("tasks", held_out),
    Place("tasks/names/train.jsonl", lambda language, root: load_items(language, "names", root), task("tasks/names")),
    Place("tasks/names", lambda language, root: load_items(language, "names", root), task("tasks/names")),
    Place("labels", lambda language, root: load_items(language, "names", root), task("labels")),
    Place("base", lambda language, root: locate(language.models["tiny"].base, language)),
    Place("base/config.json", lambda language, root: locate(language.models["tiny"].base, language)),
]
MARK = Mark("text", "genre", "base", "market", True, None, "me", "2026-01-01T00:00:00Z")
RED = Gate(name="owner", passed=False, reason="nobody", blocking=False)
APPENDS: dict[str, Callable[[Path], object]] = {
    "takedowns.jsonl": lambda folder: append_row(Folder.of(folder).file("takedowns.jsonl"), {"ids": ["a"]}),
    "accepted.jsonl": lambda folder: append_row(Folder.of(folder).file("accepted.jsonl"), {"ids": ["a"]}),
    "waivers.jsonl": lambda folder: waive(folder, "tiny", [RED], "owner", "Amo", "because it is so"),
    "behaviour/marks.jsonl": lambda folder: keep(folder, MARK)}
