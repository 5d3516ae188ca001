"""The corpus: text in, its ledger, cleaning, and the parts that training and evaluation may see.

Here stands the list of its stages. What each does is in ``documents``, ``clean`` and ``splits``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vernacular.config.cleaning import Cleaning, Identification, Orthography, Poisoning
from vernacular.config.schema import Language, Splits
from vernacular.config.sources import Source
from vernacular.config.strict import Strict
from vernacular.core.store import Report

if TYPE_CHECKING:
    from vernacular.pipeline.stage import Progress, Stage, Work


class CleanSettings(Strict):
    """The slice that ``corpus/clean`` reads: thresholds, and what the language is and is like."""

    code: str
    script: str
    neighbours: list[str]
    cleaning: Cleaning
    document_share: float
    rejecters: list[str]
    poisoning: Poisoning
    overlap_words: int

    def beside(self) -> dict[str, Any]:
        """What of it decides which lines of texts beside the corpus a training may read."""
        return self.model_dump(mode="json", by_alias=True, include={
            "script": True, "overlap_words": True,
            "cleaning": {"orthography", "private_data", "private_patterns"}})


class IdentifierSettings(Strict):
    """The slice that ``corpus/identifier`` reads."""

    code: str
    script: str
    neighbours: list[str]
    identification: Identification
    orthography: Orthography
    quantile: float
    trusted: list[Source]


def stages(language: Language) -> list[Stage]:
    """The stages of the corpus of ``language``, in order."""
    from vernacular.pipeline.stage import GateSpec, Stage

    return [
        Stage(name="corpus/documents", version="3", inputs=(), settings=_sources, outside=_outside, prepare=_prepare,
              run=_documents, rights=True,
              gates=(GateSpec("files_readable", "Every file of every source can be read.", False),),
              description="Every document of every source, with its ledger row: source, licence, consent, register. "
                          "What was taken down is not among them."),
        Stage(name="corpus/identifier", version="3", run=_identifier, settings=_identifier_settings, outside=_seed,
              prepare=_fetch_seed,
              inputs=("corpus/documents",),
              gates=(GateSpec("has_seed", "There is text known to be in the language to learn from.", False),
                     GateSpec("seed_broad", "At the usual limits 95% of the lines that are far from the seed are "
                                            "accepted.", False)),
              description="A classifier that tells the language from all others, learned from its seed, with its "
                          "precision and recall on text that it did not see, near the seed and far from it."),
        Stage(name="corpus/clean", version="5", inputs=("corpus/documents", "corpus/identifier"),
              settings=clean_settings, outside=_held_back, run=_clean, prepare=_fetch_tasks,
              gates=(GateSpec("some_text_left", "At least a hundredth of the words survive cleaning.", True),
                     GateSpec("licence_verified", "Every source names its licence.", False),
                     GateSpec("sources_unchanged", "No source changed its nature; new documents of one that did wait "
                                                   "for a person (`vernacular accept`).", False),
                     GateSpec("sources_kept", "No source lost more than half of its documents to new ones that wait.",
                              True),
                     GateSpec("source_mix", "Religious text, encyclopedias and no single host take up more than "
                                            "`cleaning.mix` allows.", False),
                     GateSpec("losses_small", "No rule takes more than a third of a source's words, unless a person "
                                              "accepted that.", False),
                     GateSpec("losses_accepted", "No rule takes more than half of a source's words, unless a person "
                                                 "accepted that (`vernacular accept --rule`).", True)),
              description="Documents repaired, normalised, identified, filtered, deduplicated and redacted, without "
                          "what tasks are judged by and behavioural tests hold. Every line that was dropped is in "
                          "`rejects/<rule>.jsonl` with the reason, every change of spelling in `changes.jsonl`."),
        Stage(name="corpus/splits", version="2", inputs=("corpus/clean",), settings=_splits_settings, run=_splits,
              gates=(GateSpec("no_contamination", "No training line shares text with a held-out line.", True),),
              description="Train, dev and test by document; `splits.held_out` names sources that go to test whole. "
                          "Training lines that share text with held-out lines are dropped and listed in "
                          "`rejects.jsonl`."),
    ]


def _sources(language: Language) -> dict[str, Any]:
    return {"sources": [source.model_dump(mode="json", by_alias=True) for source in language.sources],
            "limits": language.limits.model_dump(mode="json")}


def _outside(language: Language, root: Path) -> dict[str, str]:
    from vernacular.provenance.suppression_list import Suppressions
    from vernacular.sources import source_versions

    return {**source_versions(language, root), "takedowns": Suppressions.of(language.folder).version()}


def _prepare(language: Language, root: Path, progress: Progress) -> None:
    from vernacular.sources import refresh_sources

    refresh_sources(language, root, progress)


def clean_settings(language: Language) -> CleanSettings:
    """What ``corpus/clean`` reads of the settings."""
    return CleanSettings(code=language.code, script=language.script, neighbours=language.neighbours,
                         cleaning=language.cleaning, poisoning=language.poisoning,
                         document_share=language.identification.document_share,
                         overlap_words=language.splits.overlap_words,
                         rejecters=list(language.identification.rejecters))


def _held_back(language: Language, root: Path) -> dict[str, str]:
    from vernacular.cleaning import approvals as acceptance
    from vernacular.cleaning import holdout_texts as benchmarks
    from vernacular.provenance.suppression_list import Suppressions

    return {"takedowns": Suppressions.of(language.folder).version(), **acceptance.versions(language),
            **benchmarks.versions(language, root)}


def _fetch_tasks(language: Language, root: Path, progress: Progress) -> None:
    from vernacular.datasets import fetch

    fetch(language, root, progress)


def _splits_settings(language: Language) -> Splits:
    return language.splits


def _documents(work: Work) -> Report:
    from vernacular.corpus.ingest import run

    return run(work)


def _identifier_settings(language: Language) -> IdentifierSettings:
    trusted = [source for source in language.sources if source.trusted]
    return IdentifierSettings(code=language.code, script=language.script, neighbours=language.neighbours,
                              identification=language.identification, trusted=trusted,
                              orthography=language.cleaning.orthography, quantile=language.cleaning.quantile)


def _seed(language: Language, root: Path) -> dict[str, str]:
    from vernacular.langid.seed import versions

    return versions(language, root)


def _fetch_seed(language: Language, root: Path, progress: Progress) -> None:
    from vernacular.langid.seed import fetch

    fetch(language, root, progress)


def _identifier(work: Work) -> Report:
    from vernacular.langid.stage import run

    return run(work)


def _clean(work: Work) -> Report:
    from vernacular.cleaning.stage import run

    return run(work)


def _splits(work: Work) -> Report:
    from vernacular.corpus.splits import run

    return run(work)
