"""Build one asset per stage of a language: key, group, gates as checks, and a body that finds or makes the artifact.

Stage logic is in ``vernacular``, report formatting in ``assets.metadata``, execution of heavy
stages in the launcher resource. Light stages run in the run's process. Assets are built from
outlines: a folder is parsed when one of its assets runs.
"""

# No `from __future__ import annotations` here: Dagster rejects the type of `context` as a string.
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DataVersion,
    In,
    MaterializeResult,
    Nothing,
    OpDefinition,
    Out,
    op,
)

from assets.metadata import escape, metadata_of
from assets.naming import failure, freshness_of, group_of, named, owners_of, stage_key
from assets.pictures import publish_picture
from assets.sources import note_sources, source_digests
from assets.stopped import stops_explained
from vernacular.config.schema import Language
from vernacular.core import terminal
from vernacular.core.errors import Problem, as_problem
from vernacular.core.store import Artifact, Store
from vernacular.corpus.stage_results import IngestResult
from vernacular.pipeline.graph_summary import Outline, StageOutline
from vernacular.pipeline.stage import DONE, STARTED, Stage, declared_gates, lookup, prepare, run_stage

DOCUMENTS = "corpus/documents"  # the stage that reads the sources
MOST_REASON = 2_000  # of a check's description
POOL = "gpu"  # one heavy stage at a time per machine; the limit is in dagster.yaml


class Launcher(Protocol):
    """Runs a heavy stage in a separate process; implementations are in ``pipelines.launchers``."""

    def launch(self, context: AssetExecutionContext, *, stage: Stage, language: Language,
               model: str | None) -> Artifact:
        """Return the finished artifact of ``stage``.

        Raises:
            Problem: the stage failed.
        """


def check_results(stage: Stage, artifact: Artifact) -> Iterator[AssetCheckResult]:
    """Yield a result for each declared gate of the stage.

    Raises:
        Problem: the report lacks a declared gate.
    """
    for spec, gate in declared_gates(stage, artifact):
        numbers = {name: value for name, value in (("value", gate.value), ("threshold", gate.threshold))
                   if value is not None}
        yield AssetCheckResult(
            check_name=spec.name, passed=gate.passed, description=escape(gate.message, MOST_REASON), metadata=numbers,
            severity=AssetCheckSeverity.ERROR if spec.blocking else AssetCheckSeverity.WARN)


def make(stage: Stage, language: Language, context: AssetExecutionContext,
         model: str | None) -> Iterator[MaterializeResult | AssetCheckResult]:
    """Find or make the artifact and report it to Dagster, followed by its gates."""
    store: Store = context.resources.store.open()
    name = f"{language.code} {stage.name}"
    try:
        prepare(stage, language, store, lambda line: say(f"{name}: {line}"))
        digests = source_digests(language, store.root) if stage.name == DOCUMENTS else {}
        artifact = lookup(stage, language, store)
        reused = artifact is not None
        if artifact is not None:
            store.reuse(artifact)
            say(f"{name}: reused, no input has changed")
        else:
            say(f"{name}: {STARTED}")
            if stage.heavy:
                artifact = context.resources.launcher.launch(context, stage=stage, language=language, model=model)
            else:
                artifact = run_stage(stage, language, store, lambda line: say(f"{name}: {line}"))
            say(f"{name}: {DONE} {artifact.manifest.seconds:.1f} s")
        if digests:
            result = artifact.manifest.report.read_result(stage.result, stage.name)
            note_sources(context, digests, result.by_source if isinstance(result, IngestResult) else {})
        checks = list(check_results(stage, artifact))
        metadata = metadata_of(artifact, reused=reused, declared=[spec.name for spec in stage.gates],
                               address=partial(publish_picture, context.instance, artifact))
    except (Problem, OSError, sqlite3.OperationalError) as error:
        raise failure(as_problem(error, name)) from None
    yield MaterializeResult(data_version=DataVersion(artifact.manifest.data_version), metadata=metadata)
    yield from checks  # afterwards, since the UI treats older checks as those of the last run


@dataclass(frozen=True)
class Found:
    """What an asset's body needs: its stage, the parsed folder, and the selected model."""

    stage: Stage
    language: Language
    model: str | None


Find = Callable[[AssetKey], Found]


class AssetFactory:
    """Builds the assets of stages.

    Building an op takes a millisecond, and a thousand languages have fourteen thousand; so each op
    is a renamed copy of one with the same shape.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._ops: dict[tuple[tuple[str, ...], int, bool], OpDefinition] = {}

    def build(self, outline: Outline, stage: StageOutline) -> AssetsDefinition:
        """Return the asset of ``stage`` in the language of ``outline``."""
        key = stage_key(outline, stage.name)
        inputs = [*stage.inputs]
        if stage.name == DOCUMENTS:
            inputs += [f"source/{source.name}" for source in outline.sources]
        keys = {name.replace("/", "__"): stage_key(outline, name) for name in inputs}
        spec = AssetSpec(
            key, deps=[*keys.values()], group_name=group_of(outline, stage.name), code_version=stage.version,
            description=stage.description, owners=owners_of(outline), kinds=set(stage.kinds),
            tags={"language": outline.slug}, freshness_policy=freshness_of(outline, stage.name))
        checks = {_output(number): AssetCheckSpec(gate.name, asset=key, description=gate.description,
                                                  blocking=gate.blocking) for number, gate in enumerate(stage.gates)}
        return AssetsDefinition(
            specs=[spec], node_def=named(self._op(tuple(keys), len(checks), stage.heavy), key),
            keys_by_input_name=keys, keys_by_output_name={"result": key}, check_specs_by_output_name=checks)

    def _op(self, inputs: tuple[str, ...], checks: int, heavy: bool) -> OpDefinition:
        """Return the shared op of all assets with these inputs and number of checks."""
        if (inputs, checks, heavy) not in self._ops:
            @op(ins={name: In(Nothing) for name in inputs}, pool=POOL if heavy else None,
                out={"result": Out(Nothing)} | {_output(number): Out(Nothing) for number in range(checks)},
                required_resource_keys={"store", "launcher"} if heavy else {"store"})
            def body(context: AssetExecutionContext):  # type: ignore[no-untyped-def]
                try:
                    found = self._find(context.asset_key)
                except Problem as problem:
                    raise failure(problem) from None
                with stops_explained(context):
                    yield from make(found.stage, found.language, context, found.model)

            self._ops[inputs, checks, heavy] = body
        return self._ops[inputs, checks, heavy]


def _output(number: int) -> str:
    return f"check_{number}"


def say(line: str) -> None:
    """Print a line for the user; Dagster stores it in the run's logs."""
    terminal.say(line)
