"""One asset per stage of a language: key, group, gates as checks, and a body that finds the artifact or has it made.

What a stage does belongs in ``vernacular``; how its report is shown, in ``assets.metadata``; where heavy work runs, in
the launcher resource. Light stages run in the run's process.
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` and refuses it as a string.
import sqlite3
import sys
from collections.abc import Iterator
from typing import Protocol

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    DataVersion,
    MaterializeResult,
    asset,
)

from assets.common import failure, group_of, owners_of, stage_key
from assets.metadata import metadata_of
from assets.sources import note_sources, source_digests
from vernacular.artifacts import Artifact, Store, digest_of
from vernacular.config.schema import Language
from vernacular.errors import Problem, as_problem
from vernacular.stages import Stage, lookup, prepare, run_stage

DOCUMENTS = "corpus/documents"  # the stage that reads the sources
POOL = "gpu"  # one heavy stage at a time on a machine; the limit is in dagster.yaml


class Launcher(Protocol):
    """Runs a heavy stage in a process of its own; ``pipelines.launchers`` has the real ones."""

    def launch(self, context: AssetExecutionContext, *, stage: Stage, language: Language,
               model: str | None) -> Artifact:
        """The finished artifact of ``stage``. Raises Problem."""


def code_version(stage: Stage, language: Language) -> str:
    """The version of the stage and a digest of the settings that it reads, and of nothing else."""
    return f"{stage.version}-{digest_of([stage.settings_data(language), stage.seed])[:10]}"


def check_results(stage: Stage, artifact: Artifact) -> Iterator[AssetCheckResult]:
    """One result for each gate that the stage declares.

    Raises:
        Problem: the report lacks a declared gate.
    """
    gates = {gate.name: gate for gate in artifact.manifest.report.gates}
    for spec in stage.gates:
        gate = gates.get(spec.name)
        if gate is None:
            raise Problem(f"the report lacks the gate '{spec.name}' that the stage declares", where=stage.name,
                          fix="This is a fault of the stage: report the gate in every case")
        numbers = {name: value for name, value in (("value", gate.value), ("threshold", gate.threshold))
                   if value is not None}
        yield AssetCheckResult(
            check_name=spec.name, passed=gate.passed, description=gate.reason, metadata=numbers,
            severity=AssetCheckSeverity.ERROR if spec.blocking else AssetCheckSeverity.WARN)


def make(stage: Stage, language: Language, context: AssetExecutionContext, model: str | None) -> MaterializeResult:
    """Find or make the artifact and tell Dagster of it."""
    store: Store = context.resources.store.open()
    name = f"{language.code} {stage.name}"
    try:
        prepare(stage, language, store, lambda line: say(f"{name}: {line}"))
        digests = source_digests(language, store.root) if stage.name == DOCUMENTS else {}
        artifact = lookup(stage, language, store)
        reused = artifact is not None
        if artifact is not None:
            store.point(artifact)
            say(f"{name}: reused, nothing it depends on has changed")
        else:
            say(f"{name}: started")
            if stage.heavy:
                artifact = context.resources.launcher.launch(context, stage=stage, language=language, model=model)
            else:
                artifact = run_stage(stage, language, store, lambda line: say(f"{name}: {line}"))
            say(f"{name}: done in {artifact.manifest.seconds:.1f} s")
        if digests:
            note_sources(context, digests, artifact.manifest.report.details.get("by_source", {}))
        return MaterializeResult(
            data_version=DataVersion(artifact.manifest.data_version),
            metadata=metadata_of(artifact, reused=reused, declared=[spec.name for spec in stage.gates]),
            check_results=list(check_results(stage, artifact)))
    except (Problem, OSError, sqlite3.OperationalError) as error:
        raise failure(as_problem(error, name)) from None


def build_asset(stage: Stage, language: Language, *, model: str | None = None) -> AssetsDefinition:
    """The asset of ``stage``.

    Args:
        stage: what is done.
        language: whose folder it is.
        model: the one model that was asked for, passed on to a process that has to find the stage again.
    """
    key = stage_key(language, stage.name)
    deps = [stage_key(language, name) for name in stage.inputs]
    if stage.name == DOCUMENTS:
        deps += [stage_key(language, f"source/{source.name}") for source in language.sources]

    @asset(
        key=key, deps=deps, group_name=group_of(language, stage.name), code_version=code_version(stage, language),
        description=stage.description, owners=owners_of(language), kinds=set(stage.kinds),
        tags={"language": language.slug}, pool=POOL if stage.heavy else None,
        required_resource_keys={"store", "launcher"} if stage.heavy else {"store"},
        check_specs=[AssetCheckSpec(spec.name, asset=key, description=spec.description, blocking=spec.blocking)
                     for spec in stage.gates])
    def body(context: AssetExecutionContext) -> MaterializeResult:
        return make(stage, language, context, model)

    return body


def say(line: str) -> None:
    """A line for the person who waits; Dagster keeps it with the run's logs."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
