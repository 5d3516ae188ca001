"""What is shown of a run while it runs, and in the end: times, lines, warnings, output of other processes."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.expected import FEWEST_SECONDS, TimeLeft, about, weight_of
from pipelines.messages import MOST_GROUPS, WIDTH, FailedCheck, Messages, warning_lines
from pipelines.progress import SPARSE_SECONDS, LiveBar, RunDisplay, SparseLines, display_for
from tests.terminal import in_a_terminal
from vernacular.pipeline.stage import STARTED

ROOT = Path(__file__).resolve().parents[3]
STAGES = ["corpus/documents", "tokenizer/tiny", "model/tiny", "task/names_tiny"]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_left_follows_from_an_earlier_run() -> None:
    left = TimeLeft(STAGES, {"corpus/documents": 1, "tokenizer/tiny": 10, "model/tiny": 60, "task/names_tiny": 20})
    assert left.seconds(None, 0) == 91
    left.ended("corpus/documents", 1.0)
    left.ended("tokenizer/tiny", None)
    assert left.seconds("model/tiny", 25) == 35 + 20
    assert left.seconds("model/tiny", 600) == 60 + 20, "what is overdue takes longer still"


def test_time_left_of_a_first_run_follows_from_weights_and_the_speed_so_far() -> None:
    left = TimeLeft(STAGES, {})
    assert left.seconds("corpus/documents", 0) is None
    left.ended("corpus/documents", FEWEST_SECONDS / 2)
    assert left.seconds(None, 0) is None, "too little was measured"
    left.ended("tokenizer/tiny", 2 * (weight_of("corpus/documents") + weight_of("tokenizer/tiny")) - FEWEST_SECONDS / 2)
    assert left.seconds(None, 0) == pytest.approx(2 * (weight_of("model/tiny") + weight_of("task/names_tiny")))


@pytest.mark.parametrize(("seconds", "message"), [(1, "about 10 s"), (43, "about 40 s"), (89, "about 90 s"),
                                               (95, "about 2 min"), (3599, "about 1 h 00 min"),
                                               (4800, "about 1 h 20 min")])
def test_times_claim_no_precision(seconds: float, message: str) -> None:
    assert about(seconds) == message


def follow(display: RunDisplay, clock: Clock) -> None:
    """A run in which the first two stages are reused, and the third takes a minute."""
    with display:
        for stage in STAGES[:2]:
            display.begin(stage)
            display.say(stage, "reused, no input has changed")
            display.end(stage, None)
        display.begin(STAGES[2])
        display.say(STAGES[2], STARTED)
        for step in range(60):
            clock.now += 1
            display.say(STAGES[2], f"step {step} \x1b[2J")
        clock.now += SPARSE_SECONDS
        display.say(STAGES[2], "done in 60.0 s")
        display.end(STAGES[2], 60.0)
        display.say(STAGES[2], "too late")


def test_lines_are_sparse_where_nobody_watches() -> None:
    clock, lines = Clock(), list[str]()
    follow(SparseLines("qaa", STAGES, TimeLeft(STAGES, {}), lines.append, clock), clock)
    assert lines[0].startswith("qaa: reused 2 stages (corpus/documents, tokenizer/tiny)")
    assert lines[1].startswith("qaa model/tiny: started, 3 of 4")
    assert lines[-1] == "qaa model/tiny: done in 60.0 s"
    assert len(lines) == 3 + 60 // SPARSE_SECONDS
    assert all(line.isprintable() for line in lines)


def test_a_bar_on_a_terminal_shows_stages_last_line_and_time_left() -> None:
    clock, out = Clock(), io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=45, color_system=None)
    display = LiveBar("qaa", STAGES, TimeLeft(STAGES, dict.fromkeys(STAGES, 200.0)), console, clock)
    with display:
        follow_inside(display, clock)
    text = out.getvalue()
    assert re.search(r"qaa ━+\S* +3/4 stages +0:00:\d\d +about 3 min left", text)
    assert "model/tiny  step 59 \\u001b[2J" in text
    assert "\x1b[2J" not in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is shown again"


def follow_inside(display: LiveBar, clock: Clock) -> None:
    for stage in STAGES[:3]:
        display.begin(stage)
        for step in range(60):
            display.say(stage, f"step {step} \x1b[2J")
        display._progress.refresh()
        display.end(stage, 1.0)
    display._progress.refresh()


@pytest.mark.parametrize(("terminal", "term", "kind"), [(True, "xterm", LiveBar), (True, "dumb", SparseLines),
                                                        (False, "xterm", SparseLines)])
def test_the_bar_needs_a_terminal(monkeypatch: pytest.MonkeyPatch, terminal: bool, term: str, kind: type) -> None:
    monkeypatch.setenv("TERM", term)
    console = Console(file=io.StringIO(), force_terminal=terminal)
    assert type(display_for(console, "qaa", STAGES, TimeLeft(STAGES, {}))) is kind


def checks(number: int, stage: str, blocking: bool = False) -> list[FailedCheck]:
    return [FailedCheck(stage, f"{stage[-3:]}_check_{place}", "because", blocking) for place in range(number)]


def test_warnings_are_counted_by_stage_and_shown_once() -> None:
    found = [*checks(30, "evaluation/tiny_behaviour"), *checks(1, "corpus/clean"), *checks(2, "corpus/splits", True)]
    lines = warning_lines(found, "look there")
    assert len(lines) == 3 and "31" in lines[0] and "look there" in lines[0]
    assert lines[1].startswith("  evaluation/tiny_behaviour: 30 (our_check_0, ")
    assert lines[2] == "  corpus/clean: 1 (ean_check_0)"
    assert all(len(line) <= WIDTH for line in lines)
    assert warning_lines(found[-2:], "look there") == []


def test_warnings_of_many_stages_are_counted_by_family() -> None:
    families = ("corpus", "tokenizer", "model", "task", "evaluation", "release")
    found = [check for family in families for place in range(3) for check in checks(2, f"{family}/{place}")]
    lines = warning_lines(found, "")
    assert len(lines) == 1 + MOST_GROUPS
    assert str(len(found)) in lines[0]
    counts = [int(number) for line in lines[1:] for number in re.findall(r": (\d+) \(|; (\d+) more", line)[0] if number]
    assert sum(counts) + int(re.findall(r"(\d+) more", lines[-1])[0]) == len(found)


def test_messages_of_libraries_are_counted_by_kind() -> None:
    messages = Messages()
    for line in ("/x/site-packages/sklearn/base.py:12: UserWarning: no names", "  warnings.warn(", "a log line",
                 "/x/site-packages/sklearn/base.py:14: UserWarning: no names", "  indented, of its own", "", "  more"):
        messages.add(line)
    assert messages.lines("LOG") == ["libraries wrote 2 UserWarning of sklearn, 2 other lines; complete output: LOG"]
    assert Messages().lines("LOG") == []


CAPTURE = """
import os, subprocess, sys
from pathlib import Path
from pipelines.output import Output
taken = []
output = Output(taken.append, Path(sys.argv[1]))
with output:
    print("from python")
    subprocess.run([sys.executable, "-c", "import sys; print('from a child'); sys.stderr.write('10%\\\\r90%\\\\n')"])
    os.write(2, b"no end of line")
