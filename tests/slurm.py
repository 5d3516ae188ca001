"""A Slurm cluster of this one machine for tests: its own controller, node, keys and ports in a temporary folder."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "scancel", "sinfo")
WITHOUT = "needs root, and Slurm (Debian: apt-get install munge slurmctld slurmd slurm-client)"
SECONDS = 60
CONF = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/node.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def installed() -> bool:
    """Whether a cluster can be started here; its node has to be root to start jobs as the one who asks."""
    return os.geteuid() == 0 and all(shutil.which(program, path=path()) for program in PROGRAMS)


def path() -> str:
    """Where the programs are looked for: daemons are in folders that an ordinary PATH may lack."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"


@contextmanager
def slurm() -> Iterator[dict[str, str]]:
    """The environment in which a new cluster is found."""
    home = Path(tempfile.mkdtemp(prefix="slurm-"))
    home.chmod(0o755)  # munged wants its socket where everybody may look
    environment = {**os.environ, "SLURM_CONF": str(home / "slurm.conf"), "PATH": path()}
    for folder in ("state", "spool"):
        (home / folder).mkdir()
    (home / "munge.key").write_bytes(secrets.token_bytes(128))
    (home / "munge.key").chmod(0o400)
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], other.getsockname()[1]
    (home / "slurm.conf").write_text(CONF.format(
        host=socket.gethostname().split(".")[0], folder=home, controller=ports[0], node=ports[1],
        cores=os.cpu_count()), encoding="utf-8")
    munge = ["munged", "--foreground", "--force", f"--key-file={home}/munge.key", f"--socket={home}/munge.socket",
             f"--pid-file={home}/munge.pid", f"--log-file={home}/munge.log", f"--seed-file={home}/munge.seed"]
    with ExitStack() as cleanup, (home / "log").open("ab") as log:
        cleanup.callback(shutil.rmtree, home, ignore_errors=True)
        for command in (munge, ["slurmctld", "-D"], ["slurmd", "-D"]):
            daemon = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            cleanup.callback(_end, daemon)
            if command is munge:
                _wait(lambda: (home / "munge.socket").exists(), home)
        _wait(lambda: "idle" in subprocess.run(["sinfo", "-h", "-o", "%t"], env=environment, capture_output=True,
                                               text=True, check=False).stdout, home)
        yield environment


def _wait(what: object, home: Path) -> None:
    assert callable(what)
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end, (home / "log").read_text(encoding="utf-8")[-3000:]
        time.sleep(0.2)


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
