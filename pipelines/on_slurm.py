"""``python -m pipelines.on_slurm [OPTIONS OF SRUN] -- COMMAND``: run a command on a Slurm cluster.

A prefix for ``VERNACULAR_LAUNCH``. It waits for the end and passes on the command's output and exit
code. Unlike with plain ``srun``, an interrupt reaches the command, which then writes its
checkpoint; a queued job is canceled. The job ends when this process or its parent ends for any
reason.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import sys

from pipelines.process_control import end_as, end_with_the_parent, interrupt_when_unwanted
from vernacular.core.codes import Code
from vernacular.core.terminal import guard_streams, say

KILLED = 128  # srun's exit code for a signal is this plus the signal's number


def main(arguments: list[str]) -> int:
    """Run it; return the command's exit code, 2 without Slurm or command, 130 if interrupted."""
    if "--" not in arguments or arguments[-1] == "--":
        say("usage: python -m pipelines.on_slurm [OPTIONS OF SRUN] -- COMMAND", err=True)
        return 2
    if shutil.which("srun") is None:
        say(f"error: srun is not installed. Run this where jobs are submitted to Slurm [{Code.INSTALLATION}]", err=True)
        return 2
    place = arguments.index("--")
    name = f"vernacular-{secrets.token_hex(8)}"
    interrupt_when_unwanted()
    # A separate session: only this process passes on interrupts of the terminal.
    job = subprocess.Popen(["srun", "--ntasks=1", *arguments[:place], f"--job-name={name}", *arguments[place + 1:]],
                           start_new_session=True, preexec_fn=end_with_the_parent)
    try:
        code = job.wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for how in ("--state=PENDING", "--signal=INT"):
            subprocess.run(["scancel", how, f"--name={name}"], check=False)
        job.wait()  # the command ends as after a local interrupt
        return 130
    return end_as(KILLED - code if code > KILLED else code)


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
