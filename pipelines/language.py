"""One language: its stages for display, its folder on demand, its job."""

from __future__ import annotations

import keyword
from pathlib import Path

from dagster import AssetKey, AssetSelection, define_asset_job, in_process_executor

from assets.dagster_internals import UnresolvedAssetJobDefinition
from assets.factory import Found
from assets.naming import stage_key
from pipelines.selection import stages_to_show
from vernacular.config.codes import slug_of
from vernacular.config.load import folders_of, load_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.pipeline.graph_summary import Outline
from vernacular.pipeline.stage import Stage

# Names that Dagster rejects for a job; some are language codes: as (Assamese), is (Icelandic), or
# (Odia).
REBUILD = "rebuild"  # the job of all languages; a language with this slug gets another job name
REFUSED_NAMES = {*keyword.kwlist, "int", "str", "type", "dict", "bool", "float", "conf", "meta", REBUILD}


def job_name(slug: str) -> str:
    """Return the name of a language's job: its slug, with ``_`` appended if that is reserved."""
    return f"{slug}_" if slug in REFUSED_NAMES else slug


class Shelf:
    """The parsed folders of a process, each parsed on first use."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parsed: dict[str, tuple[Language, dict[str, Stage], str | None]] = {}

    def language(self, key: AssetKey) -> Language:
        """Return the language of an asset.

        Raises:
            Problem: its folder is broken or gone.
        """
        return self._of(key.path[0])[0]

    def find(self, key: AssetKey) -> Found:
        """Return what the body of the asset ``key`` needs.

        Raises:
            Problem: its folder is broken, or the stage does not exist.
        """
        language, stages, model = self._of(key.path[0])
        name = "/".join(key.path[1:])
        if name not in stages:
            raise Problem(f"the stage {name} no longer exists", where=language.code,
                          fix="The folder changed after the code location was loaded: `make reload`, then run "
                              "again", code=Code.CONFIG_FILE)
        return Found(stages[name], language, model)

    def _of(self, slug: str) -> tuple[Language, dict[str, Stage], str | None]:
        if slug not in self._parsed:
            folder = next((folder for folder in folders_of(self._root) if slug_of(folder.name) == slug), None)
            if folder is None:
                raise TransientProblem("this language folder no longer exists", where=slug, fix="`make reload`",
                                       code=Code.CONFIG_FILE)
            language = load_language(folder)
            self._parsed[slug] = (language, *stages_to_show(language))
        return self._parsed[slug]


def build_job(outline: Outline) -> UnresolvedAssetJobDefinition:
    """Return the job that materializes everything of a language; sources are only observed.

    It runs in one process, since each of Dagster's own processes would load the definitions again;
    heavy stages get processes from the launcher.
    """
    return define_asset_job(
        job_name(outline.slug), executor_def=in_process_executor, tags={"language": outline.slug},
        selection=AssetSelection.assets(*(stage_key(outline, stage.name) for stage in outline.stages)),
        description=f"Everything of {outline.name}: all stages in order; unchanged results are reused.")
