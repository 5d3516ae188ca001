"""The definition of a stage (inputs, settings, version) and how one stage is run.

A stage reads and writes files and returns a report. It knows nothing of the orchestrator, and of
other stages only the folders it receives. ``vernacular.catalog`` lists all stages.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic

from pydantic import BaseModel, JsonValue
from typing_extensions import TypeVar

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem, panics_as_problems
from vernacular.core.report import Gate, Report
from vernacular.core.result import NoResult, Result
from vernacular.core.store import Artifact, Manifest, Origin, Store, describe, key_of, now

Progress = Callable[[str], None]
STARTED, DONE = "started", "done in"  # begin the lines before and after those of a stage that runs


def silent(message: str) -> None:
    """Progress that prints nothing."""


# What a context or a stage without an argument is of: a body that does not read its settings takes any.
Settings = TypeVar("Settings", covariant=True, default=object)
Own = TypeVar("Own", default=Any)


@dataclass(frozen=True)
class StageContext(Generic[Settings]):
    """What a running stage is handed; ``StageContext[CleanSettings]`` is that of a stage with these settings."""

    # the whole folder, for its identity; thresholds and budgets come from ``settings`` only
    language: Language
    settings: Settings  # the part of the settings that this stage depends on
    inputs: Mapping[str, Path]  # stage name -> folder of the finished artifact
    reports: Mapping[str, Report]  # stage name -> the report of that artifact
    out: Path  # an empty folder for the result
    scratch: Path  # a folder that survives a kill, for checkpoints; deleted after publishing
    seed: int  # of everything random
    progress: Progress  # receives lines of text for the user
    machine: Path  # a folder for measurements of this machine, such as training speed
    root: Path  # the root of the store, which contains the mirrors of network sources
    # a folder of this stage that outlives its artifacts, with results by digest of their
    # inputs. Its content may be lost at any time and never changes a result.
    cache: Path


@dataclass(frozen=True)
class GateSpec:
    """A gate that a stage's report always has: name, rule in words, and whether failing blocks later stages."""

    name: str
    description: str
    blocking: bool


@dataclass(frozen=True)
class Stage(Generic[Own]):
    """A step of the pipeline: reads artifacts and its part of the settings, writes one artifact."""

    name: str  # ``"corpus/clean"``; with the language's slug it is the asset key
    version: str  # raised when the meaning of the output changes
    inputs: tuple[str, ...]  # the stages whose artifacts it reads
    settings: Callable[[Language], Own]  # the part of the settings it reads; hashed into the key
    run: Callable[[StageContext[Own]], Report]  # does the work; returns the report
    description: str  # markdown for the UI
    result: type[Result] = NoResult  # the model of what the report keeps as the result of the stage
    # digests of inputs that are not artifacts (sources, base model, files of the folder),
    # given the root of the store
    outside: Callable[[Language, Path], dict[str, str]] = field(default=lambda language, root: {})
    # fetches outside inputs that are due before the stage is looked up
    prepare: Callable[[Language, Path, Progress], None] | None = None
    kinds: tuple[str, ...] = ("python",)  # tools it uses, for the UI
    heavy: bool = False  # trains or evaluates a network; runs in its own process
    gates: tuple[GateSpec, ...] = ()  # the gates that its report always has
    seed: int = 1  # of everything random in it
    # rerun when an input's report changes, even if its data does not: a threshold changes a
    # gate but no score
    depends_on_reports: bool = False
    # rerun when a license, a consent or the base's name on the hub changes; other stages
    # ignore these
    includes_licenses: bool = False

    def settings_data(self, language: Language) -> dict[str, JsonValue]:
        """Return its settings as plain data, for hashing and for the manifest."""
        slice_ = self.settings(language)
        data: Any = slice_.model_dump(mode="json", by_alias=True) if isinstance(slice_, BaseModel) else slice_
        found: dict[str, JsonValue] = data if self.includes_licenses else _without_rights(data)
        return found


def _without_rights(data: Any) -> Any:
    """Remove licenses, consents and names on the hub, which do not affect what a result is."""
    if isinstance(data, dict):
        return {name: _without_rights(value) for name, value in data.items()  # a task may have such a name
                if not (name in ("licence", "consent") and isinstance(value, str))
                and not (name == "name_on_hub" and (value is None or isinstance(value, str)))}
    return [_without_rights(value) for value in data] if isinstance(data, list) else data


def determined_by(stage: Stage, language: Language, inputs: Mapping[str, Artifact], root: Path) -> Origin:
    """Return everything that determines the output of ``stage``, as ``key_of`` and the manifest take it."""
    return {"stage": stage.name, "version": stage.version, "settings": stage.settings_data(language),
            "inputs": {name: artifact.manifest.data_version for name, artifact in inputs.items()},
            "reports": {name: artifact.manifest.key for name, artifact in inputs.items()
                        } if stage.depends_on_reports else {},
            "outside": stage.outside(language, root), "seed": stage.seed}


def key_for(stage: Stage, language: Language, inputs: Mapping[str, Artifact], root: Path) -> str:
    """Return the key that ``stage`` would publish under, given its input artifacts and the store's root."""
    return key_of(**determined_by(stage, language, inputs, root))


