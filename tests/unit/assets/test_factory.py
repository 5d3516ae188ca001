"""Materializing through Dagster: what is shown, what is reused, how failures read; with fake stages."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    DagsterInstance,
    DagsterRunStatus,
    ExecuteInProcessResult,
)

import pipelines.selection
from assets.dagster_internals import ErrorSource
from assets.metadata import EVERYTHING, IN_PLACE, escape, metadata_of, table
from assets.pictures import publish_picture, remove_pictures
from pipelines.build import build_definitions
from pipelines.selection import upstream
from tests.generate import write_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.project import Project
from vernacular.core.report import Gate, Report
from vernacular.core.result import DocumentsAndWords
from vernacular.core.store import Artifact, Manifest, Store
from vernacular.corpus.stage_results import IngestResult
from vernacular.pipeline.stage import GateSpec, Stage, StageContext


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 2, 8, 0, 0, 0, 0))
       + _chunk(b"IDAT", zlib.compress(b"\0abcd" * 2)) + _chunk(b"IEND", b""))


def stand_ins(passed: bool = True, blocking: bool = True, report_it: bool = True) -> dict[str, Stage]:
    def run(work: StageContext) -> Report:
        (work.out / "text").write_text("text")
        report = Report()
        report.count("documents", 3, "how many | <b>", "documents")
        report.samples["lines"] = [{"text": "<script>a|b</script>"}]
        report.set_result(IngestResult(
            by_source={"text": DocumentsAndWords(documents=2, words=5)}, by_licence={}, by_register={}, by_consent={},
            words_by_source={}, licences={}, consent={}))
        if report_it:
            report.gates.append(Gate(name="enough", passed=passed, reason="3 of 5", value=3, threshold=5,
                                     blocking=blocking, fix="Add two"))
        return report

    first = Stage("corpus/documents", "1", (), lambda language: {}, run, "First.", result=IngestResult,
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


def test_a_table_is_shown_in_a_dialog() -> None:
    shown = table([{"source": "text", "words": 3}])
    assert len(shown) >= IN_PLACE  # the UI opens what is as long as that in a dialog; in place it would be cut
    assert shown.splitlines()[:3] == shown.strip().splitlines()


def test_metadata_has_numbers_then_pictures_then_the_rest(tmp_path: Path) -> None:
    report = Report()
    for number in range(40):
        report.count(f"lines_{number}", number % 2 * 1.23456789, "how many", "lines")
    report.samples["lines"] = [{"text": "a line"}]
    report.plots["Words kept"] = "words.png"
    artifact = published(tmp_path / "made", report, {"words.png": PNG})
    with DagsterInstance.local_temp(home(tmp_path)) as instance:
        shown = metadata_of(artifact, reused=False, declared=[], address=partial(publish_picture, instance, artifact))
        entries = [*shown]
        assert entries[:12] == [f"lines {number}" for number in range(1, 25, 2)] and shown["lines 1"] == 1.2346
        assert entries[12:14] == ["plot: Words kept", EVERYTHING]
        assert len(shown["plot: Words kept"].value) < IN_PLACE <= len(shown[EVERYTHING].value)
        for part in ("lines_38", "a line", "how many"):
            assert part in shown[EVERYTHING].value.replace("\\", "")
        for value, ending in ((shown["plot: Words kept"].value, "svg"), (shown[EVERYTHING].value, "png")):
            *key, extension = value.partition("(/logs/")[2].partition(")")[0].split("/")
            assert extension == ending  # what the UI's server looks up for this address
            assert Path(instance.compute_log_manager.get_captured_local_path(key, extension)).is_file()
        remove_pictures(instance, "qaa")
        assert not [*(tmp_path / "home").rglob("*.svg")]


def home(tmp_path: Path) -> str:
    """The folder of an instance whose logs are on the disk."""
    folder = tmp_path / "home"
    folder.mkdir()
    return str(folder)


def published(folder: Path, report: Report, files: dict[str, bytes]) -> Artifact:
    """An artifact of a stage with this report and these files."""
    store = Store(folder)
    with store.workspace("qaa", "corpus/clean", "k" * 16) as work:
        (work / "out").mkdir()
        for name, data in files.items():
            (work / "out" / name).write_bytes(data)
        return store.publish(work, Manifest(
            language="qaa", stage="corpus/clean", key="k" * 16, version="1", settings={}, inputs={}, outside={}, seed=1,
            data_version="d", files={}, created="", seconds=1.0, report=report))


def test_a_check_comes_after_its_asset_and_a_red_one_says_what_to_do(tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    with DagsterInstance.local_temp(home(tmp_path)) as instance:
        result = materialize(tmp_path, monkeypatch, stand_ins(passed=False, blocking=False), instance)
        records = instance.all_logs(result.run_id)
        times = {entry.dagster_event_type: entry.timestamp for entry in records
                 if entry.step_key == "qaa__corpus__documents"}
        assert times[DagsterEventType.ASSET_MATERIALIZATION] <= times[DagsterEventType.ASSET_CHECK_EVALUATION]
        check = result.get_asset_check_evaluations()[0]
        assert check.description == "3 of 5. Add two"
        assert check.target_materialization_data is not None
        assert check.target_materialization_data.run_id == result.run_id


def test_a_run_that_is_stopped_says_by_whom_and_shows_no_traceback(tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    stages = stand_ins()

    def stopped(work: StageContext) -> Report:
        run = instance.get_runs(limit=1)[0]
        instance.report_run_canceling(run)  # as the button of the UI does, before it sends the signal
        raise DagsterExecutionInterruptedError

    first = stages["corpus/documents"]
    stages["corpus/documents"] = replace(first, run=stopped)
    with DagsterInstance.local_temp(home(tmp_path)) as instance:
        materialize(tmp_path, monkeypatch, stages, instance)
        run = instance.get_runs(limit=1)[0]
        assert run.status == DagsterRunStatus.CANCELED
        events = [entry.get_dagster_event() for entry in instance.all_logs(run.run_id) if entry.is_dagster_event]
        failed = next(event for event in events if event.is_step_failure)
        assert failed.step_failure_data.error_source == ErrorSource.INTERRUPT
        assert failed.step_failure_data.error.stack == [] and failed.step_failure_data.error.cause is None
        assert Code.STAGE_STOPPED in failed.step_failure_data.error.message


def test_upstream_of_a_stage() -> None:
    stages = stand_ins()
    assert upstream(stages, "corpus/documents", "qaa") == ["corpus/documents"]
    assert upstream(stages, None, "qaa") == upstream(stages, "corpus/clean", "qaa") == list(stages)
    with pytest.raises(Problem, match=r"corpus/clean\?.*VN-COMMAND-NAME"):
        upstream(stages, "corpus/claen", "qaa")
