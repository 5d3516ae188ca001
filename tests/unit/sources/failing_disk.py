"""A file that opens and fails when it is read."""

from __future__ import annotations

from pathlib import Path

FAILS = Path("/proc/self/mem")  # may be opened, and says "input/output error" when it is read
