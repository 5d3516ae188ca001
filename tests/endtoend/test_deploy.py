"""What ``deploy/`` starts, here without containers: the commands of compose.yaml, its dagster.yaml, a real Postgres.

Runs are requested over HTTP, as the page does it, go through the queue, and are read back from Postgres afterwards.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import AssetKey, DagsterEventType, DagsterInstance, DagsterRunStatus

from assets.dagster_internals import IMPLICIT_ASSET_JOB_NAME
from pipelines.reload import main as reload
from tests.postgres import USER, WITHOUT, Postgres, find, postgres
from tests.project import CHECKOUT, Place

pytestmark = pytest.mark.skipif(find() is None, reason=WITHOUT)
PATIENCE = 400.0  # seconds; all of it takes about half a minute while nothing else runs
STOP_SECONDS = 3.0  # Dagster's processes may wait for a minute; nothing that they would still write is looked at
PATH = ["corpus/documents", "corpus/identifier", "corpus/clean", "corpus/splits", "tokenizer/tiny"]
HEAVY = PATH[-1]  # a process of its own, in the pool
LAUNCH = """mutation($run: ExecutionParams!) { launchPipelineExecution(executionParams: $run) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""

JOBS = """query($selector: RepositorySelector!) { repositoryOrError(repositorySelector: $selector) {
  ... on Repository { jobs { name } } } }"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(what: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, log.read_text(encoding="utf-8")[-4000:] if log.is_file() else "nothing was said"
        time.sleep(0.3)


@dataclass
class Stack:
    """The services of compose.yaml as processes of this machine."""

    place: Place
    services: dict[str, Any]
    ports: dict[str, int]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def log(self, service: str) -> Path:
        return self.place.folder / f"{service}.log"

    def words(self, service: str, command: str | list[str]) -> list[str]:
        """A command of compose.yaml with this environment's programs, on loopback, at this stack's ports."""
        words = shlex.split(command) if isinstance(command, str) else command
        programs = Path(sys.executable).parent
        own = {"0.0.0.0": "127.0.0.1", "4000": str(self.ports["code"]), "3000": str(self.ports["webserver"]),
               "deploy/workspace.yaml": str(CHECKOUT / "deploy" / "workspace.yaml"),
               "dagster-daemon": str(programs / "dagster-daemon")}
        return [str(programs / words[0]), *(own.get(word, word).replace(":3000/", f":{own['3000']}/")
                                            for word in words[1:])]

    def environment(self, service: str) -> dict[str, str]:
        """What compose.yaml hands to the service, and nothing of ours besides; a name that is new there fails here."""
        ours = {name: value for name, value in self.place.environment.items() if not name.startswith("VERNACULAR")}
        return ours | {name: self.place.environment[name] for name in self.services[service]["environment"]}

    def start(self, service: str) -> None:
        with self.log(service).open("ab") as log:
            self.processes[service] = subprocess.Popen(
                self.words(service, self.services[service]["command"]), cwd=self.place.folder,
                env=self.environment(service), stdout=log, stderr=log, start_new_session=True)

    def healthy(self, service: str) -> bool:
        """What its health check in compose.yaml says."""
        mark, *command = self.services[service]["healthcheck"]["test"]
        assert mark == "CMD"
        return subprocess.run(self.words(service, command), cwd=self.place.folder, env=self.environment(service),
                              capture_output=True, timeout=60, check=False).returncode == 0

    def answers(self, service: str) -> bool:
        assert self.processes[service].poll() is None, self.log(service).read_text(encoding="utf-8")[-4000:]
        try:
            socket.create_connection(("127.0.0.1", self.ports[service]), 5).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGINT)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with suppress(ProcessLookupError):  # none of what it started is left over
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.ports['webserver']}"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the page's own interface answers."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.page}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            output: dict[str, Any] = json.load(answer)["data"]
        return output

    def launch(self, code: str, stages: Sequence[str]) -> str:
        """Ask for a run as the page's lineage does; its id."""
        selection = [{"path": [code, *stage.split("/")]} for stage in stages]
        output = self.ask(LAUNCH, run={"runConfigData": "{}", "selector": {
            "repositoryName": "__repository__", "repositoryLocationName": "vernacular",
            "jobName": IMPLICIT_ASSET_JOB_NAME, "assetSelection": selection}})["launchPipelineExecution"]
        assert output["__typename"] == "LaunchRunSuccess", output
        return str(output["run"]["runId"])


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started:
        yield started


@pytest.fixture(scope="module")
def stack(server: Postgres, with_corpus: Callable[..., Place],
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Code server, webserver and daemon, started in the order that compose.yaml asks for."""
    place = with_corpus(tmp_path_factory.mktemp("deploy"))  # of qaa: the other languages have theirs made
    other = shutil.copytree(place.folder / "languages" / "qaa", place.folder / "languages" / "qab") / "language.yaml"
    settings = other.read_text(encoding="utf-8")
    other.write_text(settings.replace("trusted: true", "trusted: false"), encoding="utf-8")  # no identifier to train
    shutil.copy(CHECKOUT / "deploy" / "dagster.yaml", place.folder / "dagster.yaml")
    ports = {"code": free_port(), "webserver": free_port()}
    place.environment.update(
        server.environment, VERNACULAR_CODE_HOST="127.0.0.1", VERNACULAR_CODE_PORT=str(ports["code"]),
        VERNACULAR_LANGUAGES=str(place.folder / "languages"), VERNACULAR_ROOT=str(place.artifacts),
        VERNACULAR_LAUNCH="", VERNACULAR_PROCESSES="1", HF_HOME=str(place.folder / "hub"))
    services = yaml.safe_load((CHECKOUT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    made = Stack(place, services, ports)
    with ExitStack() as cleanup:
        cleanup.callback(made.stop)
        made.start("code")
        wait_for(lambda: made.answers("code"), made.log("code"))
        made.start("webserver")
        made.start("daemon")
        wait_for(lambda: made.answers("webserver"), made.log("webserver"))
        yield made


@pytest.fixture
def instance(server: Postgres, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """The instance, seen from outside."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    with DagsterInstance.from_config(str(stack.place.folder)) as opened:
        yield opened


def spans(instance: DagsterInstance, run: str) -> dict[str, tuple[float, float]]:
    """When each stage was at work in a run, in seconds since 1970."""
    began: dict[str, float] = {}
    found: dict[str, tuple[float, float]] = {}
    for record in instance.all_logs(run):
        event = record.dagster_event
        if event is not None and event.step_key is not None:
            stage = event.step_key.split("__", 1)[1].replace("__", "/")
            if event.event_type == DagsterEventType.STEP_START:
                began[stage] = record.timestamp
            elif event.event_type == DagsterEventType.STEP_SUCCESS:
                found[stage] = began[stage], record.timestamp
    return found


def times_of(instance: DagsterInstance, run: str) -> tuple[float, float]:
    """When a run that went well began and ended, in seconds since 1970."""
    record = instance.get_run_record_by_id(run)
    assert record is not None
    assert record.dagster_run.status == DagsterRunStatus.SUCCESS
    assert record.start_time is not None
    assert record.end_time is not None
    return record.start_time, record.end_time


def finished(instance: DagsterInstance, runs: Sequence[str]) -> bool:
    return all(run is not None and run.is_finished for run in map(instance.get_run_by_id, runs))


def events(instance: DagsterInstance, runs: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
    """The runs in the history, and the assets they made."""
    keys = [AssetKey(["qaa", *stage.split("/")]) for stage in PATH]
    made = [(key, event.run_id, event.timestamp) for key in keys
            if (event := instance.get_latest_materialization_event(key)) is not None]
    return {"made": made, "logs": [(record.run_id, record.timestamp, record.message) for run in runs
                                   for record in instance.all_logs(run)]}


@pytest.fixture(scope="module")
def runs(stack: Stack) -> list[str]:
    """Three runs asked for at once: two of one language, one of another. A third language is added meanwhile."""
    asked = [stack.launch("qaa", PATH), stack.launch("qaa", PATH), stack.launch("qab", PATH)]
    shutil.copytree(stack.place.folder / "languages" / "qaa", stack.place.folder / "languages" / "qac")
    assert reload([stack.page]) == 0
    return asked


def test_one_run_of_a_language_and_one_stage_of_the_pool_at_a_time(
        stack: Stack, runs: list[str], instance: DagsterInstance) -> None:
    wait_for(lambda: finished(instance, runs), stack.log("daemon"))
    first, again, other = (times_of(instance, run) for run in runs)
    assert first[1] <= again[0] or again[1] <= first[0]  # two of one language, one after the other
    assert other[0] < max(first[1], again[1])  # the other language did not wait for both
    earlier = runs[0] if first < again else runs[1]
    ours, theirs = spans(instance, earlier)[HEAVY], spans(instance, runs[2])[HEAVY]
    assert ours[1] <= theirs[0] or theirs[1] <= ours[0]


def test_a_language_is_added_while_runs_go_on(stack: Stack, runs: list[str], instance: DagsterInstance) -> None:
    selector = {"repositoryName": "__repository__", "repositoryLocationName": "vernacular"}
    jobs = stack.ask(JOBS, selector=selector)["repositoryOrError"]["jobs"]
    assert {"qaa", "qab", "qac"} <= {job["name"] for job in jobs}
    wait_for(lambda: finished(instance, runs), stack.log("daemon"))
    for run in runs:
        times_of(instance, run)  # of one that went well


def test_the_history_is_in_postgres_and_in_its_backup(
        stack: Stack, runs: list[str], instance: DagsterInstance, server: Postgres,
        monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for(lambda: finished(instance, runs), stack.log("daemon"))
    before = events(instance, runs)
    assert {key.path[-1] for key, *_ in before["made"]} == {name.split("/")[1] for name in PATH}
    server.stop()
    server.start()
    backup = server.folder.parent / "backup"
    server.ask("pg_dump", "--format", "custom", "--file", str(backup))
    server.ask("psql", "--command", "create database restored")
    server.ask("pg_restore", str(backup), database="restored")
    for database in (USER, "restored"):
        monkeypatch.setenv("VERNACULAR_POSTGRES_DB", database)
        with DagsterInstance.from_config(str(stack.place.folder)) as opened:
            assert events(opened, runs) == before
    for service in ("webserver", "daemon"):  # neither has to be started again because the database was
        wait_for(partial(stack.healthy, service), stack.log(service))
