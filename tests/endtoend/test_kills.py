"""Forty kills with signal 9 at random points of a run, the release included, leave what a run without a kill leaves.

Marked ``slow``: a quarter of an hour on one core. ``pytest -m slow tests/endtoend/test_kills.py``.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.endtoend.kills import plan_kills, restarted, run_and_kill, state_of
from tests.project import make_place
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.store import Store

KILLS = 40
EACH = 10  # of a project, which is begun from nothing
SEED = 24
RELEASE = "release/tiny"


@pytest.mark.slow
def test_killed_runs_leave_the_artifacts_of_one_that_was_not(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "slow" not in request.config.option.markexpr:
        pytest.skip("a quarter of an hour; pytest -m slow runs it")
    whole = make_place(tmp_path / "whole")
    done = whole.run("run", "qaa")
    assert done.returncode == 0, done.stderr
    names, store = list(stages_of(load_language(whole.folder / "languages" / "qaa"))), Store(whole.artifacts)
    seconds = {name: artifact.manifest.seconds for name in names if (artifact := store.current("qaa", name))}
    wanted, chance, killed = state_of(whole, names), random.Random(SEED), Counter[tuple[str, str]]()
    for number in range(2 * KILLS // EACH):
        place = restarted(whole, tmp_path / f"killed{number}")
        for kill in plan_kills(chance, seconds, EACH, RELEASE):
            pending = [name for name in names if Store(place.artifacts).current("qaa", name) is None]
            if kill.stage not in pending:  # it was over when it was killed before
                later = [name for name in pending if names.index(name) > names.index(kill.stage)]
                if not later:
                    continue
                kill = replace(kill, stage=later[0])
            killed[kill.stage, kill.victim] += run_and_kill(place, kill)
        done = place.run("run", "qaa")
        assert done.returncode == 0, done.stderr
        found = state_of(place, names)
        assert {path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path)} == set()
        assert not list(place.artifacts.rglob("*.part"))
        if sum(killed.values()) >= KILLS:
            break
    print(sum(killed.values()), "kills in", number + 1, "projects:", dict(killed))  # noqa: T201
    assert sum(killed.values()) >= KILLS and any(stage == RELEASE for stage, _ in killed), killed
