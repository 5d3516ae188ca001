"""Plan a run: which stages would be computed. Costs are in ``vernacular.forecast``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source, is_local
from vernacular.config.speech_sources import AudioHubSource
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.datasets.labeled import fetched_over_network, not_fetched
from vernacular.modeling.base_files import fetched
from vernacular.pipeline.stage import Stage, lookup
from vernacular.sources import network_sources, place_of
from vernacular.speech.recordings.sources import fetched_folder


@dataclass(frozen=True)
class Step:
    """What a run would do with one stage: ``reuse``, ``run``, or ``stop`` at a failed gate."""

    stage: str
    action: str
    why: str


def steps_of(stages: Mapping[str, Stage], language: Language, store: Store) -> list[Step]:
    """Return what a run would do, stage by stage; stages after one that runs also run."""
    steps: list[Step] = []
    fresh: set[str] = set()
    missing = to_fetch(language, store.root)
    for name, stage in stages.items():
        action, why = _action(stage, language, store, fresh, missing)
        steps.append(Step(name, action, why))
        if action != "reuse":
            fresh.add(name)
    return steps


def _action(stage: Stage, language: Language, store: Store, fresh: Collection[str],
            missing: Mapping[str, list[str]]) -> tuple[str, str]:
    waits = [source for source in stage.inputs if source in fresh]
    if waits:
        return "run", f"after {waits[0]}" + (f" and {len(waits) - 1} more" if waits[1:] else "")
    if missing.get(stage.name):
        return "run", f"fetches {', '.join(missing[stage.name])} first"
    try:
        found = lookup(stage, language, store)
    except Problem as problem:
        if any(missing.values()) and not stage.inputs:
            return "run", "after its inputs are fetched"
        return "stop", str(problem)
    if found is not None:
        return "reuse", f"made {found.manifest.created}"
    return "run", "not made yet" if store.current(language.code, stage.name) is None else "an input has changed"


def network_needs(language: Language, root: Path) -> dict[str, dict[str, bool]]:
    """Return what a run needs from the network: stage -> item -> whether it is stored already.

    Args:
        language: with its sources, contrast texts, labeled data, base models and their texts.
        root: of the store.
    """
    def lies(source: Source, role: str) -> bool:
        return place_of(language, source, root, role).mirror.exists()

    found: dict[str, dict[str, bool]] = {
        "corpus/documents": {source.name: place.mirror.exists() for source, place in network_sources(language, root)},
        "corpus/identifier": {f"{source.name} ({code})": lies(source, f"contrast-{code}")
                              for code, sources in language.identification.contrast.items()
                              for source in sources if isinstance(source, NetworkSource)}}
    if language.speech is not None:
        found["speech/recordings"] = {
            source.name: fetched_folder(language, source, root).is_dir() for source in language.speech.sources
            if isinstance(source, AudioHubSource) and not is_local(source.dataset)}
        for name, spoken in language.speech.models_to_run().items():
            if spoken.base.hub:
                first = "transcription" if spoken.pretraining is None else "pretrained"
                found[f"speech/{first}_{name}"] = {f"the base of {name}": fetched(spoken.base)}
    missing = not_fetched(language, root)
    found["corpus/clean"] = {f"the data of {name}": name not in missing
                             for name in fetched_over_network(language, root)}
    for name, model in language.models_to_run().items():
        found[f"tokenizer/{name}"] = {
            **({f"the base of {name}": fetched(model.base)} if model.base.hub else {}),
            **{f"{source.name} ({role} of {name})": lies(source, role) for source, role in model.beside
               if isinstance(source, NetworkSource)}}
        if model.instruct is not None and model.instruct.model.hub:
            found[f"instruct/{name}"] = {f"the instruct model of {name}": fetched(model.instruct.model)}
    return found


def to_fetch(language: Language, root: Path) -> dict[str, list[str]]:
    """Return stage -> what it fetches first, because nothing of it is below ``root``, the store's.

    Includes labeled data in local folders.
    """
    found = {stage: [name for name, here in needs.items() if not here]
             for stage, needs in network_needs(language, root).items()}
    found["corpus/clean"] = [f"the data of {name}" for name in not_fetched(language, root)]
    return {stage: missing for stage, missing in found.items() if missing}
