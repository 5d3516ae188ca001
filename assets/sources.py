"""What a language's sources hold, as observable assets: a data version each, no data.

Observing one asks ``vernacular.corpus.sources`` for the digest of what is out there; reading it is the business of the
stage ``corpus/documents``, whose asset notes what it has read.
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` and refuses it as a string.
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    BetaWarning,
    DataVersion,
    OpExecutionContext,
    SourceAsset,
    observable_source_asset,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from assets.common import failure, group_of, stage_key
from assets.metadata import escape
from vernacular.config.schema import Language
from vernacular.corpus.sources import source_versions
from vernacular.errors import Problem


def source_digests(language: Language, root: Path) -> dict[AssetKey, str]:
    """The asset key of every source with the digest of what it holds now. Raises Problem where one cannot be read.

    Args:
        language: whose sources.
        root: of the store, below which what was fetched lies.
    """
    return {stage_key(language, name): digest for name, digest in source_versions(language, root).items()}


def note_sources(context: AssetExecutionContext, digests: Mapping[AssetKey, str],
                 counts: Mapping[str, Mapping[str, int]]) -> None:
    """Note in the run that is going on what the sources hold: the UI then knows what the documents came from.

    Args:
        context: of the asset that read them.
        digests: the data version of each.
        counts: source name -> what was counted of it, such as documents and words.
    """
    for key, digest in digests.items():
        context.log_event(AssetObservation(
            asset_key=key, tags={DATA_VERSION_TAG: digest}, metadata=dict(counts.get(key.path[-1], {}))))
    # Dagster has looked up what the step reads at its start; but then nothing was fetched or noted yet.
    context.get_step_execution_context().fetch_external_input_asset_version_info()


def build_source(language: Language, name: str) -> SourceAsset:
    """The observable asset of the source ``name``."""
    source = next(source for source in language.sources if source.name == name)
    key = stage_key(language, f"source/{name}")
    warnings.simplefilter("ignore", BetaWarning)  # observable sources are beta in Dagster 1.13, which is pinned
    about = f" See <{source.url}>" if re.fullmatch(r"https?://[\w./%?=&#~-]+", source.url) else ""

    @observable_source_asset(
        key=key, group_name=group_of(language, "source"),
        tags={"language": language.slug, f"dagster/kind/{source.kind}": ""},
        description=f"{escape(source.text_register)} text, licence {escape(source.licence)}, consent: "
                    f"{escape(source.consent)}, quality: {escape(source.quality)}.{about}",
        required_resource_keys={"store"},
        metadata={"kind": source.kind, "licence": source.licence, "consent": source.consent,
                  "register": source.text_register, "quality": source.quality})
    def observe(context: OpExecutionContext) -> DataVersion:
        try:
            digests = source_digests(language, context.resources.store.open().root)
            return DataVersion(digests.get(key, "taken down"))
        except Problem as problem:
            raise failure(problem) from None

    return observe
