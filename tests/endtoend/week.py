"""A week in the life of many languages, with the clock handed in: Dagster's own daemons, real processes, a real server.

Dagster's sensor daemon and queue evaluate the real definitions in this process on an instance with SQLite files, tick
after tick. A run, a fetch and, where it is to be killed, a tick are processes of their own, forked from this one. What
happens when comes from a seed.
"""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from dagster import DagsterInstance, RunsFilter

from pipelines import refresh_sensor as upkeep
from pipelines.run_locks import alive
from tests.dagster_internals import (
    NOT_FINISHED_STATUSES,
    ConfigurableClass,
    ConfigurableClassData,
    InMemoryJob,
    InProcessCodeLocationOrigin,
    InProcessWorkspaceLoadTarget,
    LaunchRunContext,
    LoadableTargetOrigin,
    QueuedRunCoordinatorDaemon,
    RunLauncher,
    WorkspaceProcessContext,
    create_test_daemon_workspace_context,
    execute_run,
    execute_sensor_iteration,
    set_clock,
)
from tests.generate import TINY_MODEL, make_documents, write_language
from tests.site import Answer, LoopbackSite
from tests.wikipedia_dump import dump, page
from vernacular.config.load import load_language
from vernacular.core import clock
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.sources.fetch_schedule import fetch

HOUR = 3600.0
DAY = 24 * HOUR
MONDAY = datetime(2024, 3, 4, tzinfo=UTC).timestamp()
SOURCE = {"licence": "CC0-1.0", "consent": "contributor", "register": "other"}
SOURCES = ("text", "rows", "inbox", "letters", "wiki")
RSS = '<rss version="2.0"><channel><title>News</title>{}</channel></rss>'
LOCATION = "week"
PATIENCE = 300.0  # real seconds
DAGSTER = """\
telemetry: {enabled: false}
run_coordinator: {module: dagster, class: QueuedRunCoordinator}
run_launcher: {module: tests.endtoend.week, class: Later}
concurrency:
  runs:
    max_concurrent_runs: 4
    tag_concurrency_limits:
      - {key: language, value: {applyLimitPerUniqueValue: true}, limit: 1}
"""


