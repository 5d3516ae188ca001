"""One language: its stages as they are shown, its folder when it is needed, its job."""

from __future__ import annotations

import keyword
from pathlib import Path

from dagster import AssetKey, AssetSelection, define_asset_job, in_process_executor
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.factory import Found
from assets.naming import stage_key
from pipelines.selection import stages_to_show
from vernacular.config.codes import slug_of
from vernacular.config.load import folders_of, load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem, TransientProblem
from vernacular.pipeline.graph_summary import Outline
from vernacular.pipeline.stage import Stage

# Dagster refuses these as the name of a job, and some are language codes: as (Assamese), is (Icelandic), or (Odia).
REBUILD = "rebuild"  # the one job that is of no language; whose slug is that is named otherwise, too
REFUSED_NAMES = {*keyword.kwlist, "int", "str", "type", "dict", "bool", "float", "conf", "meta", REBUILD}


def job_name(slug: str) -> str:
    """The name of a language's job: its slug, with ``_`` behind it where that is no name for it."""
    return f"{slug}_" if slug in REFUSED_NAMES else slug


class Shelf:
    """The parsed folders of a process, each parsed when it is first asked for.

    Args:
        root: the folder of language folders.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parsed: dict[str, tuple[Language, dict[str, Stage], str | None]] = {}

    def language(self, key: AssetKey) -> Language:
        """The language that an asset belongs to. Raises Problem."""
        return self._of(key.path[0])[0]

    def find(self, key: AssetKey) -> Found:
        """What the body of the asset ``key`` works with. Raises Problem."""
        language, stages, model = self._of(key.path[0])
        name = "/".join(key.path[1:])
        if name not in stages:
            raise Problem(f"there is no stage {name} any more", where=language.code, fix="The folder was changed since "
                          "the code location was loaded: `make reload`, then run again")
        return Found(stages[name], language, model)

    def _of(self, slug: str) -> tuple[Language, dict[str, Stage], str | None]:
        if slug not in self._parsed:
            folder = next((folder for folder in folders_of(self._root) if slug_of(folder.name) == slug), None)
            if folder is None:
                raise TransientProblem("there is no such language folder any more", where=slug, fix="`make reload`")
            language = load_language(folder)
            self._parsed[slug] = (language, *stages_to_show(language))
        return self._parsed[slug]


def build_job(outline: Outline) -> UnresolvedAssetJobDefinition:
    """The job that materializes everything of a language; the sources are observed and not made.

    It runs in one process, since every process of Dagster's own would load the definitions again; heavy stages get
    theirs from the launcher.
    """
    return define_asset_job(
        job_name(outline.slug), executor_def=in_process_executor, tags={"language": outline.slug},
        selection=AssetSelection.assets(*(stage_key(outline, stage.name) for stage in outline.stages)),
        description=f"Everything of {outline.name}: all stages in order, whatever is unchanged is reused.")