def inputs_of(stage: Stage, language: Language, store: Store) -> dict[str, Artifact]:
    """Return the current artifacts that ``stage`` reads.

    Raises:
        Problem: one is missing, or failed a blocking gate.
    """
    found: dict[str, Artifact] = {}
    for name in stage.inputs:
        artifact = store.current(language.code, name)
        if artifact is None:
            raise Problem(f"{stage.name} reads {name}, which does not exist yet", where=language.code,
                          fix=f"Run `vernacular run {language.code} --to {stage.name}`", code=Code.STAGE_INPUT)
        red = [gate for gate in artifact.manifest.report.gates if gate.blocking and not gate.passed]
        if red:
            raise Problem(f"{name} did not pass its gate '{red[0].name}' ({red[0].reason})", where=language.code,
                          fix=f"Fix that first; {stage.name} was not started", code=Code.STAGE_INPUT)
        found[name] = artifact
    return found


def declared_gates(stage: Stage, artifact: Artifact) -> list[tuple[GateSpec, Gate]]:
    """Return the declared gates of ``stage``, each with its entry in the artifact's report.

    Raises:
        Problem: the report lacks one.
    """
    gates = {gate.name: gate for gate in artifact.manifest.report.gates}
    for spec in stage.gates:
        if spec.name not in gates:
            raise Problem(f"the report lacks the gate '{spec.name}' that the stage declares", where=stage.name,
                          fix="This is a bug in the stage: it must always report this gate", code=Code.BUG)
    return [(spec, gates[spec.name]) for spec in stage.gates]


def lookup(stage: Stage, language: Language, store: Store) -> Artifact | None:
    """Return the finished artifact of ``stage`` for the current inputs, or None."""
    key = key_for(stage, language, inputs_of(stage, language, store), store.root)
    return store.find(language.code, stage.name, key)


def prepare(stage: Stage, language: Language, store: Store, progress: Progress = silent) -> None:
    """Fetch outside inputs of the stage that are due; most stages have none.

    Raises:
        Problem: an input is unavailable.
    """
    if stage.prepare is not None:
        stage.prepare(language, store.root, progress)


def run_stage(stage: Stage, language: Language, store: Store, progress: Progress = silent) -> Artifact:
    """Return the artifact of ``stage``: the existing one if nothing changed, else a new one.

    Raises:
        Problem: bad input, a missing or failed input artifact, another process running this stage,
            or a change of outside input during the run.
    """
    inputs = inputs_of(stage, language, store)
    prepare(stage, language, store, progress)
    determined = determined_by(stage, language, inputs, store.root)
    key = key_of(**determined)
    found = store.find(language.code, stage.name, key)
    if found is not None:
        store.reuse(found)
        return found
    with store.workspace(language.code, stage.name, key) as work:
        found = store.find(language.code, stage.name, key)
        if found is not None:  # made by another process in the meantime
            shutil.rmtree(work)
            store.point(found)
            return found
        out, scratch = work / "out", work / "scratch"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        scratch.mkdir(exist_ok=True)
        machine = store.root / ".machine"
        machine.mkdir(parents=True, exist_ok=True)
        cache = store.cache(language.code, stage.name)
        started = time.monotonic()
        with panics_as_problems(f"{language.code} {stage.name}"):
            report = stage.run(StageContext(
                language=language, settings=stage.settings(language),
                inputs={name: artifact.folder for name, artifact in inputs.items()},
                reports={name: artifact.manifest.report for name, artifact in inputs.items()},
                out=out, scratch=scratch, seed=stage.seed, progress=progress, machine=machine, root=store.root,
                cache=cache))
            report.read_result(stage.result, stage.name)  # what cannot be read again is not published
        for remark in report.remarks:
            progress(f"remark: {remark}")
        if stage.outside(language, store.root) != determined["outside"]:
            # Else the key would name the old input, and match again once that is restored.
            raise TransientProblem("its outside input changed while it ran",
                                   where=f"{language.code} {stage.name}",
                                   fix="Run again; it resumes from its checkpoint", code=Code.STAGE_STOPPED)
        files, data_version = describe(out)
        return store.publish(work, Manifest(
            language=language.code, key=key, data_version=data_version, files=files, created=now(),
            seconds=round(time.monotonic() - started, 2), report=report, **determined))


def assist(stage: Stage, language: Language, store: Store, progress: Progress = silent) -> None:
    """Join the work of the process that runs ``stage``; only that process stores the result."""
    inputs = inputs_of(stage, language, store)
    key = key_for(stage, language, inputs, store.root)
    if store.find(language.code, stage.name, key) is not None:
        return
    with tempfile.TemporaryDirectory() as out:
        stage.run(StageContext(
            language=language, settings=stage.settings(language),
            inputs={name: artifact.folder for name, artifact in inputs.items()},
            reports={name: artifact.manifest.report for name, artifact in inputs.items()},
            out=Path(out), scratch=store.home(language.code, stage.name) / f".work-{key}" / "scratch", seed=stage.seed,
            progress=progress, machine=store.root / ".machine", root=store.root,
            cache=store.cache(language.code, stage.name)))
