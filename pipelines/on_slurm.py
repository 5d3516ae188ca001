"""``python -m pipelines.on_slurm [OPTIONS OF SRUN] -- COMMAND``: a command on a Slurm cluster.

A prefix for ``VERNACULAR_LAUNCH``. It waits for the end, hands on what the command writes, and its exit code. Where
``srun`` alone kills the command when it is interrupted, an interrupt here reaches the command, which then writes its
checkpoint; a job that still waits in the queue is taken out of it. When this process goes away, however it does, or the
one that started it, the job ends.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import sys

from pipelines.process_control import end_as, end_with_the_parent, interrupt_when_unwanted
from vernacular.core.terminal import guard_streams, say

KILLED = 128  # srun's exit code for a task that a signal ended is this and the signal's number


def main(arguments: list[str]) -> int:
    """Run it; the code is the command's, 2 if there is no Slurm here or no command, 130 if interrupted."""
    if "--" not in arguments or arguments[-1] == "--":
        say("usage: python -m pipelines.on_slurm [OPTIONS OF SRUN] -- COMMAND", err=True)
        return 2
    if shutil.which("srun") is None:
        say("error: srun is not installed. Run this where jobs are submitted to Slurm", err=True)
        return 2
    place = arguments.index("--")
    name = f"vernacular-{secrets.token_hex(8)}"
    interrupt_when_unwanted()
    # A session of its own: an interrupt from the terminal is to come from here alone.
    job = subprocess.Popen(["srun", "--ntasks=1", *arguments[:place], f"--job-name={name}", *arguments[place + 1:]],
                           start_new_session=True, preexec_fn=end_with_the_parent)
    try:
        code = job.wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for how in ("--state=PENDING", "--signal=INT"):
            subprocess.run(["scancel", how, f"--name={name}"], check=False)
        job.wait()  # the command ends as it does when interrupted here
        return 130
    return end_as(KILLED - code if code > KILLED else code)


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
