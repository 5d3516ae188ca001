"""Which stages of a language are stale, and why, from the store and the folder alone.

A stage is stale if the artifact that it would make differs from its current one. This does not
depend on the orchestrator's records, so deleted artifacts, offline edits and killed runs are all
detected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact, Store, digest_of, remade
from vernacular.pipeline.stage import Stage, inputs_of, key_for


@dataclass(frozen=True)
class Stale:
    """A stage that can run now and would make another artifact than the current one."""

    stage: str  # its name
    key: str  # of the artifact that it would make
    why: str  # in a few words: ``new data: source/inbox``, ``settings changed``, ``never made``


def stale(stages: Mapping[str, Stage], language: Language, store: Store) -> list[Stale]:
    """Return the stale stages whose inputs exist and passed their gates, in an order in which they can run.

    Stages after a stale one are listed only if stale themselves, since its output may not change.
    Stages after a failed gate are not listed: a person must fix that first.

    Raises:
        Problem: a source or a file of the folder cannot be read; that does not count as a change.
    """
    found: list[Stale] = []
    waiting: set[str] = set()  # stages that depend on others that must run first
    for stage in stages.values():
        if waiting.intersection(stage.inputs):
            waiting.add(stage.name)
            continue
        try:
            inputs = inputs_of(stage, language, store)
        except Problem:  # an input is missing (and listed itself), or its gate failed
            waiting.add(stage.name)
            continue
        key = key_for(stage, language, inputs, store.root)
        current = store.current(language.code, stage.name)
        if current is None or current.manifest.key != key:
            found.append(Stale(stage.name, key, _why(stage, language, inputs, current, store.root)))
            waiting.add(stage.name)
    return found


def circumstances(stages: Mapping[str, Stage], language: Language, root: Path) -> str:
    """Return a digest of everything a person or the outside can change: settings, versions, outside inputs.

    Unlike staleness it does not change while stages run, succeed or fail.
    """
    return digest_of([(stage.name, stage.version, stage.seed, stage.settings_data(language),
                       stage.outside(language, root)) for stage in stages.values()])


def following(stages: Mapping[str, Stage], names: list[str]) -> list[str]:
    """Return ``names`` and all stages after them, in order."""
    wanted = set(names)
    for stage in stages.values():
        if wanted.intersection(stage.inputs):
            wanted.add(stage.name)
    return [name for name in stages if name in wanted]


def _why(stage: Stage, language: Language, inputs: Mapping[str, Artifact], current: Artifact | None,
         root: Path) -> str:
    if current is None:
        return "never made, or deleted"
    before = current.manifest
    changed = _changed(before.outside, stage.outside(language, root))
    if changed:
        return f"new: {', '.join(changed)}"
    if before.version != stage.version:
        return f"version {stage.version} of the stage"
    if before.settings != stage.settings_data(language) or before.seed != stage.seed:
        return "settings changed"
    changed = _changed(before.inputs, {name: artifact.manifest.data_version for name, artifact in inputs.items()})
    if changed:
        return f"other input: {', '.join(changed)}"
    changed = remade(before, inputs)
    return f"other report: {', '.join(changed)}" if changed else "another result is current"


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
