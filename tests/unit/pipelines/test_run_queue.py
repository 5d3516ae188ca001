"""The queue that dagster.yaml names, with the limits that stand there; runs are asked for as the page does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterRun, DagsterRunStatus
from dagster_graphql.test.utils import execute_dagster_graphql

from assets.dagster_internals import IMPLICIT_ASSET_JOB_NAME, PRIORITY_TAG, SENSOR_NAME_TAG
from assets.stopped import GAVE_WAY
from tests.dagster_internals import QueuedRunCoordinatorDaemon, WorkspaceProcessContext
from tests.generate import write_language
from tests.unit.pipelines.workspace import LOCATION, workspace_in

LAUNCH = """mutation($run: ExecutionParams!) { launchPipelineExecution(executionParams: $run) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
NOWHERE = {"module": "tests.unit.pipelines.workspace", "class": "Nowhere"}  # a run that is launched stays so


class Queue:
    """Dagster's page, its daemon that takes from the queue, and what became of the runs."""

    def __init__(self, workspace: WorkspaceProcessContext) -> None:
        self.workspace, self.instance = workspace, workspace.instance
        self.daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)

    def launch(self, *stages: str, tags: Mapping[str, str] | None = None) -> str:
        """Ask for a run of the assets, as the lineage does; its id."""
        return self._ask("{}", tags or {}, jobName=IMPLICIT_ASSET_JOB_NAME,
                         assetSelection=[{"path": stage.split("/")} for stage in stages])

    def upkeep(self, *stages: str) -> str:
        """A run as the sensor ``upkeep`` asks for it; its id."""
        run_id = self.launch(*stages, tags={SENSOR_NAME_TAG: "upkeep"})
        assert PRIORITY_TAG not in self.run(run_id).tags
        return run_id

    def rebuild(self, code: str) -> str:
        """Ask for a run of the job ``rebuild``, as the Launchpad does; its id."""
        return self._ask(json.dumps({"ops": {"compare": {"config": {"code": code}}}}), {}, jobName="rebuild")

    def _ask(self, config: str, tags: Mapping[str, str], **selector: Any) -> str:
        output: Any = execute_dagster_graphql(self.workspace.create_request_context(), LAUNCH, {"run": {
            "runConfigData": config, "executionMetadata": {
                "tags": [{"key": name, "value": value} for name, value in tags.items()]}, "selector": {
                "repositoryName": "__repository__", "repositoryLocationName": LOCATION, **selector}}})
        assert output.data["launchPipelineExecution"]["__typename"] == "LaunchRunSuccess", output.data
        return str(output.data["launchPipelineExecution"]["run"]["runId"])

    def run(self, run_id: str) -> DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def waiting(self, *runs: str) -> list[bool]:
        """Whether each is still queued once the daemon has taken what it may."""
        list(self.daemon.run_iteration(self.workspace))
        return [self.run(run).status == DagsterRunStatus.QUEUED for run in runs]


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    for code in ("qaa", "qab"):
        write_language(tmp_path / "languages", code, documents=3)
    with workspace_in(tmp_path, monkeypatch, run_launcher=NOWHERE) as workspace:
        yield Queue(workspace)


def test_of_one_language_one_run_goes_on_though_nobody_gave_it_a_tag(queue: Queue) -> None:
    first, second = queue.launch("qaa/corpus/clean"), queue.launch("qaa/corpus/documents", "qaa/corpus/clean")
    other = queue.launch("qab/corpus/clean")
    assert [queue.run(run).tags["language"] for run in (first, second, other)] == ["qaa", "qaa", "qab"]
    assert queue.waiting(first, second, other) == [False, True, False]
    assert queue.waiting(second) == [True]
    queue.instance.report_run_canceled(queue.run(first))
    assert queue.waiting(second) == [False]


def test_a_rebuild_and_a_run_of_its_language_wait_for_each_other(queue: Queue) -> None:
    run, rebuild, other = queue.launch("qaa/corpus/clean"), queue.rebuild("qaa"), queue.rebuild("qab")
    assert [queue.run(each).tags["language"] for each in (rebuild, other)] == ["qaa", "qab"]
    assert queue.waiting(run, rebuild, other) == [False, True, False]
    late = queue.launch("qab/corpus/clean")
    assert queue.waiting(late) == [True]
    queue.instance.report_run_canceled(queue.run(run))
    assert queue.waiting(rebuild, late) == [False, True]


def test_a_run_of_several_languages_has_no_tag_and_waits_for_none(queue: Queue) -> None:
    one, both = queue.launch("qaa/corpus/clean"), queue.launch("qaa/corpus/clean", "qab/corpus/clean")
    assert "language" not in queue.run(both).tags
    assert queue.waiting(one, both) == [False, False]


def test_what_a_person_starts_goes_before_what_waits(queue: Queue) -> None:
    going, waits = queue.upkeep("qaa/corpus/documents"), queue.upkeep("qaa/corpus/clean")
    queue.instance.report_run_canceled(queue.run(going))
    mine = queue.launch("qaa/corpus/clean")
    assert queue.waiting(mine, waits) == [False, True]
    queue.instance.report_run_canceled(queue.run(mine))
    assert queue.waiting(waits) == [False]


def test_a_run_of_upkeep_that_goes_on_is_stopped_for_one_of_a_person(queue: Queue) -> None:
    long, other = queue.upkeep("qaa/corpus/documents"), queue.upkeep("qab/corpus/documents")
    assert queue.waiting(long, other) == [False, False]
    mine = queue.launch("qaa/corpus/clean")
    assert queue.run(long).tags[GAVE_WAY] == mine and GAVE_WAY not in queue.run(other).tags
    assert queue.run(long).status == DagsterRunStatus.CANCELING and queue.waiting(mine) == [True]
    queue.instance.report_run_canceled(queue.run(long))
    assert queue.waiting(mine) == [False]
    # One of upkeep stops none of a person, nor does a second of a person.
    queue.upkeep("qaa/corpus/clean")
    queue.launch("qaa/corpus/clean")
    assert queue.run(mine).status == DagsterRunStatus.STARTING
