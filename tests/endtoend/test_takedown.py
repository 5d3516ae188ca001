"""A document is taken out of a project in which everything was run: artifacts, Dagster's history, what comes after.

Nothing is stood in for: the whole path, Dagster's own storage, and a search through every byte of both.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from dagster import DagsterRun, DagsterRunStatus

from tests.project import Place
from vernacular.core.codes import Code
from vernacular.core.store import Store
from vernacular.provenance.corpus_tables import read_rows


def grep(folder: Path, lines: list[str]) -> list[str]:
    """Files below ``folder`` that contain a line, or a run of plain words of one, however it is escaped."""
    needles = [form.encode() for line in lines for run in [line, *re.findall(r"[A-Za-z]+(?: [A-Za-z]+){2,}", line)]
               if len(run) >= 18 for form in (run, run.lower())]
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            if any(needle in data for needle in needles):
                found.append(path.relative_to(folder).as_posix())
    return found


def history(place: Place, lines: list[str]) -> list[str]:
    """Files of Dagster's storage that contain a line."""
    return [f"{name}/{path}" for name in ("history", "storage", "schedules")
            for path in grep(place.folder / name, lines)]


def test_a_document_leaves_artifacts_and_history_for_good(place: Place) -> None:
    store = Store(place.artifacts)
    train = list(read_rows(store.current("qaa", "corpus/splits").folder / "train.parquet"))
    shown = store.current("qaa", "corpus/documents").manifest.report.samples["documents"]
    gone = next(row for row in train if any(row["text"].startswith(sample["text"][:60]) for sample in shown))
    lines = gone["text"].split("\n")
    folder = place.folder / "languages" / "qaa"
    assert grep(place.artifacts, lines), "the search finds nothing even before"
    assert any(path.endswith(".db") for path in history(place, lines)), "the history holds no sample"
    weights = store.current("qaa", "model/tiny").folder
    released = store.current("qaa", "release/tiny").folder

    done = place.run("takedown", "qaa", "--id", gone["id"], "--reason", "the author asked", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert grep(place.artifacts, lines) == []
    assert history(place, lines) == []
    assert grep(folder, lines) == [gone["path"]]
    for part in ("model/tiny", "model/tiny_control", "release/tiny", "task/names_tiny",
                 f"{gone['path']} still contains"):
        assert part in done.stdout, part
    assert weights.is_dir() and released.is_dir()
    assert gone["id"] in (released / "documents.txt").read_text(encoding="utf-8")

    (folder / "text" / "river" / "renamed.txt").write_text(gone["text"] + "\n\nx\n", encoding="utf-8")
    (folder / "text" / "river" / "quoted.txt").write_text(
        f"nda nda yoyamba\n{lines[2].upper()}\nnda nda yomaliza\n\nx\n", encoding="utf-8")
    again = place.run("run", "qaa", "--to", "corpus/splits")
    assert again.returncode == 0, again.stdout + again.stderr
    assert grep(place.artifacts, [*lines, lines[2].upper()]) == []
    assert history(place, [*lines, lines[2].upper()]) == []
    counts = store.current("qaa", "corpus/documents").manifest.report.counts
    assert counts["documents_withheld"].value == 2 and counts["lines_withheld"].value == 1


def test_the_runs_stay_in_the_history_and_the_files_are_sound(place: Place) -> None:
    def counted() -> tuple[int, int]:
        with place.history() as instance:
            return len(instance.get_runs()), len([key for key in instance.get_asset_keys() if key.path[0] == "qaa"])

    result = place.run("run", "qaa", "--to", "corpus/documents")
    assert result.returncode == 0, result.stdout + result.stderr
    before = counted()
    assert before[0] >= 1
    done = subprocess.run([sys.executable, "-m", "pipelines.purge_history", "qaa"],
                          env=place.environment, cwd=place.folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert counted() == before
    for path in (place.folder / "history").rglob("*.db"):
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert place.run("run", "qaa", "--to", "corpus/splits").returncode == 0


def test_a_run_that_goes_on_is_not_pulled_from_under_itself(place: Place) -> None:
    with place.history() as instance:
        instance.add_run(DagsterRun(job_name="x", run_id="12345678-0000-0000-0000-000000000000",
                                    status=DagsterRunStatus.STARTED, tags={"language": "qaa"}))
    store = Store(place.artifacts)
    row = next(read_rows(store.current("qaa", "corpus/documents").folder / "documents.parquet"))
    done = place.run("takedown", "qaa", "--id", row["id"], "--reason", "asked", "--yes")
    assert done.returncode == 2
    assert Code.STAGE_BUSY in done.stderr and Code.TAKEDOWN_HISTORY in done.stderr
    assert row["id"] in (place.folder / "languages" / "qaa" / "takedowns.jsonl").read_text()
