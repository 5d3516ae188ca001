"""Commands in processes forked from one that has loaded torch: what they say, how they end, what is left over."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from vernacular.cli.fork_server import Warm
from vernacular.pipeline.parent_process import can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="stages are not forked where there is a card")


@pytest.fixture
def warm() -> Iterator[Warm]:
    made = Warm()
    yield made
    made.close()


def test_each_command_has_its_environment_its_streams_and_its_end(
        warm: Warm, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "qab").mkdir()
    (tmp_path / "qab" / "language.yaml").write_text("nmae: Broken\n", encoding="utf-8")
    env = {"VERNACULAR_LANGUAGES": str(tmp_path), "VERNACULAR_ROOT": str(tmp_path)}
    warm.start()[0].kill()
    assert warm.run(["check", "qab"], env) == -signal.SIGKILL  # as where memory ran out
    assert warm.run(["check", "qab"], env) == 2
    assert "nmae" in capfd.readouterr().err
    assert warm.run(["--help"], env) == 0
    said = capfd.readouterr()
    assert "doctor" in said.out and not said.err
    server = psutil.Process(warm.start()[0].pid)
    assert server.children() == []
    warm.close()
    assert not server.is_running()
