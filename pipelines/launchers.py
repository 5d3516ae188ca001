"""Where heavy stages run: always a process of their own, here one beside the run, so that its memory goes back whole.

Every launcher runs the same command, ``vernacular stage CODE STAGE``, and reads from a small file which artifact it
gave or what a person has to mend. Other ways to run it are further subclasses of ``Launcher``.
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
    InitResourceContext,
    PipesSubprocessClient,
    PipesTempFileContextInjector,
    PipesTempFileMessageReader,
    PreviewWarning,
    open_pipes_session,
)
from dagster._core.errors import DagsterPipesExecutionError
from pydantic import PrivateAttr

from vernacular.cli.fork_server import Warm
from vernacular.config.schema import Language
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import Artifact, Store
from vernacular.pipeline.parent_process import can_fork
from vernacular.pipeline.stage import Stage


class Launcher(ConfigurableResource["Launcher"], ABC):
    """Runs a heavy stage somewhere and finds its artifact in the store.

    Attributes:
        root: of the artifacts.
        languages: the folder of language folders.
    """

    root: str
    languages: str

    def launch(self, context: AssetExecutionContext, *, stage: Stage, language: Language,
               model: str | None) -> Artifact:
        """The finished artifact of ``stage``.

        Raises:
            Problem: the one that the stage raised, or that its process ended without a word.
        """
        where = f"{language.code} {stage.name}"
        Path(self.root).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=".outcome-") as folder:  # other machines see it too
            outcome = Path(folder) / "outcome.json"
            command = [sys.executable, "-m", "vernacular", "stage", language.code, stage.name]
            command += ["--outcome", str(outcome), *(["--model", model] if model else [])]
            try:
                self.run(context, command, {"VERNACULAR_ROOT": self.root, "VERNACULAR_LANGUAGES": self.languages})
            except DagsterPipesExecutionError as error:
                if not outcome.is_file():
                    killed = str(error).endswith("code -9")
                    raise (TransientProblem if killed else Problem)(
                        "its process was killed, most likely since memory ran out" if killed else
                        f"its process ended without a result ({error})", where=where,
                        fix="Lower batch_size or sequence_length, or close other programs; running again resumes"
                        if killed else "Read the end of the log of this run, or its page in the UI") from error
            said = json.loads(outcome.read_text(encoding="utf-8"))
        if "problem" in said:
            raise (TransientProblem if said["passing"] else Problem)(**said["problem"])
        artifact = Store(Path(self.root)).find(language.code, stage.name, said["key"])
        if artifact is None:
            raise Problem("its artifact is not in the store", where=where,
                          fix=f"See that {self.root} is the same folder for the launcher and for the stage")
        return artifact

    @abstractmethod
    def run(self, context: AssetExecutionContext, command: list[str], env: dict[str, str]) -> None:
        """Run ``command`` to its end. Raises DagsterPipesExecutionError if it fails."""


class LocalLauncher(Launcher):
    """A process on this machine; it is interrupted when the run is, and its output goes to the run's logs.

    Attributes:
        stop_seconds: to write a checkpoint after an interrupt.
        processes: for a pretraining, under torchrun: one for each card. Every other stage runs in one.
        prefix: what the command is handed to instead of being run here, such as ``pipelines.on_ray`` or
            ``pipelines.on_slurm``. It must wait for the end; root and languages must be the same folders there.
    """

    stop_seconds: float = 60
    processes: int = 1
    prefix: list[str] = []  # noqa: RUF012  # Dagster's fields are Pydantic's: each instance gets its own
    _warm: Warm = PrivateAttr(default_factory=Warm)  # one for all stages of a run

    def run(self, context: AssetExecutionContext, command: list[str], env: dict[str, str]) -> None:
        """Run ``command`` as a process beside this one."""
        warnings.simplefilter("ignore", PreviewWarning)  # Dagster warns of a part of its own that Pipes uses
        handed = elsewhere(several(command, self.processes), self.prefix, env)
        if handed != command or not can_fork():
            PipesSubprocessClient(termination_timeout_seconds=self.stop_seconds).run(
                context=context.op_execution_context, command=handed, env=env)
            return
        _, _, _, *words = command
        with open_pipes_session(context.op_execution_context, PipesTempFileContextInjector(),
                                PipesTempFileMessageReader()) as session:
            code = self._warm.run(words, {**env, **session.get_bootstrap_env_vars()}, self.stop_seconds)
            if code:
                raise DagsterPipesExecutionError(f"External execution process failed with code {code}")

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Nothing that a run started outlives it."""
        self._warm.close()


def several(command: list[str], processes: int) -> list[str]:
    """``python -m vernacular stage CODE STAGE ...`` under torchrun, if STAGE is a pretraining; else as it is."""
    python, _, module, _, _, stage = command[:6]
    if processes < 2 or not stage.startswith("model/"):
        return command
    return [python, "-m", "pipelines.on_torchrun", "--standalone", f"--nproc-per-node={processes}", "-m", module,
            *command[3:]]


def elsewhere(command: list[str], prefix: list[str], env: dict[str, str]) -> list[str]:
    """``command`` handed to ``prefix``, with the environment it needs and without what Dagster keeps here."""
    if not prefix:
        return command
    without = [word for name in ("DAGSTER_PIPES_CONTEXT", "DAGSTER_PIPES_MESSAGES") for word in ("-u", name)]
    return [*prefix, "env", *without, *(f"{name}={value}" for name, value in env.items()), *command]


def launcher_for(root: str, languages: str) -> Launcher:
    """The launcher that the environment asks for: ``VERNACULAR_PROCESSES`` for a pretraining, ``VERNACULAR_LAUNCH``.

    Raises:
        Problem: the first is not a number.
    """
    asked = os.environ.get("VERNACULAR_PROCESSES", "1")
    if not asked.isdecimal() or not int(asked):
        raise Problem(f"VERNACULAR_PROCESSES is {asked!r}", where="environment",
                      fix="Set it to the number of processes, such as the number of cards")
    return LocalLauncher(root=root, languages=languages, processes=int(asked),
                         prefix=shlex.split(os.environ.get("VERNACULAR_LAUNCH", "")))
