"""The outlines of all language folders, and the problems of broken ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.code_locations import Shard
from pipelines.selection import stages_to_show
from vernacular.config.codes import slug_of
from vernacular.config.load import folders_of, load_language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.pipeline.graph_summary import Outline, outline_of


@dataclass
class Registry:
    """The language folders, by slug.

    Attributes:
        languages: the valid ones.
        problems: of the broken ones.
        folders: number of folders in the shard, including those not wanted.
    """

    languages: dict[str, Outline] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    folders: int = 0


def everything(code: str) -> bool:
    """Return True for every language."""
    return True


def scan(root: Path, wanted: Callable[[str], bool], shard: Shard) -> Registry:
    """Scan the folders below ``root``; of two codes with the same slug only the first is valid."""
    found, taken = Registry(), dict[str, str]()
    for folder in folders_of(root):
        slug, code = slug_of(folder.name), folder.name
        first = taken.setdefault(slug, code)
        if not shard.holds(code):
            continue
        found.folders += 1
        if not wanted(code):
            continue
        if first != code:
            found.problems[f"{slug}_2"] = Problem(
                f"{code} and {first} would share the asset keys of '{slug}'", where=code,
                fix="Rename one of the folders", code=Code.CONFIG_CODE)
            continue
        try:
            found.languages[slug] = _outline(folder)
        except Problem as problem:
            found.problems[slug] = problem
        except Exception as error:  # a folder must never affect the others, whatever its error
            found.problems[slug] = Problem(f"its graph cannot be built ({type(error).__name__}: {error})", where=code,
                                           fix=f"`vernacular check {code} --debug` shows where", code=Code.BUG)
    return found


def _outline(folder: Path) -> Outline:
    language = load_language(folder)
    return outline_of(language, stages_to_show(language)[0])
