"""``python -m pipelines.repair_history COMMAND``, as compose.yaml starts the daemon: the history is repaired before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from pipelines.run_locks import lock_of

CHECKOUT = Path(__file__).resolve().parents[3]


def test_killed_runs_are_ended_before_the_command_starts(tmp_path: Path) -> None:
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        run = instance.run_storage.add_run(DagsterRun("killed", status=DagsterRunStatus.STARTED))
        Path(lock_of(instance, run.run_id).lock_file).touch()  # its process has let go of it
    look = ("import os; from dagster import DagsterInstance\n"
            "with DagsterInstance.get() as i: print(os.getpid(), i.get_runs()[0].status.value)")
    environment = os.environ | {"DAGSTER_HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen([sys.executable, "-m", "pipelines.repair_history", sys.executable, "-c", look],
                          env=environment,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read().splitlines()
    assert output == ["1 killed runs were marked as failed, 0 sensors tick again", f"{process.pid} FAILURE"]
    assert process.returncode == 0
