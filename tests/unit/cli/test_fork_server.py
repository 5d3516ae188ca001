"""Commands in processes forked from one that has loaded torch: what they say, how they end, what is left over."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from vernacular.cli import fork_server
from vernacular.cli.fork_server import run_command
from vernacular.pipeline.parent_process import can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="stages are not forked where there is a card")


def servers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "multiprocessing.forkserver" in " ".join(child.cmdline())]


def kill_server() -> None:
    while not servers():
        time.sleep(0.01)
    server, = servers()
    server.kill()
    while server.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)


def test_each_command_has_its_environment_its_streams_and_its_end(
        tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_server, "_PRELOADED", "vernacular.cli.main")  # tests of whole runs load the rest
    (tmp_path / "qab").mkdir()
    (tmp_path / "qab" / "language.yaml").write_text("nmae: Broken\n", encoding="utf-8")
    env = {"VERNACULAR_LANGUAGES": str(tmp_path), "VERNACULAR_ROOT": str(tmp_path)}
    killer = threading.Thread(target=kill_server)
    killer.start()
    assert run_command(["check", "qab"], env) == -signal.SIGKILL  # as where memory ran out
    killer.join()
    assert run_command(["check", "qab"], env) == 2
    assert "nmae" in capfd.readouterr().err
    assert run_command(["--help"], env) == 0
    output = capfd.readouterr()
    assert "doctor" in output.out and not output.err
    server, = servers()
    assert server.children() == []
