"""An installed package, without a checkout: a project is made, a language added, checked, planned and shown."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from pipelines import ui
from tests.project import CHECKOUT

PATIENCE = 240.0
DEFINITIONS = """
from pipelines.definitions import defs
import pipelines
assert "site-packages" in pipelines.__file__, pipelines.__file__
print(sorted({key.path[0] for key in defs.resolve_asset_graph().get_all_asset_keys()}))
"""
BUILT_FROM = ("vernacular", "assets", "pipelines", "languages/_template", "languages/defaults.yaml",
              "languages/language.schema.json", "languages/behaviour.schema.json", "dagster.yaml", "workspace.yaml",
              "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin/ of an environment with the wheel, which sees the other packages of this one and no checkout."""
    folder = tmp_path_factory.mktemp("installed")
    for name in BUILT_FROM:
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(CHECKOUT / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(folder / "source")], folder)
    shutil.rmtree(folder / "source")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], folder)
    packages = next((folder / "venv").glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    wheel, = folder.glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel)], folder)
    return python.parent


def run(command: list[str], folder: Path) -> str:
    result = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE,
                            check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def environment() -> dict[str, str]:
    dropped = ("VERNACULAR", "DAGSTER", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


@pytest.mark.slow
def test_the_first_steps_from_a_wheel(binaries: Path, tmp_path: Path) -> None:
    command = str(binaries / "vernacular")
    nowhere = subprocess.run([command, "new", "bem"], cwd=tmp_path, env=environment(), capture_output=True, text=True,
                             check=False)
    assert nowhere.returncode == 2 and "vernacular init" in nowhere.stderr
    run([command, "init", "mine"], tmp_path)
    project = tmp_path / "mine"
    run([command, "new", "bem"], project)
    below = project / "languages" / "bem" / "inbox"
    run([command, "check", "bem"], below)
    assert "corpus/documents" in run([command, "plan", "bem"], below)
    assert "bem" in run([str(binaries / "python"), "-c", DEFINITIONS], project)
    assert not (binaries.parent / "languages").exists()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(
            [command, "ui", "--port", str(port)], cwd=below, env=environment(), stdout=log, stderr=log) as process:
        try:
            end = time.monotonic() + PATIENCE
            while f"http://127.0.0.1:{port}" not in (output := (tmp_path / "log").read_text()):
                assert process.poll() is None and time.monotonic() < end, output
                time.sleep(0.2)
            children = psutil.Process(process.pid).children(recursive=True)
            again = subprocess.run([command, "ui", "--port", str(port)], cwd=project, env=environment(),
                                   capture_output=True, text=True, check=False)
            assert again.returncode == 2 and "already" in again.stderr
            run([command, "reload", "--port", str(port)], project)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
                child.kill()
            process.kill()
    assert len(children) >= 4 and not any(map(ui._alive, children))
    with suppress(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2)
        raise AssertionError("the UI still answers")
    assert (project / "history").is_dir()
