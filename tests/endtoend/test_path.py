"""The whole path through Dagster on a tiny random model and an invented language; nothing is stood in for."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import psutil
import pytest
from dagster import AssetKey, DagsterEventType, DagsterRunStatus

from assets.naming import PASSING
from tests.project import CHECKOUT, TOKEN, Place, copy_of, make_place
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.core.store import Store
from vernacular.pipeline.graph_summary import outline_of
from vernacular.pipeline.stage import run_stage
from vernacular.pipeline.staleness import following, stale
from vernacular.provenance.corpus_tables import read_rows
from vernacular.release.marks import Mark, keep
from vernacular.release.signing_key import trusted_keys
from vernacular.release.verification import verify
from vernacular.reporting.full_report import results
from vernacular.reporting.status_table import overview


def manifests(place: Place) -> dict[str, dict]:
    """Stage name -> manifest of its current artifact."""
    language = load_language(place.folder / "languages" / "qaa")
    store = Store(place.artifacts)
    found = {name: store.current("qaa", name) for name in stages_of(language)}
    return {name: artifact.manifest.model_dump() for name, artifact in found.items() if artifact is not None}


def test_every_stage_leaves_an_artifact_with_its_gates(place):
    language = load_language(place.folder / "languages" / "qaa")
    found = manifests(place)
    for name, stage in stages_of(language).items():
        assert name in found, name
        reported = {gate["name"] for gate in found[name]["report"]["gates"]}
        assert {spec.name for spec in stage.gates} <= reported, name


def test_every_kind_of_behavioural_test_is_measured_on_both_models(place):
    report = manifests(place)["evaluation/tiny_behaviour"]["report"]
    tests = report["details"]["tests"]
    assert {test["type"] for test in tests.values()} == {"invariance", "directional", "minimum", "likelihood"}
    assert all(test["base"]["cases"] == test["adapted"]["cases"] > 10 for test in tests.values())
    assert tests["noise"]["reviewed"] == "Amo, 2026-01-31"
    assert tests["names_nfd"]["adapted"]["failures"] == 0
    fairness = manifests(place)["evaluation/tiny_fairness"]["report"]["details"]
    assert {found["verdict"] for found in fairness["comparisons"].values()} <= {
        "within noise", "inherited", "lessened", "made worse"}
    assert len(fairness["comparisons"]) == 2


def test_dagster_knows_the_run_the_assets_and_the_checks(place):
    with place.history() as instance:
        assert instance.get_runs()[0].status == DagsterRunStatus.SUCCESS
        event = instance.get_latest_materialization_event(AssetKey(["qaa", "model", "tiny"]))
        assert "steps" in event.asset_materialization.metadata
        assert len(instance.get_asset_keys()) >= 14


def test_a_token_in_the_environment_is_in_no_file(place):
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    assert len(files) > 100
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def spent() -> float:
    """Seconds of processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_second_run_recomputes_nothing(place):
    before = {path: path.stat().st_mtime_ns for path in place.artifacts.rglob("manifest.json")}
    started = spent()
    result = place.start("run", "qaa")
    assert result.returncode == 0, result.stdout + result.stderr
    assert {path: path.stat().st_mtime_ns for path in place.artifacts.rglob("manifest.json")} == before
    assert "started" not in result.stdout
    assert spent() - started < 6


def test_the_report_holds_every_number(place):
    result = place.run("report", "qaa", "--json")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    text = json.dumps(data)
    for word in ("fertility_base", "fertility_extended", "tfidf_logistic", "adapted_minus_base", "control"):
        assert word in text
    assert data["changed"] == []
    floor = data["likelihood"]["floor"]["character_5gram"]
    assert floor["low"] < floor["mean"] < floor["high"]
    assert data["fertility"]["intervals"] is None and data["corpus"]["parts"]["dev"]["documents"] < FEWEST_TEXTS
    for found in data["tasks"].values():
        for arm, more in found["more_intervals"].items():
            for name, (low, mean, high) in more.items():
                assert low <= mean <= high
                assert mean == pytest.approx(fmean(row["more"][name] for row in found["scores"][arm]))
    table = place.run("report", "qaa", "--full")
    assert table.returncode == 0, table.stderr
    assert "names" in table.stdout
    assert "genre" in table.stdout
    screen = place.run("report", "qaa")
    assert screen.returncode == 0, screen.stderr
    assert len(screen.stdout.splitlines()) <= 40
    assert data["release"]["folder"].endswith(screen.stdout.split("Model")[1].split()[0])
    verified = verify(Store(place.artifacts).current("qaa", "release/tiny").folder, trusted_keys([]))
    assert verified.failures == [] and [gate.model_dump() for gate in verified.statement.predicate.gates] == [
        *data["release_gates"]]