class Child:
    """A forked process that begins, waits until it receives the hour, does its work and is gone.

    Args:
        work: what it does; given a function that waits until it may continue.
        due: when that is, in seconds since 1970.
    """

    def __init__(self, work: Callable[[Callable[[], None]], object], due: float = 0.0) -> None:
        self.due, self.code = due, None
        read, self._write = os.pipe()
        ready, begun = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid:
            os.close(read)
            os.close(begun)
            os.read(ready, 1)  # until it has begun, or is dead
            os.close(ready)
            return

        def wait() -> None:
            os.write(begun, b"!")
            moment = float(os.read(read, 64) or os._exit(0))  # the parent is gone
            clock.read = time.time = lambda: moment  # the latter for what Dagster writes down

        os.close(self._write)
        with Path("children.log").open("ab") as log:  # below the project: the current folder
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        try:  # whatever happens, the child never returns into the test
            work(wait)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    code: int | None

    def go(self, moment: float) -> None:
        """Let it continue at ``moment``."""
        os.write(self._write, repr(moment).encode())

    def poll(self) -> int | None:
        """Its exit status once it has ended, as of ``subprocess.Popen``."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code

    def end(self, kill_when: Callable[[], bool] | None = None) -> int:
        """Its exit status; killed with signal 9 once ``kill_when`` is true."""
        end = time.monotonic() + PATIENCE
        while (code := self.poll()) is None:
            assert time.monotonic() < end, "a process hangs"
            if kill_when and kill_when():
                os.kill(self.pid, signal.SIGKILL)
                kill_when = None
            time.sleep(0.002)
        os.close(self._write)
        return code


class Later(RunLauncher, ConfigurableClass):
    """Starts a process for a run, which lives from then on and does its work some hours later."""

    started: ClassVar[dict[str, Child]] = {}
    due: ClassVar[Callable[[], float]] = float  # when a run that starts now does its work, whatever the clock says

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> Later:
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        run, instance = context.dagster_run, self._instance
        location: Any = context.workspace.get_code_location(LOCATION)
        job = InMemoryJob(location._get_repo_def("__repository__").get_job(run.job_name)).get_subset(
            asset_selection=run.asset_selection, asset_check_selection=run.asset_check_selection)

        def work(wait: Callable[[], None]) -> None:
            with alive(instance, run.run_id):
                wait()
                execute_run(job, run, instance)

        self.started[run.run_id] = Child(work, self.due())

    def terminate(self, run_id: str) -> bool:
        return False


class Server(LoopbackSite):
    """The server of the wikis; it answers every request with ``fault`` while that is set."""

    fault: Answer | None = None

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        return self.fault or super().answer(path, headers)


@dataclass
class Arrival:
    """A document that came: for which language, by which source, its lines, which are nowhere else, and when."""

    code: str
    source: str
    lines: list[str]
    at: float


@dataclass
class Week:
    """The languages, Dagster, the server, and the hour that it is.

    Attributes:
        project: the folders.
        site: where the sources on the network are.
        instance, workspace: Dagster's.
        chance: what happens, and when.
        now: the hour, in seconds since 1970; what the machine believes it to be differs by ``wrong``.
        arrived: every document that came.
        faults: what went wrong on purpose, and how often.
    """

    project: Project
    site: Server
    instance: DagsterInstance
    workspace: WorkspaceProcessContext
    chance: random.Random
    now: float = MONDAY
    wrong: float = 0.0
    arrived: list[Arrival] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    fetches: list[Child] = field(default_factory=list)
    spare: dict[str, Iterator[str]] = field(default_factory=dict)
    wiki: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    posts: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    queue: QueuedRunCoordinatorDaemon = field(default_factory=lambda: QueuedRunCoordinatorDaemon(interval_seconds=1))

    # What the world does.

    def add(self, code: str) -> None:
        """A language with five sources: texts, rows, an inbox, another one, and a wiki on the server.

        The first one has a feed there, too: only one, since a look at it takes a process of Scrapy's.
        """
        feed = {"name": "feed", "kind": "feed", "feeds": [f"{self.site.url}/{code}.rss"], "delay_seconds": 0,
                "private_addresses": True, "contact": "tests@example.org", "refresh_days": 1.4, **SOURCE}
        self.sources[code] = SOURCES if self.sources else (*SOURCES, "feed")
        texts = [text for texts in make_documents(90, seed=sum(map(ord, code)), lines=4).values() for text in texts]
        folder = write_language(
            self.project.languages, code, documents=12, refresh={"automatic": True}, cleaning={"reject_languages": []},
            poisoning={"least_documents": 100_000}, models={"tiny": {**TINY_MODEL, "enabled": False}}, sources=[
                {"name": "text", "kind": "files", "files": "text/*/*.txt", **SOURCE},
                {"name": "rows", "kind": "files", "files": "rows/*.jsonl", **SOURCE},
                {"name": "inbox", "kind": "inbox", **SOURCE},
                {"name": "letters", "kind": "inbox", "folder": "letters", **SOURCE},
                {"name": "wiki", "kind": "wikipedia", "wiki": "lg", "dump": f"{self.site.url}/{code}.xml.bz2",
                 "refresh_days": 1.4, **SOURCE}, *([feed] if "feed" in self.sources[code] else [])],
            identification={"rejecters": []}, splits={"dev": 0.15, "test": 0.2})
        shutil.rmtree(folder / "text")
        self.spare[code], self.wiki[code] = iter(texts), []
        for source in self.sources[code]:
            for _ in range(3):
                self.arrive(code, source)

    def arrive(self, code: str, source: str) -> None:
        """One more document of a source."""
        word = "Z" + "".join(self.chance.choice("aeiou") + self.chance.choice("bdgklmnprstwz") for _ in range(5))
        lines = [f"{line} {word}." for line in next(self.spare[code]).split("\n")]
        text = "\n".join(lines)
        folder, name = self.folder(code), word.lower()
        if source == "wiki":
            self.wiki[code].append(page(word, text))
            self.site.pages[f"/{code}.xml.bz2"] = Answer(dump(*self.wiki[code]), type="application/x-bzip2")
        elif source == "feed":
            self.posts[code].append(f"{self.site.url}/{name}.html")
            self.site.pages[f"/{name}.html"] = f"<article>{''.join(f'<p>{line}</p>' for line in lines)}</article>"
            self.site.pages[f"/{code}.rss"] = Answer(RSS.format("".join(
                f"<item><link>{post}</link></item>" for post in self.posts[code][-10:])).encode(), type="text/xml")
        elif source == "rows":
            self.write(folder / "rows" / f"{name}.jsonl", json.dumps({"text": text}))
        else:
            where = {"text": f"text/{name[1]}", "inbox": "inbox", "letters": "letters/deep"}[source]
            self.write(folder / where / f"{name}.txt", text + "\n")
        self.arrived.append(Arrival(code, source, lines, self.now))

    def folder(self, code: str) -> Path:
        """The language's folder, whatever it is called at the moment."""
        usual = self.project.languages / code
        return usual if usual.is_dir() else usual.with_name(f"_{code}")

    def write(self, file: Path, text: str) -> None:
        """A file that was written a minute ago."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        os.utime(file, (self.now - 60, self.now - 60))

    def hurt(self, code: str, how: str) -> Iterator[None]:
        """A folder that cannot be read any more (``broken``) or is gone (``renamed``) until the next call."""
        folder = self.folder(code)
        self.faults[f"folder {how}"] += 1
        if how == "renamed":
            folder.rename(folder.with_name(f"_{code}"))
            yield
            self.folder(code).rename(folder)
            return
        text = (folder / "language.yaml").read_text(encoding="utf-8")
        (folder / "language.yaml").write_text("name: [", encoding="utf-8")
        yield
        (folder / "language.yaml").write_text(text, encoding="utf-8")

    def set_clock(self) -> None:
        """The hour, or what the machine takes for it, as this process sees it."""
        moment = self.now + self.wrong
        clock.read = lambda: moment

    # What Dagster does.

    def look(self, kills: list[str]) -> None:
        """A tick and what it started; one of the ``kills``, if there is occasion for it, which is then taken out."""
        self.set_clock()
        before = self.faults.copy()
        daemon = next((kill for kill in kills if kill.startswith("daemon")), "")
        self.tick("" if self.chance.random() < 0.3 else daemon.partition(": ")[2])
        fetched = bool(self.fetches)
        self.work(kills)
        while fetched:  # two languages at a time; hundreds of ticks come in the hours until the next look
            self.now += upkeep.EVERY_SECONDS
            self.set_clock()
            self.tick()
            fetched = bool(self.fetches)
            self.work(())
        for kill in set(kills):
            if self.faults[kill] > before[kill]:
                kills.remove(kill)
        self.chance.shuffle(kills)

    def tick(self, kill_at: str = "") -> None:
        """One round of Dagster's sensor daemon and of its queue; killed with signal 9 at a place in the former."""
        flags = {"upkeep": {kill_at: signal.SIGKILL}} if kill_at else None

        def evaluate() -> list[Any]:
            return [error for error in execute_sensor_iteration(
                self.workspace, logging.getLogger("week"), None, None, debug_crash_flags=flags) if error]

        def cut_short(wait: Callable[[], None]) -> None:
            wait()
            upkeep.FETCHES = 0  # a fetch would be out of the test's hands once the tick is killed
            evaluate()

        if kill_at:
            child = Child(cut_short)
            child.go(clock.now())
            self.faults[f"daemon killed: {kill_at}"] += child.end() == -signal.SIGKILL
        else:
            assert not evaluate()
        list(self.queue.run_iteration(self.workspace, fixed_iteration_time=clock.now()))

    def start_fetching(self, project: Project, code: str) -> Child:
        """Instead of ``vernacular fetch``: the same in a fork, which knows the hour."""
        def work(wait: Callable[[], None]) -> None:
            wait()
            fetch(load_language(project.languages / code), project.artifacts, lambda line: None)

        self.fetches.append(Child(work))
        return self.fetches[-1]

    def work(self, kills: Sequence[str]) -> None:
        """Let every fetch, and every run whose time has come, do its work; or kill one on its way."""
        fetches, self.fetches = self.fetches, []
        for child in fetches:
            child.go(clock.now())
        due = [run_id for run_id, child in Later.started.items() if child.due <= self.now]
        for run_id in due:
            child = Later.started.pop(run_id)
            child.go(clock.now())
            run = self.instance.get_run_by_id(run_id)
            assert run is not None
            stage = self.chance.choice(["documents", "clean", "splits"])
            work = self.project.artifacts / run.tags["language"] / "corpus" / stage
            self._end(child, "run killed" if "run killed" in kills else "",
                      lambda work=work: any(work.glob(".work-*")))  # type: ignore[misc]
            kills = [kill for kill in kills if kill != "run killed"]
        for child in fetches:
            self._end(child, "fetch killed" if "fetch killed" in kills else "", lambda: self.chance.random() < 0.1)

    def _end(self, child: Child, kill: str, when: Callable[[], bool]) -> None:
        code = child.end(when if kill else None)
        assert code == 0 or (kill and code == -signal.SIGKILL), code
        if code:
            self.faults[kill] += 1

    def busy(self) -> list[str]:
        """What is queued, running or being fetched."""
        runs = self.instance.get_runs(RunsFilter(statuses=NOT_FINISHED_STATUSES))
        return [*(f"{run.status.value} {run.run_id} {run.tags}" for run in runs), *(
            f"in hand {run_id}, due in {child.due - self.now:.0f} s" for run_id, child in Later.started.items()),
            *("a fetch" for _ in self.fetches)]

    def quiet(self) -> bool:
        """Whether nothing is."""
        return not self.busy()