output.terminal.write(f"terminal {output.terminal.isatty()}\\n")
output.close()
print(sorted(taken))
"""


def test_output_of_other_processes_is_taken_and_kept(tmp_path: Path) -> None:
    log = tmp_path / "qaa" / "log"
    done = subprocess.run([sys.executable, "-c", CAPTURE, str(log)], cwd=ROOT, capture_output=True, text=True,
                          check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stdout.splitlines() == ["terminal False", "['90%', 'from a child', 'from python', 'no end of line']"]
    assert done.stderr == ""
    assert sorted(line.split(" ", 1)[1] for line in log.read_bytes().decode("utf-8").split("\n") if line) == [
        "10%\r90%", "from a child", "from python", "no end of line"]


def test_the_terminal_is_what_standard_output_was(tmp_path: Path) -> None:
    code, output = in_a_terminal([sys.executable, "-c", CAPTURE, str(tmp_path / "log")], ROOT,
                               {**os.environ, "PYTHONPATH": str(ROOT)})
    assert code == 0
    assert output.startswith("terminal True")


def test_a_short_pretraining_leaves_the_tasks_as_long_as_they_are() -> None:
    left = TimeLeft(STAGES, {}, {"tiny": 8})
    left.ended("corpus/documents", None)
    left.ended("tokenizer/tiny", weight_of("tokenizer/tiny"))
    assert weight_of("model/tiny", {"tiny": 8}) < 0.3 * weight_of("model/tiny")
    assert left.seconds(None, 0) == pytest.approx(weight_of("model/tiny", {"tiny": 8}) + weight_of("task/names_tiny"))
