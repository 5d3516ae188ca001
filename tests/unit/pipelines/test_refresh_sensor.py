"""Keeping languages up to date: the decision, term by term; ticks against a real instance and real stages."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import AssetKey, DagsterInstance, DagsterRunStatus, RunRequest, RunsFilter

from assets.sources import source_digests
from pipelines.refresh_sensor import CAUSE, Asked, decide, digest
from tests.generate import TINY_MODEL, write_language
from tests.unit.pipelines.world import World
from vernacular.config.refresh import Refresh
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.project import Project
from vernacular.pipeline.staleness import Stale

CAUSES = [Stale("corpus/documents", "k1", "new: source/inbox")]
OTHER = [Stale("corpus/documents", "k2", "new: source/inbox")]
NOW, LATER = "circumstances now", "circumstances after a change"
NEVER, BEFORE = Asked("", "", 0, 0.0), Asked(NOW, digest(CAUSES), 1, 0.0)
NIGHTS = Refresh(automatic=True, cron="0 2 * * *", timezone="Africa/Blantyre")  # two there is midnight in UTC
DAY = 86_400.0


@pytest.mark.parametrize(("name", "causes", "around", "last", "outcome", "running", "reason"), [
    ("unchanged", [], NOW, BEFORE, "success", False, "up to date"),
    ("new data", CAUSES, NOW, NEVER, "none", False, None),
    ("new data after an earlier run", OTHER, LATER, BEFORE, "success", False, None),
    ("edited slice", [Stale("corpus/splits", "k3", "settings changed")], LATER, BEFORE, "success", False, None),
    ("missing artifact", [Stale("corpus/clean", "k1", "never made")], NOW, BEFORE, "success", False, None),
    ("a run that changed nothing", CAUSES, NOW, BEFORE, "success", False, "requested before"),
    ("failed gate: nothing behind it is stale", [], NOW, BEFORE, "failure", False, "up to date"),
    ("failed run", CAUSES, NOW, BEFORE, "failure", False, "an equal run ended without success"),
    ("failed further on", OTHER, NOW, BEFORE, "failure", False, "an equal run ended without success"),
    ("failed run, then new data", OTHER, LATER, BEFORE, "failure", False, None),
    ("stopped by a person", CAUSES, NOW, BEFORE, "canceled", False, "an equal run ended without success"),
    ("stopped for a run of a person", CAUSES, NOW, BEFORE, "gave way", False, None),
    ("and that is going on", CAUSES, NOW, BEFORE, "gave way", True, "a run is active"),
    ("asked for, not yet begun", CAUSES, NOW, Asked(NOW, digest(CAUSES), 1, DAY - 60), "none", False,
     "requested before"),
    ("asked for, and lost", CAUSES, NOW, BEFORE, "none", False, None),
    ("asked for by a clock that was ahead, and lost", CAUSES, NOW, Asked(NOW, digest(CAUSES), 1, 9 * DAY), "none",
     False, None),
    ("killed run", OTHER, NOW, BEFORE, "killed", False, None),
    ("hindered run", CAUSES, NOW, Asked(NOW, digest(CAUSES), 1, DAY - 299), "hindered", False,
     "a run was hindered (its page shows why); it will be retried later"),
    ("hindered run, after a while", CAUSES, NOW, Asked(NOW, digest(CAUSES), 1, DAY - 301), "hindered", False, None),
    ("hindered again and again", CAUSES, NOW, Asked(NOW, digest(CAUSES), 50, 1.0), "hindered", False,
     "a run was hindered (its page shows why); it will be retried later"),
    ("hindered by a clock that was ahead", CAUSES, NOW, Asked(NOW, digest(CAUSES), 9, 9 * DAY), "hindered",
     False, None),
    ("killed again and again", CAUSES, NOW, Asked(NOW, digest(CAUSES), 3, 0.0), "killed", False, "killed 3 times"),
    ("killed once, after a disk was full again and again", CAUSES, NOW, Asked(NOW, digest(CAUSES), 4, 0.0, "hindered"),
     "killed", False, None),
    ("manual run is going on", CAUSES, NOW, NEVER, "none", True, "a run is active"),
    ("after a manual run", [], NOW, NEVER, "none", False, "up to date")])
def test_a_run_starts_for_a_cause_and_once(name: str, causes: list[Stale], around: str, last: Asked, outcome: str,
                                           running: bool, reason: str | None) -> None:
    assert decide(Refresh(automatic=True), causes, around, last, outcome, running, DAY) == reason
    assert decide(Refresh(), causes, around, last, outcome, running, DAY) == "not automatic"


def test_cron_is_local_time_and_one_run_a_time() -> None:
    def at(hours: float, since: float) -> str | None:
        return decide(NIGHTS, CAUSES, NOW, Asked("", "", 0, since * 3600), "none", False, hours * 3600)

    assert at(23.9, 12) == "waits for 0 2 * * *" and at(24.0, 12) is None
    assert at(40, 24.1) == "waits for 0 2 * * *"
    assert at(100, 12) is None  # the machine was off at that time: it is made up for
    assert decide(NIGHTS, CAUSES, NOW, BEFORE, "killed", False, 1.0) is None  # what was begun may continue by day
    assert at(12, 24 * 365) is None  # noted by a clock that was ahead: nobody waits for a year
    assert at(12, 12.01) == "waits for 0 2 * * *"  # no two clocks are the same to the second


@pytest.mark.parametrize("wrong", [{"cron": "every night"}, {"cron": "* * * * * *"}, {"timezone": "Mars/Base"}])
def test_times_are_checked(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="such as"):
        Refresh.model_validate(wrong)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with DagsterInstance.ephemeral(str(tmp_path / "home")) as instance:
        yield World(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"), instance)


def add(world: World, code: str = "qaa", automatic: bool = True, **more: Any) -> Path:
    folder = write_language(world.project.languages, code, documents=12, refresh={"automatic": automatic},
                            models={"tiny": {**TINY_MODEL, "enabled": False}}, **more)
    return folder


def stages(request: RunRequest) -> list[str]:
    return ["/".join(key.path) for key in request.asset_selection or ()]


def test_a_new_file_runs_what_depends_on_it_for_that_language_alone_and_once(world: World) -> None:
    folder, _, _ = add(world), add(world, "qab"), add(world, "qac", automatic=False)
    assert {request.tags["language"] for request in world.settle()} == {"qaa", "qab"}
    assert world.settle() == []
    (folder / "text" / "market" / "new.txt").write_text("Mbandi ngolo thambi se wapu.\n", encoding="utf-8")
    result = world.tick()
    request, = result.run_requests or ()
    assert request.tags[CAUSE] == "corpus/documents: new: source/text"
    assert stages(request) == [f"qaa/corpus/{name}" for name in ("documents", "identifier", "clean", "splits")]
    assert [event.asset_key.path for event in result.asset_events] == [["qaa", "source", "text"]]
    assert not world.tick().run_requests  # asked for already
    assert world.run(request) and world.settle() == []


def test_an_edit_runs_its_stage_and_what_follows(world: World) -> None:
    folder = add(world)
    world.settle()
    edit(folder, splits={"dev": 0.3, "test": 0.2})
    request, = world.settle()
    assert stages(request) == ["qaa/corpus/splits"] and request.tags[CAUSE] == "corpus/splits: settings changed"
    edit(folder, name="Another name", owner="team:others")
    assert world.settle() == []


def test_a_failed_run_is_not_repeated_until_something_changes(world: World) -> None:
    folder = add(world)
    world.settle()
    for topic in (folder / "text").iterdir():
        shutil.rmtree(topic)
    first, = world.settle()
    assert "corpus/documents" in first.tags[CAUSE]
    assert world.settle() == []
    (folder / "text" / "market").mkdir()
    (folder / "text" / "market" / "back.txt").write_text("Mbandi ngolo thambi se wapu.\n" * 3, encoding="utf-8")
    assert len(world.settle()) == 1


def test_a_killed_run_is_asked_for_again_and_no_more_than_three_times(world: World) -> None:
    add(world)
    for times in range(1, 4):
        request, = world.tick().run_requests or ()
        job = world.definitions().resolve_implicit_global_asset_job_def()
        run = world.instance.create_run_for_job(job, tags=dict(request.tags), status=DagsterRunStatus.STARTED)
        assert not world.tick().run_requests, "while it is going on"
        world.instance.report_run_failed(run, "its process was killed")
        assert world.instance.get_runs_count(RunsFilter(tags={"language": "qaa"})) == times
    assert not world.tick().run_requests


def test_a_broken_folder_keeps_no_other_from_its_turn(world: World) -> None:
    add(world, "qab")
    (world.project.languages / "qaa").mkdir()
    (world.project.languages / "qaa" / "language.yaml").write_text("name: [", encoding="utf-8")
    result = world.tick()
    assert [request.tags["language"] for request in result.run_requests or ()] == ["qab"]
    assert len(world.warnings) == 1 and world.warnings[0].startswith("languages/qaa/language.yaml:1: not valid YAML")


def test_a_look_that_hangs_holds_up_no_other_language(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    add(world)
    answers, asked = threading.Event(), list[str]()

    def hangs(language: Language, root: Path) -> dict[AssetKey, str]:
        asked.append(language.code)
        if language.code == "qaa":
            answers.wait(60)
        return source_digests(language, root)

    monkeypatch.setattr("pipelines.language_snapshot.source_digests", hangs)
    monkeypatch.setattr("pipelines.language_snapshot.LOOK_SECONDS", 0.5)
    assert not world.tick().run_requests
    assert [(line.split(":")[0], Code.DISK_UNREACHABLE in line) for line in world.warnings] == [("qaa", True)]
    monkeypatch.setattr("pipelines.language_snapshot.LOOK_SECONDS", 30.0)
    add(world, "qab")
    assert [request.tags["language"] for request in world.tick().run_requests or ()] == ["qab"]
    assert asked == ["qaa", "qab"] and len(world.warnings) == 2
    answers.set()
    world.upkeep._looks._away["qaa"].result(30)
    assert "qaa" in [request.tags["language"] for request in world.settle()]


def test_a_poll_that_fails_is_no_change(world: World) -> None:
    folder = add(world)
    world.settle()
    (folder / "text" / "market" / "link.txt").symlink_to("/etc/hostname")
    result = world.tick()
    assert not result.run_requests and not result.asset_events
    assert result.skip_reason is not None and "market/link.txt" in str(result.skip_reason.skip_message)


WIKI = {"name": "wiki", "kind": "wikipedia", "wiki": "lg", "licence": "CC-BY-SA-4.0", "consent": "public-licence",
        "register": "encyclopedic", "dump": "https://example.invalid/dump.bz2"}


def test_what_is_due_is_fetched_before_anything_is_run(world: World) -> None:
    add(world, sources=[WIKI])
    result = world.tick()
    assert world.fetches == ["qaa"] and not result.run_requests


def test_a_fetch_that_cannot_begin_keeps_no_other_from_its_turn(world: World) -> None:
    def no_room(project: Project, code: str) -> None:
        raise PermissionError(13, "Permission denied", str(project.artifacts / code / ".fetch.log"))

    world.upkeep._start_fetch = no_room  # type: ignore[assignment]
    add(world, "qaa", sources=[WIKI])
    add(world, "qab")
    result = world.tick()
    assert [request.tags["language"] for request in result.run_requests or ()] == ["qab"]
    assert len(world.warnings) == 1 and "Permission denied" in world.warnings[0]


def test_where_more_is_due_than_can_be_fetched_every_language_has_its_turn(world: World,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.refresh_sensor.FETCHES", 1)
    for code in ("qaa", "qab", "qac"):
        add(world, code, sources=[WIKI])
    for turn in range(1, 5):
        world.tick()
        assert len(world.fetches) == turn
        world.upkeep._fetches[0].wait(30)
    assert world.fetches == ["qaa", "qab", "qac", "qaa"]


def test_the_rotating_cursor_reaches_everyone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in ("qaa", "qab", "qac"):
        add(world, code)
    monkeypatch.setattr("pipelines.refresh_sensor.TICK_SECONDS", 0.0)  # one language a tick
    seen = []
    for _ in range(3):
        seen += [request.tags["language"] for request in world.tick().run_requests or ()]
    assert seen == ["qaa", "qab", "qac"]


def edit(folder: Path, **more: Any) -> None:
    file = folder / "language.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text(encoding="utf-8")) | more), encoding="utf-8")