def test_the_overview_shows_what_the_report_says(place):
    data = json.loads(place.run("report", "qaa", "--json").stdout)
    outline = outline_of(language := load_language(place.folder / "languages" / "qaa"), stages_of(language))
    row, = (one.cells() for one in overview([outline], {}, Store(place.artifacts)))
    assert (row["language"], row["model"]) == (f"qaa {language.name}", "tiny")
    assert (row["tokens a word, base"], row["extended"]) == (data["fertility"]["base"], data["fertility"]["extended"])
    assert row["words"] == sum(part["words"] for part in data["corpus"]["parts"].values())
    low, mean, high = data["likelihood"]["differences"]["adapted_minus_base"]
    verdict = data["likelihood"]["verdicts"]["adapted_minus_base"]
    assert row["held-out negative log-likelihood, against base"] == f"{verdict} {mean:+.3f} ({low:+.3f} to {high:+.3f})"
    for task, found in data["tasks"].items():
        verdict, (_, mean, _) = (found[kind]["adapted_minus_base"] for kind in ("verdicts", "intervals"))
        assert f"{task}: {verdict} {mean:+.3f} (" in row["tasks, against base"]
    red = {f"{stage}: {gate['name']}" for stage, gates in data["gates"].items() for gate in gates if not gate["passed"]}
    red |= {f"release/tiny: {gate['name']}" for gate in data["release_gates"] if not gate["passed"]}
    number, _, named = row["red"].partition(" ")
    assert int(number) == len(red) and set(named[1:-1].split(", ")) == red
    assert row["release"].startswith(data["release"]["created"][:16]) and "outdated" not in row["release"]


def test_an_edited_setting_runs_its_stage_and_what_follows(whole: Path, tmp_path: Path) -> None:
    place = copy_of(whole, tmp_path / "copy")
    path = place.folder / "languages" / "qaa" / "language.yaml"
    before = manifests(place)
    path.write_text(path.read_text(encoding="utf-8").replace("rank: 2", "rank: 3"), encoding="utf-8")
    result = place.run("run", "qaa", "--to", "task/names_tiny")
    assert result.returncode == 0, result.stdout + result.stderr
    after, language = manifests(place), load_language(place.folder / "languages" / "qaa")
    assert {name for name in after if after[name]["key"] != before[name]["key"]} == {"task/names_tiny"}
    waiting = [one.stage for one in stale(stages_of(language), language, Store(place.artifacts))]
    assert waiting == ["task/genre_tiny"] and set(following(stages_of(language), waiting)) == {
        "task/genre_tiny", "evaluation/tiny_attack", "evaluation/tiny_behaviour", "evaluation/tiny_fairness",
        "release/tiny"}


def test_a_mark_runs_the_behaviour_stage_alone(place):
    language, store = load_language(place.folder / "languages" / "qaa"), Store(place.artifacts)
    splits = store.current("qaa", "corpus/splits").folder
    learned, new = (next(read_rows(splits / f"{part}.parquet"))["text"].split("\n")[0] for part in ("train", "test"))
    stage, reason = "evaluation/tiny_behaviour", "equals a line of the training text of the models"
    try:
        for text in (learned.upper(), new):
            keep(language.folder, Mark(text, "genre", "adapted", "river", True, None, "Amo", "2026-03-01T10:00:00Z"))
        assert [one.stage for one in stale(stages_of(language), language, store)] == [stage]
        changed = results(store, language, "tiny", stages_of(language)).changed
        assert [one.split(" (")[0] for one in changed] == [stage]
        assert f"Changed since the release: {stage}" in " ".join(place.run("report", "qaa").stdout.split())
        report = run_stage(stages_of(language)[stage], language, store).manifest.report
        assert [one.stage for one in stale(stages_of(language), language, store)] == ["release/tiny"]
        assert report.details["tests"]["marked_by_speakers_genre"]["adapted"]["cases"] == 1
        assert report.samples["marks_set_aside"] == [
            {"task": "genre", "text": learned.upper(), "reason": reason}]
    finally:
        (language.folder / "behaviour" / "marks.jsonl").unlink()
        run_stage(stages_of(language)[stage], language, store)
    assert stale(stages_of(language), language, store) == []


def test_the_same_manifest_gives_the_same_corpus_and_tokenizer(
        place: Place, with_corpus: Callable[..., Place], tmp_path: Path) -> None:
    other = with_corpus(tmp_path)  # made in another process, without Dagster
    for file in (place.folder / "languages" / "qaa" / "base").iterdir():
        (tmp_path / "languages" / "qaa" / "base" / file.name).write_bytes(file.read_bytes())
    other.make("tokenizer/tiny")
    first, second = manifests(place), manifests(other)
    assert len(second) == 5
    for name, manifest in second.items():
        assert first[name]["key"] == manifest["key"]
        assert first[name]["data_version"] == manifest["data_version"], name


