"""The graph of one language: its sources, its stages, its job."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from dataclasses import dataclass

from dagster import (
    AssetsDefinition,
    AssetSelection,
    SourceAsset,
    define_asset_job,
    in_process_executor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.factory import build_asset
from assets.sources import build_source
from vernacular.config.schema import Language
from vernacular.errors import Problem
from vernacular.project import chosen_model
from vernacular.stages import Stage, stages_of

# Dagster refuses these as the name of a job, and some are language codes: as (Assamese), is (Icelandic), or (Odia).
REFUSED_NAMES = {*keyword.kwlist, "int", "str", "type", "dict", "bool", "float", "conf", "meta"}


@dataclass(frozen=True)
class Graph:
    """What a language gives to the code location."""

    assets: Sequence[AssetsDefinition | SourceAsset]
    job: UnresolvedAssetJobDefinition


def job_name(slug: str) -> str:
    """The name of a language's job: its slug, with ``_`` behind it where Dagster would refuse that."""
    return f"{slug}_" if slug in REFUSED_NAMES else slug


def stages_to_show(language: Language) -> tuple[dict[str, Stage], str | None]:
    """The stages of the enabled models, or of the one that ``VERNACULAR_MODELS`` names, and that name.

    Raises:
        Problem: the folder has no such model.
    """
    model = chosen_model(language.code)
    if model is not None and model not in language.models:
        raise Problem(f"there is no model '{model}'", where=f"{language.code} models",
                      fix=f"Choose one of: {', '.join(sorted(language.models))}")
    return stages_of(language, model), model


def build_graph(language: Language) -> Graph:
    """All assets of a language and the job that materializes them.

    The job leaves out the sources, which are observed and not made. It runs in one process, since every process of
    Dagster's own would load all languages again; heavy stages get theirs from the launcher.
    """
    stages, model = stages_to_show(language)
    made = [build_asset(stage, language, model=model) for stage in stages.values()]
    observed = [build_source(language, source.name) for source in language.sources]
    job = define_asset_job(
        job_name(language.slug), selection=AssetSelection.assets(*(asset.key for asset in made)),
        description=f"Everything of {language.name}: all stages in order, whatever is unchanged is reused.",
        tags={"language": language.slug}, executor_def=in_process_executor)
    return Graph(assets=[*observed, *made], job=job)
