"""What figures are: functions that yield rows, known by name; and where rows go."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

RESULTS = Path(__file__).parent / "results.jsonl"
DATA = Path(__file__).parents[1] / ".." / "shared" / "data"


class Skipped(Exception):
    """A figure cannot be measured here; says why."""


@dataclass(frozen=True)
class Row:
    """A measured number.

    Attributes:
        name: stable; names are a contract.
        value: the number.
        unit: of the value.
        reference: the peer's figure, measured in the same run, or None.
        ratio: of the value to the reference.
        seed: of everything random.
        details: what else is worth knowing.
    """

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    seed: int = 1
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A function that measures, with its name and what it measures."""

    name: str
    meaning: str
    measure: Callable[[], Iterator[Row]]


FIGURES: dict[str, Figure] = {}


def figure(measure: Callable[[], Iterator[Row]]) -> Callable[[], Iterator[Row]]:
    """Make ``measure`` known by its name; the first line of its docstring names what it measures."""
    meaning = (measure.__doc__ or "").strip().split("\n")[0]
    FIGURES[measure.__name__] = Figure(measure.__name__, meaning, measure)
    return measure


def need(path: Path) -> Path:
    """``path``, which a figure reads.

    Raises:
        Skipped: it is not there.
    """
    if not path.exists():
        raise Skipped(f"{os.path.normpath(path)} is not there")
    return path


def write(row: Row, path: Path = RESULTS) -> dict[str, Any]:
    """Append ``row`` to ``path`` as a line of JSON with machine, date and commit; return what was written."""
    found = {**asdict(row), "machine": machine(), "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
             "commit": commit()}
    with path.open("ab") as stream:
        stream.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
    return found


def machine() -> str:
    """The processor, how many cores may be used, and the memory."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{name}, {cores} cores, {memory:.0f} GB"


def commit() -> str:
    """The commit that is checked out, with + if files were changed; empty where there is no git."""
    def ask(*words: str) -> str:
        try:
            return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True,
                                  check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return ""

    return ask("rev-parse", "--short", "HEAD") + ("+" if ask("status", "--porcelain", "--untracked-files=no") else "")
