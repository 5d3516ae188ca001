"""The overview over all languages, and what triggers it; ``endtoend/test_path.py`` looks at it after a path."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetMaterialization,
    DagsterInstance,
    DefaultSensorStatus,
    SensorResult,
    build_sensor_context,
)

from assets.config_error import CHECK
from assets.overview import KEY
from pipelines.build import build_definitions
from pipelines.partial_load import slugs_of
from tests.generate import TINY_MODEL, write_language
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.pipeline.stage import run_stage

ONLY_TEXT = {"tiny": {**TINY_MODEL, "enabled": False}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One language with documents, one that was never run, one that cannot be read."""
    made = Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")
    folder = write_language(made.languages, "qaa", documents=6, name="<b>Mbandi</b>", models=ONLY_TEXT)
    write_language(made.languages, "qab", documents=3, models={"tiny": TINY_MODEL})
    (made.languages / "qac").mkdir()
    (made.languages / "qac" / "language.yaml").write_text("nme: x", encoding="utf-8")
    make(made, folder)
    return made


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral(str(tmp_path / "home")) as made:
        yield made


def make(project: Project, folder: Path) -> None:
    language = load_language(folder)
    run_stage(stages_of(language)["corpus/documents"], language, Store(project.artifacts))


def test_every_folder_has_a_row_and_the_run_is_of_no_language(project: Project, instance: DagsterInstance) -> None:
    definitions = build_definitions(project, wanted=lambda code: False)  # as in the process of its run
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=[KEY])
    run = instance.get_run_by_id(result.run_id)
    assert run is not None and "language" not in run.tags
    assert slugs_of(run) == set()
    shown = result.asset_materializations_for_node("overview")[0].metadata
    rows = str(shown["languages"].value).strip().splitlines()[2:]
    assert shown["dagster/row_count"].value == len(rows) == 3 and shown["released"].value == 0
    assert rows[0].startswith(r"| qaa \<b\>Mbandi\</b\> |") and "20" in rows[0]  # of this century: its text is
    assert "never run" in rows[1] and "tiny" in rows[1]
    assert "broken folder: unknown key 'nme'" in rows[2] and shown["with a red gate"].value == 1


def test_the_sensor_is_on_and_makes_it_once_a_change(project: Project, instance: DagsterInstance) -> None:
    sensor = build_definitions(project).resolve_sensor_def("overview")
    assert sensor.default_status == DefaultSensorStatus.RUNNING
    cursor = None

    def tick() -> list[AssetMaterialization]:
        nonlocal cursor
        asked = sensor(build_sensor_context(instance, cursor))
        assert isinstance(asked, SensorResult) and not asked.run_requests
        cursor = asked.cursor
        return [event for event in asked.asset_events if isinstance(event, AssetMaterialization)]

    made, = tick()
    assert made.asset_key == KEY and made.metadata["models"].value == 3
    assert tick() == []
    make(project, project.languages / "qab")
    state, at, _ = str(cursor).split()
    cursor = f"{state} {at} 1000"  # it took so long that it is not made again yet
    assert tick() == [] and str(cursor).split()[0] == state
    cursor = f"{state} {at} 0"
    assert len(tick()) == 1
    assert tick() == []


def test_a_broken_folder_is_red_from_the_first_tick_on(project: Project, instance: DagsterInstance) -> None:
    definitions = build_definitions(project)
    sensor = definitions.resolve_sensor_def("broken_folders")
    assert sensor.default_status == DefaultSensorStatus.RUNNING
    first = sensor(build_sensor_context(instance))
    assert isinstance(first, SensorResult)
    found, = first.asset_events
    assert isinstance(found, AssetCheckEvaluation) and not found.passed
    assert found.severity == AssetCheckSeverity.ERROR and "nme" in str(found.description)
    instance.report_runless_asset_event(found)
    again = sensor(build_sensor_context(instance, first.cursor))
    assert isinstance(again, SensorResult) and again.asset_events == []
    # After a reload it is noted again: a person may have had it checked in between.
    reloaded = build_definitions(project).resolve_sensor_def("broken_folders")(build_sensor_context(
        instance, first.cursor))
    assert isinstance(reloaded, SensorResult) and len(reloaded.asset_events) == 1


def test_the_check_of_a_broken_folder_looks_again(project: Project, instance: DagsterInstance) -> None:
    definitions = build_definitions(project)
    broken = next(key for key in definitions.resolve_asset_graph().asset_check_keys if key.name == CHECK)
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(asset_check_selection={broken})

    def passed() -> bool:
        result = job.execute_in_process(instance=instance)
        return result.get_asset_check_evaluations()[0].passed

    assert not passed()
    shutil.rmtree(project.languages / "qac")
    write_language(project.languages, "qac", documents=3, models=ONLY_TEXT)
    assert passed()


def test_a_manifest_that_cannot_be_read_is_reported_in_its_row(project: Project, instance: DagsterInstance) -> None:
    manifest, = (project.artifacts / "qaa" / "corpus" / "documents").glob("*/manifest.json")
    manifest.write_text("{", encoding="utf-8")
    result = build_definitions(project).resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=[KEY])
    shown = result.asset_materializations_for_node("overview")[0].metadata
    assert "the manifest cannot be read" in str(shown["languages"].value).splitlines()[2]
