"""A Postgres server of its own for tests: a fresh cluster in a temporary folder, on loopback, gone afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WITHOUT = "no Postgres server is installed (Debian: apt-get install postgresql)"
USER = "vernacular"
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=16MB"  # nothing is kept


def find() -> Path | None:
    """The folder of the server's programs, the newest if there are several; None where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


def owner() -> str | None:
    """Whom the server is to run as: it refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@dataclass(frozen=True)
class Postgres:
    """A server and the way in.

    Attributes:
        folder: of its data; also that of its socket.
        port: on 127.0.0.1.
        password: of ``USER``, who owns the database of that name.
    """

    folder: Path
    port: int
    password: str

    @property
    def environment(self) -> dict[str, str]:
        """What ``deploy/dagster.yaml`` reads."""
        return {"VERNACULAR_POSTGRES_HOST": "127.0.0.1", "VERNACULAR_POSTGRES_PORT": str(self.port),
                "VERNACULAR_POSTGRES_USER": USER, "VERNACULAR_POSTGRES_PASSWORD": self.password,
                "VERNACULAR_POSTGRES_DB": USER}

    def tell(self, program: str, *words: str) -> str:
        """Run one of Postgres' programs as the owner of the server, its password at hand; what it says."""
        folder = find()
        assert folder is not None
        done = subprocess.run([folder / program, *words], cwd=self.folder.parent, user=owner(),
                              env={"PGPASSWORD": self.password, "LC_ALL": "C", "PATH": os.defpath},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{program}: {done.stdout}"
        return done.stdout

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.tell("pg_ctl", "start", "-w", "-s", "-D", str(self.folder), "-l", f"{self.folder}.log", "-o",
                  f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} {QUICK}")

    def stop(self) -> None:
        """Stop it, also while clients are connected."""
        self.tell("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-D", str(self.folder))

    def ask(self, program: str, *words: str, database: str = USER) -> str:
        """A program that connects, such as ``psql``."""
        return self.tell(program, "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database, *words)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running server with one database."""
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Postgres(home / "data", port, secrets.token_hex(16))
    (home / "password").write_text(server.password + "\n", encoding="utf-8")
    if (user := owner()) is not None:
        for path in (home, home / "password"):
            shutil.chown(path, user)
    try:
        server.tell("initdb", "-D", str(server.folder), "-U", USER, "-A", "scram-sha-256", "--no-sync",
                    "--pwfile", str(home / "password"))
        server.start()
        try:
            server.tell("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, USER)
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
