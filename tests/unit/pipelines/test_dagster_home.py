"""The folder of Dagster's history: a project that brings no settings of its own gets ours."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance

from pipelines.code_locations import workspace
from pipelines.dagster_home import use_home, workspace_of
from vernacular.core.project import Project
from vernacular.core.shipped import shipped


def test_a_folder_without_settings_gets_ours_which_send_nothing(tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    assert use_home(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")) == tmp_path
    assert (tmp_path / "dagster.yaml").read_bytes() == shipped("dagster.yaml").read_bytes()
    with DagsterInstance.get() as instance:
        assert instance.root_directory == str(tmp_path)
        assert not instance.telemetry_enabled and not instance.nux_enabled
        assert instance.get_concurrency_config().run_queue_config is not None


def test_what_exists_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    use_home(Project(tmp_path / "elsewhere", tmp_path, tmp_path))
    assert (tmp_path / "dagster.yaml").read_text() == "telemetry:\n  enabled: false\n"


def test_a_project_without_a_workspace_gets_one_with_a_single_code_location(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")
    assert yaml.safe_load(workspace_of(project).read_text()) == yaml.safe_load(workspace(1))
    (tmp_path / "workspace.yaml").write_text(workspace(3))
    assert workspace_of(project).read_text() == workspace(3)
