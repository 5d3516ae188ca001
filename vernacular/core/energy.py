"""Power draw of this machine during training: set by the user, or the rated power of processor and GPUs.

``VERNACULAR_WATTS`` is for users with a power meter and for virtual machines that hide their
processor's name. Otherwise the processor table of codecarbon is read (``pip install codecarbon``,
or the extra ``energy``). codecarbon itself is never imported, so nothing is sent anywhere.
"""

from __future__ import annotations

import csv
import importlib.metadata
import io
import math
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

_TABLE = "codecarbon/data/hardware/cpu_power.csv"  # columns: Name, TDP in watts
_NOISE = re.compile(r"\((?:r|tm)\)|@.*|\bcpu\b|(?<!\d)\d+-core|processor", re.IGNORECASE)


def watts() -> float | None:
    """Return the watts of processor and GPUs under load, or None if they are unknown.

    Table values are an upper bound: a virtual machine is counted as its whole host.

    Raises:
        Problem: ``VERNACULAR_WATTS`` is not a positive number.
    """
    if asked := os.environ.get("VERNACULAR_WATTS"):
        return _number(asked)
    table = _table()
    power = _processor_watts(processor(), table) if table else None
    cards = _card_watts()
    return None if power is None and cards is None else (power or 0.0) + (cards or 0.0)


def kilowatt_hours(minutes: float | None) -> float | None:
    """Return the energy of ``minutes`` of training here, or None if time or power is unknown."""
    power = watts()
    return None if power is None or minutes is None else power * minutes / 60_000


def _number(asked: str) -> float:
    try:
        found = float(asked)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise Problem(f"VERNACULAR_WATTS is {asked!r}, not a positive number", where="environment",
                      fix="Set it to the watts that this machine draws under load, such as 120", code=Code.ENVIRONMENT)
    return found


def _table() -> str | None:
    try:
        path = Path(str(importlib.metadata.distribution("codecarbon").locate_file(_TABLE)))
        return path.read_text(encoding="utf-8")
    except (importlib.metadata.PackageNotFoundError, OSError):
        return None


def processor() -> str:
    """Return the name of the processor, or an empty text."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def _processor_watts(name: str, table: str) -> float | None:
    """Return the watts of processor ``name``: the row that matches except for punctuation and "CPU"."""
    def plain(text: str) -> str:
        return " ".join(_NOISE.sub(" ", text).lower().split())

    wanted = plain(name)
    for row in csv.DictReader(io.StringIO(table)):
        if wanted and plain(row["Name"]) == wanted:
            return float(row["TDP"])
    return None


def _card_watts() -> float | None:
    """Return the sum of the GPUs' power limits as the driver reports them, or None without a GPU."""
    if shutil.which("nvidia-smi") is None:
        return None
    asked = subprocess.run(["nvidia-smi", "--query-gpu=power.limit", "--format=csv,noheader,nounits"],
                           capture_output=True, text=True, timeout=20, check=False)
    found = [float(line) for line in asked.stdout.split() if line.replace(".", "", 1).isdigit()]
    return sum(found) if found else None
