"""A takedown and the history of runs: real runs on SQLite files, then a search through them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, DagsterRunStatus

import pipelines.selection
from pipelines.build import build_definitions
from pipelines.history_records import forget
from pipelines.redact import REMOVED, Wanted, redact_log
from tests.generate import write_language
from vernacular.config.schema import Language
from vernacular.core.project import Project
from vernacular.core.report import Gate, Report
from vernacular.pipeline.stage import GateSpec, Stage, StageContext
from vernacular.provenance.text_search import Traces

GONE = "Mbandi akala pafupi ndi mtsinje waukulu wa dziko lathu"
KEPT = "Ana anayenda ku sukulu m'mawa ndipo anaphunzira zambiri"
PATH = "text/river/the-letter-of-somebody.txt"
DOCUMENTS = AssetKey(["qaa", "corpus", "documents"])


def quoting() -> dict[str, Stage]:
    """A stage whose sample, gate and log hold the text or the path of a document."""
    def run(work: StageContext) -> Report:
        (work.out / "text").write_text("text")
        work.progress(f"read {GONE}")
        report = Report()
        report.count("documents", 3, "how many", "documents")
        report.samples["lines"] = [{"text": GONE[:20]}, {"text": KEPT}]
        report.gates.append(Gate(name="readable", passed=False, reason=f"set aside: {PATH}"))
        return report

    return {"corpus/documents": Stage("corpus/documents", "1", (), lambda language: {}, run, "First.",
                                      gates=(GateSpec("readable", "All can be read.", False),))}


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """An instance in which two languages were run."""
    def stages_of(language: Language, model: str | None = None) -> dict[str, Stage]:
        return quoting()

    monkeypatch.setattr(pipelines.selection, "stages_of", stages_of)
    for code in ("qaa", "qab"):
        write_language(tmp_path / "languages", code, documents=3)
    definitions = build_definitions(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        for code in ("qaa", "qab"):
            assert definitions.resolve_job_def(code).execute_in_process(instance=instance).success
        yield instance


def records_with(instance: DagsterInstance, needle: str) -> list[str]:
    """The files of the instance that hold ``needle``."""
    home = Path(instance.root_directory)
    return sorted(path.relative_to(home).as_posix() for path in home.rglob("*")
                  if path.is_file() and needle.encode() in path.read_bytes())


def test_the_document_is_gone_and_the_runs_with_their_numbers_stay(ran: DagsterInstance) -> None:
    before = {run.run_id: run.status for run in ran.get_runs()}
    assert records_with(ran, GONE[:20]) and records_with(ran, PATH)
    of_others = records_with(ran, "qab")
    changed, runs = forget(ran, "qaa", "qaa", Wanted(Traces([GONE]), [PATH]))
    assert changed > 0 and runs == 1
    assert {run.run_id: run.status for run in ran.get_runs()} == before
    assert set(before.values()) == {DagsterRunStatus.SUCCESS}
    event = ran.get_latest_materialization_event(DOCUMENTS)
    assert event is not None and event.asset_materialization is not None
    shown = event.asset_materialization.metadata
    assert shown["documents"].value == 3 and shown["all numbers, pictures, samples"].value == REMOVED
    output = {run.tags["language"]: evaluation.description for run in ran.get_runs()
            for entry in ran.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
            if (evaluation := entry.get_dagster_event().asset_check_evaluation_data)}
    assert output["qaa"] == REMOVED and output["qab"] is not None and output["qab"] != REMOVED
    assert records_with(ran, "qab") == of_others  # the other language is as it was
    forget(ran, "qab", "qab", Wanted(Traces([GONE]), [PATH]))  # and then no byte is left
    assert records_with(ran, GONE[:20]) == records_with(ran, PATH) == []
    for path in Path(ran.root_directory).rglob("*.db"):
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_of_a_log_only_the_lines_that_hold_it_go(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text(f"12:00 started\n12:01 read {GONE}\n12:02 read {KEPT}\n", encoding="utf-8")
    redact_log(log, Wanted(Traces([GONE])))
    assert log.read_text(encoding="utf-8") == f"12:00 started\n{REMOVED}\n12:02 read {KEPT}\n"


def test_traces_are_handed_over_without_text() -> None:
    asked = '{"hashes": ' + str({str(length): found for length, found in Traces([GONE]).hashes().items()}).replace(
        "'", '"') + ', "names": ["abc", "' + PATH + '"]}'
    assert GONE[:20] not in asked
    wanted = Wanted.read(asked)
    assert wanted.within(f"see {GONE.upper()}!") and wanted.within(f"file {PATH}") and not wanted.within("abc " + KEPT)
    assert not Wanted.read("").within(GONE)
