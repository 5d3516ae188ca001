"""A language in a project with its own history, as the tests of faults use it.

After each fault nothing is lost, nothing half-written counts as complete, Dagster shows the true state, and the
next tick recovers. docs/explanation/faults.md lists the faults and their tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance

from tests.generate import TINY_MODEL, write_language
from tests.unit.pipelines.world import World
from vernacular.config.schema import Language
from vernacular.core.project import Project
from vernacular.core.store import Artifact, Store
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows

SOURCE = {"licence": "CC0-1.0", "consent": "contributor", "register": "other"}
LINES = [f"Mbandi ngolo thambi se wapu dza {word} keli." for word in ("moto", "madzi", "mbale", "nyama", "phiri")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A project whose history is in SQLite files, as that of ``make ui`` is."""
    home = tmp_path / "home"
    home.mkdir()
    with DagsterInstance.local_temp(str(home)) as instance:
        yield World(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"), instance)


def small(root: Path, code: str = "qaa", **more: Any) -> Path:
    """A language of twelve texts that is kept up to date, and quickly cleaned."""
    return write_language(root, code, documents=12, refresh={"automatic": True}, identification={"rejecters": []},
                          models={"tiny": {**TINY_MODEL, "enabled": False}}, **more)


def texts_in(folder: Path, *names: str) -> list[str]:
    return sorted(row["text"] for name in names for row in read_rows(folder / name))


def make(language: Language, store: Store) -> dict[str, str]:
    """Run the stages of the corpus; the data versions."""
    return {stage.name: run_stage(stage, language, store).manifest.data_version for stage in stages(language)}


def everything_is_whole(store: Store, code: str) -> None:
    """Every artifact has the files that its manifest lists."""
    for manifest in store.root.glob(f"{code}/*/*/*/manifest.json"):
        if manifest.parent.parent.name != "out" and not manifest.parent.name.startswith("."):
            for name, size in Artifact(manifest.parent).manifest.files.items():
                assert (manifest.parent / name).stat().st_size == size, manifest.parent / name


def reasons(instance: DagsterInstance, run_id: str) -> str:
    """The reasons of failures that the page of a run shows."""
    return "\n".join(str(data.user_failure_data.description) for entry in instance.all_logs(run_id)
                     if (event := entry.dagster_event) and event.is_step_failure
                     and (data := event.step_failure_data).user_failure_data)


def wait_for(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 180
    while not met():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)

