"""A week of refreshes, simulated: new text and faults come at random; each document reaches the splits exactly once.

The full week, twenty languages with five sources each and a feed besides, is marked ``slow`` (``pytest -m
slow tests/endtoend/test_week.py``). Every run of the tests has three languages, with two arrivals in three days for
each, which takes less than a minute; sources, faults and assertions are the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from dagster import DagsterEventType, DagsterRunStatus

from assets.naming import PASSING
from pipelines.refresh_sensor import CAUSE
from pipelines.repair_history import repair
from tests.endtoend.week import DAY, HOUR, MONDAY, Later, Week, week
from tests.site import Answer
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.corpus.verify import rebuild
from vernacular.pipeline.stage import silent
from vernacular.provenance.corpus_tables import read_rows

PORTAL = Answer(b"<!DOCTYPE html><html><body>Please log in to this network.</body></html>")
AHEAD = 30 * DAY  # longer than the week and what follows it
CRASHES = ("TICK_CREATED", "TICK_HELD", "RUN_IDS_RESERVED", "RUN_CREATED", "RUN_LAUNCHED")
ENDS = {DagsterEventType.RUN_SUCCESS, DagsterEventType.RUN_FAILURE, DagsterEventType.RUN_CANCELED}


def live(world: Week, codes: list[str], days: int, step: float, arrivals: float) -> None:
    """Let ``days`` go by in steps of ``step`` seconds, with ``arrivals`` a day and language, and every fault."""
    steps = int(days * DAY / step)
    kills = ["run killed", *(f"daemon killed: {place}" for place in CRASHES), "fetch killed"]
    broken = {world.chance.randrange(steps // 2): "broken", world.chance.randrange(steps // 2, steps): "renamed"}
    ahead, away = world.chance.randrange(steps), {"500": world.chance.randrange(steps // 2 - int(DAY / step)),
                                                  "html": world.chance.randrange(steps // 2, steps - int(DAY / step))}
    repaired: dict[int, Iterator[None]] = {}
    for number in range(steps):
        for code in codes:
            if world.chance.random() < arrivals * step / DAY:
                world.arrive(code, world.chance.choice(world.sources[code]))
        if number == steps // 2:
            world.arrive(codes[0], "feed")
        if number in broken:
            hurt = world.hurt(world.chance.choice(codes), broken[number])
            next(hurt)
            repaired[number + int(DAY / 3 / step)] = hurt
        if number in repaired:
            next(repaired.pop(number), None)
        for name, answer in (("500", Answer(b"down", 500)), ("html", PORTAL)):
            if away[name] <= number < away[name] + DAY / step:
                world.site.fault, world.faults[f"server: {name}"] = answer, world.faults[f"server: {name}"] + 1
                break
        else:
            world.site.fault = None
        world.wrong = AHEAD if number == ahead else 0.0
        world.faults["clock ahead"] += number == ahead
        world.look(kills)
        if number == ahead:
            world.wrong = 0.0
            world.set_clock()
            assert repair(world.instance)[1] == 2  # the UI is started again: upkeep and overview
        world.now += step
    for hurt in repaired.values():
        next(hurt, None)
    for number in range(int(20 * DAY / step)):  # until every kill has found its moment and every source was due again
        if kills and not number % 2:
            world.arrive(codes[0], "inbox")
        world.look(kills)
        world.now += step
        if not kills and world.quiet() and number * step > 2 * DAY:
            break
    assert world.quiet() and not kills, (kills, world.busy())


def splits(world: Week, code: str) -> list[str]:
    """The lines of the three parts."""
    current = Store(world.project.artifacts).current(code, "corpus/splits")
    assert current is not None, code
    return [line for part in ("train", "dev", "test") for row in read_rows(current.folder / f"{part}.parquet")
            for line in row["text"].split("\n")]


def each_document_is_there_once(world: Week, codes: list[str]) -> None:
    for code in codes:
        current = Store(world.project.artifacts).current(code, "corpus/documents")
        assert current is not None
        ledger = Counter(line for row in read_rows(current.folder / "documents.parquet")
                         for line in row["text"].split("\n"))
        found, wanted = Counter(splits(world, code)), Counter(
            line for arrival in world.arrived if arrival.code == code for line in arrival.lines)
        assert ledger == wanted, (ledger - wanted, wanted - ledger)
        assert found == wanted, (found - wanted, wanted - found)


def truly(moment: float) -> float:
    """When it was, of what was noted by a clock that may have been ahead."""
    return moment - AHEAD if moment >= MONDAY + AHEAD else moment


def one_run_a_language_at_a_time_and_none_without_a_cause(world: Week) -> None:
    spans, made = defaultdict(list), Counter[str]()
    for record in world.instance.get_run_records():
        run = record.dagster_run
        code, cause = run.tags["language"], run.tags[CAUSE]
        assert cause, run.run_id
        events = [(truly(entry.timestamp), entry.dagster_event) for entry in world.instance.all_logs(run.run_id)
                  if entry.dagster_event]
        failed = run.status == DagsterRunStatus.FAILURE
        launched = [at for at, event in events if event.event_type == DagsterEventType.RUN_STARTING]
        if not launched:  # the daemon was killed between making it and putting it into the queue
            assert failed and not any(event.is_step_event for _, event in events), run.run_id
            continue
        spans[code].append((launched[0], max(at for at, event in events if event.event_type in ENDS), run.run_id))
        new = [event.materialization.asset_key for _, event in events if event.is_step_materialization
               and not event.materialization.metadata["reused"].value]
        assert failed or new, f"{run.run_id} made nothing: {cause}"
        reasons = [event.step_failure_data.user_failure_data.metadata for _, event in events if event.is_step_failure]
        errors = [event.step_failure_data.error_display_string for _, event in events if event.is_step_failure]
        assert run.is_finished and all(reason[PASSING].value for reason in reasons), errors  # killed, or hindered
        made[code] += not failed
    for code, times in spans.items():
        times.sort()
        assert all(end <= start for (_, end, _), (start, _, _) in pairwise(times)), (code, times)
        came = len({arrival.at for arrival in world.arrived if arrival.code == code})
        assert made[code] <= came, f"{code}: {made[code]} runs, and only {came} times something came"


@pytest.mark.parametrize(("languages", "arrivals"), [
    pytest.param(3, 0.6, id="short"), pytest.param(20, 2.0, id="full", marks=pytest.mark.slow)])
def test_a_week_of_refreshes(languages: int, arrivals: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                             request: pytest.FixtureRequest) -> None:
    if languages > 3 and "slow" not in request.config.option.markexpr:
        pytest.skip("a quarter of an hour; pytest -m slow runs it")
    codes = [f"q{first}{second}" for first in "ab" for second in "abcdefghij"][:languages]
    with week(tmp_path, codes, languages, monkeypatch) as world:
        live(world, codes, 7, 6 * HOUR, arrivals)
        assert any(arrival.source == "feed" and arrival.at > MONDAY for arrival in world.arrived)
        each_document_is_there_once(world, codes)
        one_run_a_language_at_a_time_and_none_without_a_cause(world)
        for code in codes:
            outcome = rebuild(load_language(world.folder(code)), Store(world.project.artifacts), silent)
            assert not outcome.differing, outcome.line()
        assert not Later.started and all(world.faults.values()), world.faults
