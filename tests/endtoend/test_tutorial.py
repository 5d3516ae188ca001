"""The tutorial, word for word: each of its blocks is run or written as a reader would do it, on generated files."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml

from tests.project import CHECKOUT, surroundings
from tests.tutorial_files import write_home

TUTORIAL = CHECKOUT / "docs" / "tutorials" / "your-language.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVER = "vernacular ui"  # does not end by itself
ADDRESS = "http://127.0.0.1:3000/server_info"
REFUSED = "vernacular publish"  # the reader has not filled in the data statement
KEPT = 0.95  # of the words of clean text, at least


@dataclass
class Reader:
    """Somebody who follows the tutorial.

    Attributes:
        folder: where they are.
        environment: of their shell.
        written: what the last block printed.
    """

    folder: Path
    environment: dict[str, str]
    written: str = ""

    def run(self, script: str, code: int = 0) -> None:
        """Run a block in the folder; go where it ends."""
        shell = subprocess.run(["bash", "-euo", "pipefail", "-c", f"trap 'pwd > \"$HOME/where\"' EXIT\n{script}"],
                               cwd=self.folder, env=self.environment, check=False, text=True, capture_output=True,
                               timeout=1500)
        self.written = shell.stdout
        assert shell.returncode == code, f"{script}{shell.stdout}{shell.stderr}"
        self.folder = Path((Path(self.environment["HOME"]) / "where").read_text(encoding="utf-8").strip())

    def json(self, command: str) -> dict[str, object]:
        """What a command prints as JSON."""
        self.run(command)
        found: dict[str, object] = json.loads(self.written)
        return found


def blocks() -> Iterator[tuple[str, str]]:
    """The language and the text of each fenced block of the tutorial."""
    for found in FENCE.finditer(TUTORIAL.read_text(encoding="utf-8")):
        yield found[1], found[2]


@contextmanager
def served(reader: Reader, command: str) -> Iterator[None]:
    """Within the block, ``command`` runs; afterwards it is interrupted, as by Ctrl-C, and ends."""
    process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=reader.folder, env=reader.environment,
                               start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def answers(address: str, seconds: float) -> bool:
    """Whether a server answers within ``seconds``."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            with urlopen(address, timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    return False


@pytest.mark.slow
def test_the_tutorial_word_for_word(tmp_path: Path) -> None:
    write_home(tmp_path)
    environment = surroundings(tmp_path) | {"HOME": str(tmp_path)}
    del environment["DAGSTER_HOME"]
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    reader = Reader(tmp_path, environment)
    for kind, text in blocks():
        if kind == "yaml" and text.startswith("# languages/"):
            (reader.folder / text.partition("\n")[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        elif kind == "yaml":  # a change of one setting
            file = reader.folder / "languages/bem/language.yaml"
            settings = yaml.safe_load(file.read_text(encoding="utf-8"))
            settings["models"]["minilm"] |= yaml.safe_load(text)
            file.write_text(yaml.safe_dump(settings), encoding="utf-8")
            reader.run("vernacular plan bem --quick")
        elif kind == "python":
            path = reader.folder / "artifacts/bem/release/minilm"
            key = (path / "current").read_text(encoding="utf-8").strip()
            subprocess.run([sys.executable, "-c", f"path = {str(path / key)!r}\n{text}"], env=environment, check=True)
        elif text.strip() == SERVER:
            with served(reader, SERVER):
                assert answers(ADDRESS, 600)
        else:
            reader.run(text, 2 if text.startswith(REFUSED) else 0)
    assert len(list((reader.folder / "artifacts/bem/release/minilm").glob("*/README.md"))) == 1
