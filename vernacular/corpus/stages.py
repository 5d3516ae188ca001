"""The stages of the corpus, declared."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from vernacular.cleaning.approvals import versions as versions_of_approvals
from vernacular.cleaning.holdout_texts import versions as versions_of_holdout
from vernacular.cleaning.stage_results import CleanResult
from vernacular.config.schema import Language, Splits
from vernacular.config.stage_settings import clean_settings, identifier_settings
from vernacular.core.entry_point import EntryPoint
from vernacular.corpus.stage_results import IngestResult, SplitsResult
from vernacular.datasets.labeled import fetch
from vernacular.langid.contrast import fetch as fetch_contrast
from vernacular.langid.contrast import versions as versions_of_contrast
from vernacular.langid.external import versions_of
from vernacular.langid.seed import version_of_seed
from vernacular.langid.stage_results import IdentifierResult
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import refresh_sources, source_versions


def stages(language: Language) -> list[Stage]:
    """The stages of the corpus of ``language``, in order."""
    return [
        Stage(name="corpus/documents", version="4", inputs=(), settings=_sources, outside=_outside,
              prepare=refresh_sources,
              run=EntryPoint("vernacular.corpus.ingest:run"), result=IngestResult, includes_licenses=True,
              gates=(GateSpec("files_readable", "Every file of every source can be read.", False),),
              description="Every document of every source, with its ledger row: source, licence, consent, register. "
                          "What was taken down is not among them."),
        Stage(name="corpus/identifier", version="5", run=EntryPoint("vernacular.langid.stage:run"),
              result=IdentifierResult,
              settings=identifier_settings, outside=_identifier_text,
              prepare=fetch_contrast,
              inputs=("corpus/documents",),
              gates=(GateSpec("has_seed", "There is text known to be in the language to learn from.", False),
                     GateSpec("seed_broad", "At the usual limits 95% of the lines that are far from the seed are "
                                            "accepted.", False)),
              description="A classifier that distinguishes the language from all others, learned from its seed and "
                          "from the votes of external identifiers on it, with its precision and recall on text that it "
                          "did not see, near the seed and far from it."),
        Stage(name="corpus/clean", version="8", inputs=("corpus/documents", "corpus/identifier"),
              settings=clean_settings, outside=_held_out_files,
              run=EntryPoint("vernacular.cleaning.stage:run"), result=CleanResult,
              prepare=fetch,
              gates=(GateSpec("some_text_left", "At least a hundredth of the words survive cleaning.", True),
                     GateSpec("licence_verified", "Every source names its licence.", False),
                     GateSpec("sources_unchanged", "No source changed its nature; new documents of one that did wait "
                                                   "for a person (`vernacular accept`).", False),
                     GateSpec("sources_kept", "No source lost more than half of its documents to new ones that wait.",
                              True),
                     GateSpec("source_mix", "Religious text, encyclopedias and no single host make up more than "
                                            "`cleaning.mix` allows.", False),
                     GateSpec("losses_small", "No rule takes more than a third of a source's words, unless a person "
                                              "accepted that.", False),
                     GateSpec("losses_accepted", "No rule takes more than half of a source's words, unless a person "
                                                 "accepted that (`vernacular accept --rule`).", True)),
              description="Documents repaired, normalised, identified, filtered, deduplicated and redacted, without "
                          "what tasks are judged by and behavioural tests hold. Every line that was dropped is in "
                          "`rejects.parquet` with rule and reason, every change of spelling in `changes.parquet`."),
        Stage(name="corpus/splits", version="3", inputs=("corpus/clean",), settings=_splits_settings,
              run=EntryPoint("vernacular.corpus.splits:run"), result=SplitsResult,
              gates=(GateSpec("no_contamination", "No training line shares text with a held-out line.", True),),
              description="Train, dev and test by document; `splits.held_out` names sources that go to test whole. "
                          "Training lines that share text with held-out lines are dropped and listed in "
                          "`rejects.parquet`."),
    ]


def _sources(language: Language) -> dict[str, JsonValue]:
    return {"sources": [source.model_dump(mode="json", by_alias=True) for source in language.sources],
            "limits": language.limits.model_dump(mode="json")}


def _outside(language: Language, root: Path) -> dict[str, str]:
    return {**source_versions(language, root), "takedowns": Suppressions.of(language.folder).version()}


def _identifier_text(language: Language, root: Path) -> dict[str, str]:
    members = {f"member/{name}": version for name, version in versions_of(language.identification.members).items()}
    return {**version_of_seed(language), **versions_of_contrast(language, root), **members}


def _held_out_files(language: Language, root: Path) -> dict[str, str]:
    return {"takedowns": Suppressions.of(language.folder).version(), **versions_of_approvals(language),
            **versions_of_holdout(language, root)}


def _splits_settings(language: Language) -> Splits:
    return language.splits
