"""The corpus: text in, its ledger, cleaning, and the parts that training and evaluation may see.

Here stands the list of its stages. What each does is in ``documents``, ``clean`` and ``splits``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vernacular.artifacts import Report
from vernacular.config.schema import Cleaning, Language, Splits, Strict

if TYPE_CHECKING:
    from vernacular.stages import Stage, Work


class CleanSettings(Strict):
    """The slice that ``corpus/clean`` reads: thresholds, and what the language is and is like."""

    code: str
    script: str
    neighbours: list[str]
    cleaning: Cleaning


def stages(language: Language) -> list[Stage]:
    """The stages of the corpus of ``language``, in order."""
    from vernacular.stages import GateSpec, Stage

    return [
        Stage(name="corpus/documents", version="1", inputs=(), settings=_sources, outside=_outside, run=_documents,
              description="Every document of every source, with its ledger row: source, licence, consent, register."),
        Stage(name="corpus/clean", version="1", inputs=("corpus/documents",), settings=_clean_settings, run=_clean,
              gates=(GateSpec("some_text_left", "At least a hundredth of the words survive cleaning.", True),
                     GateSpec("licence_verified", "Every source names its licence.", False),
                     GateSpec("source_mix", "At most 30% of the words are religious text.", False)),
              description="Documents repaired, normalised, identified, filtered, deduplicated and redacted. Every line "
                          "that was dropped is in `rejects.jsonl` with the rule and the reason."),
        Stage(name="corpus/splits", version="1", inputs=("corpus/clean",), settings=_splits_settings, run=_splits,
              gates=(GateSpec("no_contamination", "No training line shares text with a held-out line.", True),),
              description="Train, dev and test by document. Training lines that share text with held-out lines are "
                          "dropped and listed in `rejects.jsonl`."),
    ]


def _sources(language: Language) -> dict[str, Any]:
    return {"sources": [source.model_dump(mode="json", by_alias=True) for source in language.sources]}


def _outside(language: Language) -> dict[str, str]:
    from vernacular.corpus.sources import source_versions

    return source_versions(language)


def _clean_settings(language: Language) -> CleanSettings:
    return CleanSettings(code=language.code, script=language.script, neighbours=language.neighbours,
                         cleaning=language.cleaning)


def _splits_settings(language: Language) -> Splits:
    return language.splits


def _documents(work: Work) -> Report:
    from vernacular.corpus.documents import run

    return run(work)


def _clean(work: Work) -> Report:
    from vernacular.corpus.clean import run

    return run(work)


def _splits(work: Work) -> Report:
    from vernacular.corpus.splits import run

    return run(work)
