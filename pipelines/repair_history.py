"""``python -m pipelines.repair_history [COMMAND ...]``: repair Dagster's history after kills and wrong clocks.

Runs without a process are marked as failed, and sensors that ticked in the future tick again.
``make ui`` runs it first, and so does the daemon of ``deploy/compose.yaml``, which is the COMMAND
that this process then executes. Uses the instance in ``DAGSTER_HOME`` (default: the project's
folder).
"""

from __future__ import annotations

import os
import sys

from dagster import DagsterInstance

from assets.dagster_internals import InstigatorType, SensorInstigatorData
from pipelines.dagster_home import use_home
from pipelines.run_locks import end_dead_runs
from vernacular.core import clock
from vernacular.core.errors import as_problem
from vernacular.core.project import find_project
from vernacular.core.terminal import guard_streams, say


def repair(instance: DagsterInstance) -> tuple[int, int]:
    """Repair the history; return the numbers of ended runs and restarted sensors."""
    return end_dead_runs(instance), wake_sensors(instance)


def wake_sensors(instance: DagsterInstance) -> int:
    """Restart sensors whose last tick is in the future, which Dagster would wait for; return their number."""
    woken = 0
    for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
        data = state.instigator_data
        if not isinstance(data, SensorInstigatorData):
            continue
        last = max(data.last_tick_timestamp or 0.0, data.last_tick_start_timestamp or 0.0)
        if clock.ahead(last, clock.now()):
            instance.update_instigator_state(state.with_data(
                data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None)))
            woken += 1
    return woken


def main(command: list[str]) -> int:
    """Repair the instance, then execute ``command``; return the exit code if there is none."""
    try:
        use_home(find_project())
        with DagsterInstance.get() as instance:
            ended, woken = repair(instance)
    except Exception as error:
        say(f"error: {as_problem(error, 'history')}", err=True)
        return 2
    if ended or woken:
        say(f"{ended} killed runs were marked as failed, {woken} sensors tick again")
    if command:
        sys.stdout.flush()
        os.execvp(command[0], command)
    return 0


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