def import_once(home: Path) -> None:
    """Have the corpus of some language made here, so that no child need import what that takes."""
    language = load_language(write_language(home / "languages", documents=30, identification={"rejecters": []}))
    for stage in stages(language):
        run_stage(stage, language, Store(home / "artifacts"))


@contextmanager
def week(home: Path, codes: Sequence[str], seed: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Week]:
    """The world before its first tick, with the sensor turned on."""
    project = Project(home, home / "languages", home / "artifacts")
    (home / "dagster.yaml").write_text(DAGSTER, encoding="utf-8")
    (home / "location.py").write_text("from pipelines.build import build_definitions\n\ndefs = build_definitions()\n",
                                      encoding="utf-8")
    for name, value in (("VERNACULAR_LANGUAGES", project.languages), ("VERNACULAR_ROOT", project.artifacts),
                        ("DAGSTER_HOME", home)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(home)
    monkeypatch.setattr(clock, "read", lambda: MONDAY)
    set_clock(monkeypatch, clock.now)
    monkeypatch.setattr(Later, "started", {})
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(python_file=str(home / "location.py")),
                                         location_name=LOCATION)
    import_once(home / "warm")
    for name in ("dagster", "dagster.daemon", "week"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with Server() as site, DagsterInstance.get() as instance:
        assert isinstance(site, Server)
        world = Week(project, site, instance, None, random.Random(seed))  # type: ignore[arg-type]  # follows
        monkeypatch.setattr("pipelines.refresh_sensor.start_fetching", world.start_fetching)
        monkeypatch.setattr(Later, "due", lambda self: world.now + world.chance.uniform(3, 15) * HOUR)
        for code in codes:
            world.add(code)
        with create_test_daemon_workspace_context(InProcessWorkspaceLoadTarget([origin]), instance) as world.workspace:
            location = world.workspace.create_request_context().get_code_location(LOCATION)
            instance.start_sensor(location.get_repository("__repository__").get_sensor("upkeep"))
            yield world
