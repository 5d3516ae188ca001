"""The job that verifies a corpus, and the schedule that has each one verified in its turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, ExecuteInProcessResult, RunRequest
from dagster import build_schedule_context as context

from assets.overview import KEY
from pipelines.build import build_definitions
from pipelines.language import job_name
from pipelines.partial_load import slugs_of
from tests.generate import TINY_MODEL, write_language
from vernacular.config.load import load_language
from vernacular.core import clock
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.corpus.stages import stages
from vernacular.corpus.verify import outcome_of
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows, write_rows

DAY = 86_400.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral(str(tmp_path / "home")) as made:
        yield made


def add(project: Project, code: str, *, made: bool = True, **refresh: object) -> None:
    folder = write_language(project.languages, code, documents=12, poisoning={"least_documents": 100_000},
                            models={"tiny": {**TINY_MODEL, "enabled": False}}, refresh=refresh,
                            cleaning={"reject_languages": []})
    language = load_language(folder)
    for stage in stages(language) if made else []:
        run_stage(stage, language, Store(project.artifacts))


def asked(project: Project, instance: DagsterInstance) -> list[RunRequest]:
    """The runs that the schedule asks for now."""
    found = build_definitions(project).resolve_schedule_def("rebuild").evaluate_tick(context(instance))
    return list(found.run_requests or ())


def verify(project: Project, instance: DagsterInstance, request: RunRequest) -> ExecuteInProcessResult:
    job = build_definitions(project, wanted=lambda code: False).resolve_job_def("rebuild")
    return job.execute_in_process(run_config=dict(request.run_config or {}), tags=dict(request.tags), instance=instance,
                                  raise_on_error=False)


def test_a_corpus_is_verified_once_a_change_and_a_difference_is_red(
        project: Project, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    add(project, "qaa", automatic=True)
    store, began = Store(project.artifacts), clock.now()
    request, = asked(project, instance)
    result = verify(project, instance, request)
    assert result.success
    run = instance.get_run_by_id(result.run_id)
    assert run is not None and slugs_of(run) == {"qaa"}  # so it waits for others of the language, and they for it
    noted, = [each for each in result.all_events if each.event_type == DagsterEventType.ASSET_OBSERVATION]
    seen = noted.asset_observation_data.asset_observation
    assert seen.asset_key == AssetKey(["qaa", "corpus", "splits"])
    assert seen.metadata["documents that differ"].value == 0
    assert asked(project, instance) == []
    splits = store.current("qaa", "corpus/splits")
    assert splits is not None
    rows = list(read_rows(splits.folder / "train.parquet"))
    write_rows(splits.folder / "train.parquet", rows[1:])
    assert asked(project, instance) == []  # the same artifact, by its key
    again = verify(project, instance, request)
    assert not again.success
    failure = next(event for event in again.all_events if event.is_step_failure).step_failure_data.user_failure_data
    assert failure is not None and f"{rows[0]['id']} in corpus/splits/train.parquet" in failure.description
    overview = build_definitions(project).resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=[KEY])
    shown = overview.asset_materializations_for_node("overview")[0].metadata["languages"].value
    assert "1 documents differ when made again" in str(shown)
    assert asked(project, instance) == []  # a person has seen it
    monkeypatch.setattr(clock, "read", lambda: began + 29 * DAY)
    assert len(asked(project, instance)) == 1  # and is reported again, until it is repaired


def test_who_waited_longest_has_the_next_turn_and_a_failure_holds_up_nobody(
        project: Project, instance: DagsterInstance) -> None:
    for code in ("qaa", "qab"):
        add(project, code, automatic=True)
    add(project, "qac", automatic=True, rebuild_days=0)
    add(project, "qad", automatic=False)
    add(project, "qae", made=False, automatic=True)
    folder = project.languages / "qaa" / "language.yaml"
    first, = asked(project, instance)
    assert first.tags["language"] == "qaa"
    text = folder.read_text(encoding="utf-8")
    try:
        folder.write_text(text.replace("least_documents: 100000", "least_documents: 99999"), encoding="utf-8")
        result = verify(project, instance, first)
        assert not result.success and not outcome_of(Store(project.artifacts), "qaa").done
    finally:
        folder.write_text(text, encoding="utf-8")
    second, = asked(project, instance)
    assert second.tags["language"] == "qab"
    assert verify(project, instance, second).success
    last, = asked(project, instance)
    assert last.tags["language"] == "qaa" and verify(project, instance, last).success
    assert asked(project, instance) == []


def test_a_language_of_that_name_is_called_otherwise() -> None:
    assert job_name("rebuild") == "rebuild_"
