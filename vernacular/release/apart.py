"""Asking a script of Python in a process of its own, which has no network and no card. Loads nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vernacular.core.errors import Problem


def ask_apart(script: str, flags: Sequence[str], request: Any, seconds: float,
              failed: Callable[[str], Problem]) -> Any:
    """Run ``script`` with a file for ``request`` and one for its answers, both JSON; return the answers.

    Args:
        script: a file of Python.
        flags: of the interpreter.
        request: what JSON can hold.
        seconds: it may take.
        failed: makes the problem from the last line that it wrote.

    Raises:
        Problem: the process failed.
    """
    with tempfile.TemporaryDirectory() as place:
        asked, answers = Path(place) / "request.json", Path(place) / "answers.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, *flags, script, str(asked), str(answers)], capture_output=True, text=True,
            check=False, timeout=seconds, cwd=place, env={
                **os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"})
        if ended.returncode:
            raise failed((ended.stderr.strip().splitlines() or ["no message"])[-1])
        return json.loads(answers.read_text(encoding="utf-8"))
