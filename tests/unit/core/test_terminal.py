"""Text from anywhere on a terminal: no control character reaches it as such."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from tests.terminal import in_a_terminal
from vernacular.core.console import SafeConsole
from vernacular.core.errors import Problem
from vernacular.core.terminal import escaped, printable, printable_data

BAD = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202e\u2066\u2028\x00\x7f"


@pytest.mark.parametrize("bad", ["\x1b[2J", "\x9b31m", "a\rb", "\x07", "\u202eabc", "\u2028", "\ud800"])
def test_control_characters_are_escaped(bad: str) -> None:
    shown = printable(bad)
    assert "\\" in shown
    assert shown.isprintable() and shown.encode("utf-8")


@pytest.mark.parametrize("good", ["Chicheŵa", "mbandi 3 %", "می\u200cخواهم", "क्‍ष", "नमस्ते"])
def test_text_of_any_script_stays(good: str) -> None:
    assert printable(good) == good


def test_nested_data_is_escaped_whole() -> None:
    data = {"a\x1b": [{"b": "c\x1b", "n": 3}, None, ("\x07",)]}
    assert printable_data(data) == {"a\\u001b": [{"b": "c\\u001b", "n": 3}, None, ["\\u0007"]]}


def test_an_escape_in_json_means_the_character() -> None:
    data = {"a\x1b\u202e": "b\x9b\u2028\n\t\ud800"}
    shown = escaped(json.dumps(data, ensure_ascii=False))
    assert shown.isprintable() and json.loads(shown) == data


def test_a_problem_is_one_line_without_control_characters() -> None:
    text = str(Problem(f"a{BAD}b", where="a\nerror: forged", fix=f"{BAD}\n"))
    assert text.isprintable()


def test_tables_have_styles_and_no_control_character_of_others() -> None:
    out = io.StringIO()
    table = Table(BAD)
    table.add_row(f"[bold]{BAD}[/]")
    SafeConsole(file=out, force_terminal=True, color_system="standard", width=200).print(table, f"[red]{BAD}[/]")
    assert "\x1b[31m" in out.getvalue() and "\x1b[1m" in out.getvalue()
    assert not any(bad in out.getvalue() for bad in ("\x1b]", "\x07", "\x1b[2J", "\x9b", "\r", "\u202e", "\u2028"))


_PROGRAM = f"""
import logging, sys, warnings
from vernacular.core.console import SafeConsole
from vernacular.core.terminal import guard_streams, say, say_data
guard_streams()
bad = {BAD!r}
say(bad + "\\nerror: forged")
print(bad)
sys.__stderr__.write(bad)
warnings.warn(bad)
logging.getLogger().error(bad)
SafeConsole().print("[bold]styled[/]", bad)
say_data("kept\\u200f")
raise ValueError(bad)
"""


def test_whatever_a_process_writes_is_escaped(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=False)
    for written in (done.stdout, done.stderr):
        text = written.decode("utf-8").replace("kept\u200f", "")
        assert "owned" in text and text.replace("\n", "").isprintable()
        assert not any(line.startswith("error: forged") for line in text.split("\n"))
    assert "kept\u200f\n" in done.stdout.decode("utf-8")  # into a pipe, for a program
    _, shown = in_a_terminal([sys.executable, "-c", _PROGRAM], tmp_path, {"PATH": "", "PYTHONPATH": ":".join(sys.path)})
    assert "\x1b[1mstyled" in shown and "kept\\u200f" in shown
    assert not any(bad in shown for bad in ("\x1b]", "\x07", "\x1b[2J", "\x9b", "\u202e", "\u2028", "\0"))
