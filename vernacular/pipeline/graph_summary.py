"""What the asset graph needs from a language, as plain data: its stages, sources, versions and gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vernacular.config.schema import Language
from vernacular.core.store import digest_of
from vernacular.pipeline.stage import GateSpec, Stage


@dataclass(frozen=True)
class StageOutline:
    """A stage as the graph shows it; fields as in ``Stage``, ``version`` is ``code_version``."""

    name: str
    version: str
    inputs: tuple[str, ...]
    description: str
    kinds: tuple[str, ...]
    heavy: bool
    gates: tuple[GateSpec, ...]


@dataclass(frozen=True)
class SourceOutline:
    """A source as the graph shows it."""

    name: str
    kind: str
    licence: str
    consent: str
    register: str
    quality: str
    url: str


@dataclass(frozen=True)
class Outline:
    """A language as the graph shows it."""

    code: str
    slug: str
    name: str
    owner: str
    sources: tuple[SourceOutline, ...]
    stages: tuple[StageOutline, ...]
    # fail_days and warn_days: age in days at which the release is too old, or soon will be; None for
    fail_days: float | None = None
    warn_days: float | None = None
    rebuild_days: float = 0.0  # days between verifications of the corpus; 0 for never


def code_version(stage: Stage, language: Language) -> str:
    """Return the version of the stage with a digest of the settings it reads."""
    return f"{stage.version}-{digest_of([stage.settings_data(language), stage.seed])[:10]}"


def outline_of(language: Language, stages: Mapping[str, Stage]) -> Outline:
    """Return the outline of a loaded folder with these stages."""
    sources = tuple(SourceOutline(source.name, source.kind, source.licence, source.consent, source.text_register,
                                  source.quality, source.url) for source in language.sources)
    shown = tuple(StageOutline(stage.name, code_version(stage, language), stage.inputs, stage.description, stage.kinds,
                               stage.heavy, stage.gates) for stage in stages.values())
    return Outline(language.code, language.slug, language.name, language.owner, sources, shown,
                   language.refresh.fail_days, language.refresh.warn_days,
                   language.refresh.rebuild_days if language.refresh.automatic else 0.0)
