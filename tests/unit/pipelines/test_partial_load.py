"""A process that Dagster starts for a run builds the languages of that run alone."""

from __future__ import annotations

import multiprocessing
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, DagsterRun
from dagster_shared.serdes import serialize_value

from assets.dagster_internals import ExecuteExternalJobArgs
from pipelines.build import build_definitions
from pipelines.code_locations import Location
from pipelines.language import REBUILD
from pipelines.partial_load import ONLY, needed, slugs_of
from pipelines.run_locks import job_origin
from tests.generate import write_language
from vernacular.core.project import Project

CODES = ("qaa", "qab", "zh-Hant")


def ask(handed_over: str, answers: Queue[list[str]]) -> None:
    answers.put([code for code in CODES if needed()(code)])


def test_the_process_of_a_run_knows_its_languages(tmp_path: Path) -> None:
    """Started as the server of a code location starts one: spawned, with the run's arguments first."""
    spawn = multiprocessing.get_context("spawn")
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        keys = frozenset({AssetKey(["qab", "corpus", "clean"]), AssetKey(["zh_Hant", "corpus", "clean"])})
        run = instance.create_run(
            job_name="x", run_id=None, run_config={}, status=None, tags={}, root_run_id=None, parent_run_id=None,
            step_keys_to_execute=None, execution_plan_snapshot=None, job_snapshot=None, parent_job_snapshot=None,
            asset_selection=keys, asset_check_selection=None, resolved_op_selection=None, op_selection=None,
            remote_job_origin=None, job_code_origin=None, asset_graph=build_definitions(
                Project(tmp_path, write_language(tmp_path / "languages", documents=3).parent, tmp_path)
            ).resolve_asset_graph())
        arguments = serialize_value(ExecuteExternalJobArgs(
            job_origin=job_origin("x", Location()), run_id=run.run_id, instance_ref=instance.get_ref()))
        answers: Queue[list[str]] = spawn.Queue()
        process = spawn.Process(target=ask, args=(arguments, answers))
        process.start()
        assert answers.get(timeout=300) == ["qab", "zh-Hant"]
        process.join()


def test_everything_where_no_run_is_about() -> None:
    assert all(needed()(code) for code in CODES)


def test_a_command_says_which_it_is_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in CODES:
        write_language(tmp_path / "languages", code, documents=3)
    monkeypatch.setenv(ONLY, "zh-Hant")
    project = Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")
    keys = build_definitions(project, wanted=needed()).resolve_asset_graph().get_all_asset_keys()
    assert {key.path[0] for key in keys} == {"zh_Hant", "overview"}


@pytest.mark.parametrize(("run", "slugs"), [
    (DagsterRun("x", "1", tags={"language": "qaa"}), {"qaa"}), (DagsterRun("x", "1"), None),
    (DagsterRun("x", "1", tags={"language": "qaa"}, asset_selection=frozenset({AssetKey(["qab", "a"])})), {"qab"})])
def test_languages_of_a_run(run: DagsterRun, slugs: set[str] | None) -> None:
    assert slugs_of(run) == slugs


def test_above_a_number_of_languages_there_is_one_job_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.build.MOST_JOBS", 1)
    project = Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")
    write_language(project.languages, "qaa", documents=3)
    assert {job.name for job in build_definitions(project).resolve_all_job_defs()} == {
        "qaa", "__ASSET_JOB", REBUILD}
    write_language(project.languages, "qab", documents=3)
    for wanted in (lambda code: True, lambda code: code == "qab"):  # the same for a run of one: it has to find its job
        assert {job.name for job in build_definitions(project, wanted=wanted).resolve_all_job_defs()} == {
            "__ASSET_JOB", REBUILD}
