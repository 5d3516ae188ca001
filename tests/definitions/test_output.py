"""Only ``vernacular.core.terminal`` and ``vernacular.core.console`` write to a terminal: they escape."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What ends in ``cli.main``; is captured, and may not import the library; is torch's; writes to nowhere.
GUARDED_OTHERWISE = {"vernacular/release/ecosystem.py", "pipelines/on_torchrun.py",
                     "vernacular/sandbox/worker.py", "vernacular/conversion/worker.py",
                     "vernacular/conversion/standalone/serve.py"}
# The last is a program for an exported folder, where the library is not.
DOORS = {"vernacular/core/terminal.py", "vernacular/core/console.py", "vernacular/conversion/standalone/serve.py"}
WRITES = {"print", "typer.echo", "click.echo", "typer.secho", "click.secho", "Console", "rich.print",
          *(f"sys.{stream}.{call}" for stream in ("stdout", "stderr", "__stdout__", "__stderr__", "stdout.buffer")
            for call in ("write", "writelines"))}


@pytest.mark.parametrize("package", ["vernacular", "assets", "pipelines"])
def test_no_other_module_writes(package: str) -> None:
    wrong = [f"{path.relative_to(ROOT)}:{node.lineno}" for path in sorted((ROOT / package).rglob("*.py"))
             if path.relative_to(ROOT).as_posix() not in DOORS
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITES]
    assert not wrong, "use vernacular.core.terminal.say, or vernacular.core.console.SafeConsole for tables"


def test_programs_guard_their_streams() -> None:
    programs = [path for package in ("vernacular", "assets", "pipelines") for path in (ROOT / package).rglob("*.py")
                if '__name__ == "__main__"' in path.read_text(encoding="utf-8") or path.name == "cli/main.py"]
    assert len(programs) > 5
    open_ones = {path.relative_to(ROOT).as_posix() for path in programs
                 if "guard_streams()" not in path.read_text(encoding="utf-8")}
    assert open_ones == GUARDED_OTHERWISE
