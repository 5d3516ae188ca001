"""Materializing through Dagster: what is shown, what is reused, how failures read. Stand-in stages."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

import pipelines.selection
from assets.metadata import IN_PLACE, escape, table
from pipelines.build import build_definitions
from pipelines.selection import upstream
from tests.generate import write_language
from vernacular.artifacts import Gate, Report
from vernacular.config.schema import Language
from vernacular.errors import Problem
from vernacular.project import Project
from vernacular.stages import GateSpec, Stage, Work


def stand_ins(passed: bool = True, blocking: bool = True, report_it: bool = True) -> dict[str, Stage]:
    def run(work: Work) -> Report:
        (work.out / "text").write_text("text")
        report = Report()
        report.count("documents", 3, "how many | <b>", "documents")
        report.samples["lines"] = [{"text": "<script>a|b</script>"}]
        report.details["by_source"] = {"text": {"documents": 2, "words": 5}}
        if report_it:
            report.gates.append(Gate(name="enough", passed=passed, reason="3 of 5", value=3, threshold=5,
                                     blocking=blocking))
        return report

    first = Stage("corpus/documents", "1", (), lambda language: {}, run, "First.",
                  gates=(GateSpec("enough", "There are five.", blocking),))
    second = Stage("corpus/clean", "1", ("corpus/documents",), lambda language: {}, lambda work: Report(), "Second.")
    return {stage.name: stage for stage in (first, second)}


def materialize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stages: dict[str, Stage],
                instance: DagsterInstance) -> ExecuteInProcessResult:
    def stages_of(language: Language, model: str | None = None) -> dict[str, Stage]:
        return stages

    monkeypatch.setattr(pipelines.selection, "stages_of", stages_of)
    if not (tmp_path / "languages").exists():
        write_language(tmp_path / "languages", documents=3)
    definitions = build_definitions(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"))
    return definitions.resolve_job_def("qaa").execute_in_process(instance=instance, raise_on_error=False)


def test_made_once_then_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DagsterInstance.ephemeral() as instance:
        shown = []
        for _ in range(2):
            result = materialize(tmp_path, monkeypatch, stand_ins(), instance)
            assert result.success
            shown.append(result.asset_materializations_for_node("qaa__corpus__documents")[0])
            assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    first, second = (event.metadata for event in shown)
    assert (first["reused"].value, second["reused"].value) == (False, True)
    assert first["documents"].value == first["dagster/row_count"].value == 3
    assert first["key"] == second["key"]
    assert (shown[0].tags or {})["dagster/data_version"] == (shown[1].tags or {})["dagster/data_version"]


def test_a_run_notes_what_its_sources_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = AssetKey(["qaa", "source", "text"])
    with DagsterInstance.ephemeral() as instance:
        seen = []
        for edited in (False, False, True):
            if edited:
                (tmp_path / "languages" / "qaa" / "text" / "river" / "text.txt").write_text("Mbandi.", encoding="utf-8")
            result = materialize(tmp_path, monkeypatch, stand_ins(), instance)
            made = result.asset_materializations_for_node("qaa__corpus__documents")[0].tags or {}
            noted = instance.fetch_observations(source, limit=1).records[0].asset_observation
            assert noted is not None
            assert noted.metadata["documents"].value == 2
            version = (noted.tags or {})["dagster/data_version"]
            assert made["dagster/input_data_version/qaa/source/text"] == version
            seen.append(version)
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize(("blocking", "downstream"), [(True, False), (False, True)])
def test_a_red_gate_stops_what_follows_if_it_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocking: bool,
                                                    downstream: bool) -> None:
    with DagsterInstance.ephemeral() as instance:
        result = materialize(tmp_path, monkeypatch, stand_ins(passed=False, blocking=blocking), instance)
        made = [event.asset_key for event in result.get_asset_materialization_events()]
    assert result.success == downstream
    assert (AssetKey(["qaa", "corpus", "clean"]) in made) == downstream


def test_a_declared_gate_that_is_not_reported_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DagsterInstance.ephemeral() as instance:
        result = materialize(tmp_path, monkeypatch, stand_ins(report_it=False), instance)
    failure = result.failure_data_for_node("qaa__corpus__documents")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "enough" in (failure.user_failure_data.description or "")


def test_text_from_outside_stays_text() -> None:
    shown = escape("<img src=x onerror=a()> | [a](b) `c` **d**\nhttps://example.org")
    assert "\n" not in shown
    for mark in "<>|[]`*":
        assert shown.count(mark) == shown.count(f"\\{mark}")
    assert "https://" not in shown
    assert table([{"a|b": "c|d"}]).splitlines()[2] == "| c\\|d |"


def test_a_wide_table_is_shown_in_a_dialog() -> None:
    narrow, wide = table([{"source": "text", "words": 3}]), table([{"source": "text", "text": "mbandi " * 10}])
    assert len(narrow) < IN_PLACE <= len(wide)  # the UI opens what is as long as that in a dialog
    assert wide.splitlines()[:3] == wide.strip().splitlines()


def test_upstream_of_a_stage() -> None:
    stages = stand_ins()
    assert upstream(stages, "corpus/documents", "qaa") == ["corpus/documents"]
    assert upstream(stages, None, "qaa") == upstream(stages, "corpus/clean", "qaa") == list(stages)
    with pytest.raises(Problem, match="Did you mean corpus/clean"):
        upstream(stages, "corpus/claen", "qaa")
