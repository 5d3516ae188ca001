"""Sources of a language as observable assets: data versions, without data.

Observing one computes the digest of its current content with ``vernacular.sources``; the stage
``corpus/documents`` reads it, and its asset records what it has read.
"""

# No `from __future__ import annotations` here: Dagster rejects the type of `context` as a string.
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    AssetSpec,
    BetaWarning,
    DataVersion,
    Nothing,
    ObserveResult,
    OpDefinition,
    Out,
    op,
)

from assets.dagster_internals import DATA_VERSION_TAG, AssetExecutionType
from assets.metadata import escape
from assets.naming import failure, group_of, named, stage_key
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.result import DocumentsAndWords
from vernacular.pipeline.graph_summary import Outline, SourceOutline
from vernacular.sources import source_versions


def source_digests(language: Language, root: Path) -> dict[AssetKey, str]:
    """Return the asset key of every source with the digest of its current content.

    Raises:
        Problem: a source cannot be read.
    """
    return {stage_key(language, name): digest for name, digest in source_versions(language, root).items()}


def note_sources(context: AssetExecutionContext, digests: Mapping[AssetKey, str],
                 counts: Mapping[str, DocumentsAndWords]) -> None:
    """Record the sources' data versions in the current run, so that the UI shows the inputs of the documents."""
    for key, digest in digests.items():
        context.log_event(AssetObservation(
            asset_key=key, tags={DATA_VERSION_TAG: digest}, metadata=counts[key.path[-1]].model_dump()
            if key.path[-1] in counts else {}))
    # Dagster looked up the step's inputs at its start, before anything was fetched or recorded.
    context.get_step_execution_context().fetch_external_input_asset_version_info()


class SourceFactory:
    """Builds the observable assets of sources; all are copies of one op."""

    def __init__(self, find: Callable[[AssetKey], Language]) -> None:
        self._op = _observe(find)

    def build(self, outline: Outline, source: SourceOutline) -> AssetsDefinition:
        """Return the asset of ``source`` in the language of ``outline``."""
        key = stage_key(outline, f"source/{source.name}")
        about = f" See <{source.url}>" if re.fullmatch(r"https?://[\w./%?=&#~-]+", source.url) else ""
        spec = AssetSpec(
            key, group_name=group_of(outline, "source"),
            tags={"language": outline.slug, f"dagster/kind/{source.kind}": ""},
            description=f"{escape(source.register)} text, licence {escape(source.licence)}, consent: "
                        f"{escape(source.consent)}, quality: {escape(source.quality)}.{about}",
            metadata={"kind": source.kind, "licence": source.licence, "consent": source.consent,
                      "register": source.register, "quality": source.quality})
        warnings.simplefilter("ignore", BetaWarning)  # observable sources are beta in Dagster 1.13, which is pinned
        return AssetsDefinition(specs=[spec], node_def=named(self._op, key), keys_by_output_name={"result": key},
                                execution_type=AssetExecutionType.OBSERVATION)


def _observe(find: Callable[[AssetKey], Language]) -> OpDefinition:
    @op(out={"result": Out(Nothing)}, required_resource_keys={"store"})
    def observe(context: AssetExecutionContext):  # type: ignore[no-untyped-def]
        key = context.asset_key
        try:
            digests = source_digests(find(key), context.resources.store.open().root)
        except Problem as problem:
            raise failure(problem) from None
        return ObserveResult(asset_key=key, data_version=DataVersion(digests.get(key, "taken down")))

    return observe
