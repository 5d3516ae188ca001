"""Launchers of heavy stages: always in a separate process, so that its memory is freed completely.

Every launcher runs ``vernacular stage CODE STAGE`` and reads the resulting artifact or problem from
a small file. Further launchers are subclasses of ``Launcher``.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import warnings
from abc import ABC, abstractmethod
from pathlib import Path

from dagster import (
    AssetExecutionContext,
    ConfigurableResource,
    PipesSubprocessClient,
    PipesTempFileContextInjector,
    PipesTempFileMessageReader,
    PreviewWarning,
    open_pipes_session,
)

from assets.dagster_internals import DagsterPipesExecutionError
from vernacular.cli.fork_server import can_run_command, run_command
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import Artifact, Store
from vernacular.pipeline.stage import Stage


class Launcher(ConfigurableResource["Launcher"], ABC):
    """Runs a heavy stage and finds its artifact in the store."""

    root: str
    languages: str

    def launch(self, context: AssetExecutionContext, *, stage: Stage, language: Language,
               model: str | None) -> Artifact:
        """Return the finished artifact of ``stage``.

        Raises:
            Problem: raised by the stage, or its process died.
        """
        where = f"{language.code} {stage.name}"
        Path(self.root).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=".outcome-") as folder:  # visible to other machines
            outcome = Path(folder) / "outcome.json"
            command = [sys.executable, "-m", "vernacular", "stage", language.code, stage.name]
            command += ["--outcome", str(outcome), *(["--model", model] if model else [])]
            try:
                self.run(context, command, {"VERNACULAR_ROOT": self.root, "VERNACULAR_LANGUAGES": self.languages})
            except DagsterPipesExecutionError as error:
                if not outcome.is_file():
                    killed = str(error).endswith("code -9")
                    raise (TransientProblem if killed else Problem)(
                        "its process was killed, probably because memory ran out" if killed else
                        f"its process ended without a result ({error})", where=where,
                        fix="Lower batch_size or sequence_length, or close other programs; running again resumes"
                        if killed else "See the end of this run's log, or its page in the UI") from error
            result = json.loads(outcome.read_text(encoding="utf-8"))
        if "problem" in result:
            raise (TransientProblem if result["passing"] else Problem)(**result["problem"])
        artifact = Store(Path(self.root)).find(language.code, stage.name, result["key"])
        if artifact is None:
            raise Problem("its artifact is not in the store", where=where,
                          fix=f"Check that {self.root} is the same folder for the launcher and for the stage",
                          code=Code.RESULT_MISSING)
        return artifact

    @abstractmethod
    def run(self, context: AssetExecutionContext, command: list[str], env: dict[str, str]) -> None:
        """Run ``command`` to its end.

        Raises:
            DagsterPipesExecutionError: it failed.
        """


class LocalLauncher(Launcher):
    """A process on this machine; it is interrupted with the run, and its output goes to the run's logs.

    Attributes:
        stop_seconds: to write a checkpoint after an interrupt.
        processes: torchrun processes of a pretraining: one per GPU. Other stages use one.
        prefix: a command that runs the stage elsewhere, such as ``pipelines.on_ray`` or
            ``pipelines.on_slurm``. It must wait for the end; root and languages must be the same
            folders there.
    """

    stop_seconds: float = 60
    processes: int = 1
    prefix: list[str] = []  # noqa: RUF012  # Dagster's fields are Pydantic's: each instance gets its own

    def run(self, context: AssetExecutionContext, command: list[str], env: dict[str, str]) -> None:
        """Run ``command`` as a local process."""
        warnings.simplefilter("ignore", PreviewWarning)  # Dagster warns about its own internals in Pipes
        handed = elsewhere(several(command, self.processes), self.prefix, env)
        if handed != command or not can_run_command():
            PipesSubprocessClient(termination_timeout_seconds=self.stop_seconds).run(
                context=context.op_execution_context, command=handed, env=env)
            return
        _, _, _, *words = command
        with open_pipes_session(context.op_execution_context, PipesTempFileContextInjector(),
                                PipesTempFileMessageReader()) as session:
            code = run_command(words, {**env, **session.get_bootstrap_env_vars()}, self.stop_seconds)
            if code:
                raise DagsterPipesExecutionError(f"External execution process failed with code {code}")


def several(command: list[str], processes: int) -> list[str]:
    """Wrap ``python -m vernacular stage CODE STAGE ...`` with torchrun if STAGE is a pretraining."""
    python, _, module, _, _, stage = command[:6]
    if processes < 2 or not stage.startswith("model/"):
        return command
    return [python, "-m", "pipelines.on_torchrun", "--standalone", f"--nproc-per-node={processes}", "-m", module,
            *command[3:]]


def elsewhere(command: list[str], prefix: list[str], env: dict[str, str]) -> list[str]:
    """Wrap ``command`` with ``prefix``, passing its environment without Dagster's local variables."""
    if not prefix:
        return command
    without = [word for name in ("DAGSTER_PIPES_CONTEXT", "DAGSTER_PIPES_MESSAGES") for word in ("-u", name)]
    return [*prefix, "env", *without, *(f"{name}={value}" for name, value in env.items()), *command]


def launcher_for(root: str, languages: str) -> Launcher:
    """Return the launcher configured by ``VERNACULAR_PROCESSES`` (for pretraining) and ``VERNACULAR_LAUNCH``.

    Raises:
        Problem: the first is not a number.
    """
    asked = os.environ.get("VERNACULAR_PROCESSES", "1")
    if not asked.isdecimal() or not int(asked):
        raise Problem(f"VERNACULAR_PROCESSES is {asked!r}, not a positive number", where="environment",
                      fix="Set it to the number of processes, such as the number of GPUs", code=Code.ENVIRONMENT)
    return LocalLauncher(root=root, languages=languages, processes=int(asked),
                         prefix=shlex.split(os.environ.get("VERNACULAR_LAUNCH", "")))