def train_until(place: Place, after: str) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A run, and the process that trains in it, once that has written the file ``after``."""
    began = time.time()
    run = subprocess.Popen([sys.executable, "-m", "vernacular", "run", "qaa", "--to", "model/tiny"], cwd=place.folder,
                           env=place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    limit = time.monotonic() + 240
    while not any(path.stat().st_mtime > began for path in place.artifacts.glob(
            f"qaa/model/tiny/.work-*/scratch/{after}")):
        assert run.poll() is None, "ended before it could be killed"
        assert time.monotonic() < limit, "no checkpoint"
        time.sleep(0.1)
    warm, = (child for child in psutil.Process(run.pid).children()
             if "multiprocessing.forkserver" in " ".join(child.cmdline()))
    trains, = warm.children()
    return run, trains


def test_whatever_ends_a_run_ends_the_training_in_it(with_corpus: Callable[..., Place], tmp_path: Path) -> None:
    place = with_corpus(tmp_path, steps=100_000, checkpoint_minutes=0.002)
    place.make("tokenizer/tiny")
    for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        run, trains = train_until(place, "checkpoint.pt")
        warm = trains.parent()
        run.send_signal(number)
        errors = run.communicate(timeout=240)[1]
        assert run.returncode == code, errors
        assert psutil.wait_procs([trains, warm], timeout=60)[1] == [], "a process outlives its run"
        assert Store(place.artifacts).current("qaa", "model/tiny") is None


def test_a_killed_pretraining_resumes_to_the_uninterrupted_result(with_corpus: Callable[..., Place], tmp_path: Path):
    place = with_corpus(tmp_path, steps=150, checkpoint_minutes=0.002)
    place.make("tokenizer/tiny")
    whole = place.run("stage", "qaa", "model/tiny")
    assert whole.returncode == 0, whole.stderr
    wanted = manifests(place)["model/tiny"]
    store = Store(place.artifacts)
    (store.home("qaa", "model/tiny") / "current").unlink()
    (store.home("qaa", "model/tiny") / wanted["key"]).rename(tmp_path / "whole")
    run, trains = train_until(place, "checkpoint.pt")
    trains.kill()
    assert "qaa model/tiny: its process was killed" in run.communicate(timeout=240)[1]
    assert run.returncode == 2
    with place.history() as instance:
        latest = instance.get_runs(limit=1)[0]
        assert latest.status == DagsterRunStatus.FAILURE
        failed, = instance.all_logs(latest.run_id, of_type=DagsterEventType.STEP_FAILURE)
        assert failed.get_dagster_event().step_failure_data.user_failure_data.metadata[PASSING].value
    assert store.current("qaa", "model/tiny") is None, "a half-done training was taken for whole"
    again = place.run("stage", "qaa", "model/tiny")
    assert again.returncode == 0, again.stderr
    assert "resumed at step" in again.stdout
    found = manifests(place)["model/tiny"]
    assert found["key"] == wanted["key"]
    assert found["files"] == wanted["files"]
    assert found["data_version"] == wanted["data_version"]


def test_a_language_by_dropping_in_a_folder_beside_a_broken_one(tmp_path: Path):
    place = make_place(tmp_path)
    languages = tmp_path / "languages"
    shutil.copytree(CHECKOUT / "languages" / "_template", languages / "_template")
    (languages / "qab").mkdir()
    (languages / "qab" / "language.yaml").write_text("nmae: Broken\n", encoding="utf-8")
    assert place.run("new", "xyz").returncode == 0
    empty = place.run("run", "xyz")
    assert empty.returncode == 2
    assert "inbox" in empty.stderr
    for path in (languages / "qaa").glob("text/*/*.txt"):
        shutil.copy(path, languages / "xyz" / "inbox" / f"{path.parent.name}.txt")
    done = place.run("run", "xyz", "--to", "corpus/splits")
    assert done.returncode == 0, done.stdout + done.stderr
    checked = place.run("check")
    assert checked.returncode == 2
    assert "nmae" in checked.stderr + checked.stdout
    assert any(line.startswith("xyz: no errors") for line in checked.stdout.splitlines())


@pytest.mark.parametrize(("damage", "named"), [
    (lambda folder: (folder / "language.yaml").write_text("name: X\nscritp: Latn\n", encoding="utf-8"), "scritp"),
    (lambda folder: [path.unlink() for path in folder.glob("text/*/*.txt")], "text/*/*.txt"),
    (lambda folder: next(folder.glob("text/*/*.txt")).write_bytes(b"caf\xe9 na\xefve"), "UTF-8"),
    (lambda folder: (folder / "language.yaml").write_text(
        (folder / "language.yaml").read_text(encoding="utf-8").replace("path: base", "path: nowhere"),
        encoding="utf-8"), "nowhere"),
])
def test_bad_input_is_one_line(with_corpus: Callable[..., Place], tmp_path: Path, damage: Callable[[Path], object],
                               named: str) -> None:
    place = with_corpus(tmp_path)
    damage(tmp_path / "languages" / "qaa")
    result = place.run("run", "qaa")
    assert result.returncode == 2
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    assert named in lines[0]
    assert "Traceback" not in result.stdout + result.stderr
