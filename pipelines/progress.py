"""What a person sees while a run goes on: a bar with the time left on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipelines.expected import TimeLeft, about
from vernacular.core.terminal import printable, say
from vernacular.pipeline.stage import DONE, STARTED

SPARSE_SECONDS = 12.0  # between two lines of one stage where nobody watches a terminal
_PER_SECOND = 4.0


class RunDisplay:
    """Knows how far a run is, and shows nothing but notices; subclasses show more.

    Stages run one after another; lines may come from another thread.

    Args:
        code: of the language.
        stages: of the run, by name, in order.
        left: the estimate of the time left.
        clock: gives seconds.
    """

    def __init__(self, code: str, stages: Sequence[str], left: TimeLeft,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.code, self.total = code, len(stages)
        self._left, self._clock, self._lock = left, clock, threading.RLock()
        self._done: set[str] = set()
        self._reused: list[str] = []
        self._stage: str | None = None
        self._since = 0.0

    def begin(self, stage: str) -> None:
        """``stage`` is at work, or looks whether there is any."""
        with self._lock:
            self._stage, self._since = stage, self._clock()
            self._show_begin(stage)

    def say(self, stage: str, text: str) -> None:
        """A line of ``stage``; of one that has ended it is too late."""
        with self._lock:
            if stage == self._stage:
                self._show_line(stage, printable(text))

    def end(self, stage: str, seconds: float | None) -> None:
        """``stage`` took ``seconds``; None: it was reused."""
        with self._lock:
            self._stage = None
            self._done.add(stage)
            if seconds is None:
                self._reused.append(stage)
            self._left.ended(stage, seconds)
            self._show_end(stage, seconds)

    def time_left(self) -> str:
        """``about 6 min left``; empty while that is not known or nothing is left."""
        with self._lock:
            seconds = self._left.seconds(self._stage, self._clock() - self._since if self._stage else 0.0)
        return f"{about(seconds)} left" if seconds else ""

    def notice(self, text: str) -> None:
        """Show a line about the run as a whole."""
        say(f"{self.code}: {text}")

    def __enter__(self) -> RunDisplay:
        """Begin to show."""
        return self

    def __exit__(self, *error: object) -> None:
        """The run has ended."""
        with self._lock:
            self._show_last()

    def _show_begin(self, stage: str) -> None:
        """``stage`` begins."""

    def _show_last(self) -> None:
        """The run has ended."""

    def _show_line(self, stage: str, text: str) -> None:
        """``stage`` wrote a line."""

    def _show_end(self, stage: str, seconds: float | None) -> None:
        """``stage`` has ended."""


class SparseLines(RunDisplay):
    """A line when a stage starts and when it is done, and one every so often in between.

    Args:
        write: takes a line.
    """

    def __init__(self, code: str, stages: Sequence[str], left: TimeLeft, write: Callable[[str], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(code, stages, left, clock)
        self._write = write
        self._told = 0.0
        self._unsaid: list[str] = []

    def notice(self, text: str) -> None:
        """Write it."""
        with self._lock:
            self._write(f"{self.code}: {printable(text)}")

    def _show_begin(self, stage: str) -> None:
        self._told = self._since

    def _show_line(self, stage: str, text: str) -> None:
        now = self._clock()
        if text == STARTED:
            self._say_reused()
            self._write(f"{self.code} {stage}: started, {len(self._done) + 1} of {self.total}"
                        + (f", {left}" if (left := self.time_left()) else ""))
            self._told = now
        elif now - self._told >= SPARSE_SECONDS and not text.startswith(DONE):
            self._write(f"{self.code} {stage}: {text}")
            self._told = now

    def _show_end(self, stage: str, seconds: float | None) -> None:
        if seconds is None:
            self._unsaid.append(stage)
        else:
            self._say_reused()
            self._write(f"{self.code} {stage}: {DONE} {seconds:.1f} s")

    def _show_last(self) -> None:
        self._say_reused()

    def _say_reused(self) -> None:
        if self._unsaid:
            names = self._unsaid if len(self._unsaid) < 3 else [self._unsaid[0], "…", self._unsaid[-1]]
            self._write(f"{self.code}: reused {len(self._unsaid)} stage{'s' if len(self._unsaid) > 1 else ''} "
                        f"({', '.join(names)}); nothing that they depend on has changed")
            self._unsaid = []


class LiveBar(RunDisplay):
    """A bar that counts stages, with the time left, above the last line of the stage at work.

    Args:
        console: the terminal.
    """

    def __init__(self, code: str, stages: Sequence[str], left: TimeLeft, console: Console,
                 clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(code, stages, left, clock)
        self._console = console
        self._line = Text("  starts", no_wrap=True, overflow="ellipsis")
        self._progress = _Bar(self._last_line, TextColumn("[bold]{task.description}"), BarColumn(30),
                              MofNCompleteColumn(), TextColumn("stages"), TimeElapsedColumn(),
                              _TimeLeftColumn(self.time_left), console=console, transient=True,
                              refresh_per_second=_PER_SECOND, redirect_stdout=False, redirect_stderr=False)
        self._task = self._progress.add_task(code, total=self.total)

    def notice(self, text: str) -> None:
        """Write it above the bar."""
        self._console.print(f"{self.code}: {printable(text)}", markup=False, highlight=False, soft_wrap=True)

    def _last_line(self) -> Text:
        return self._line

    def _show_begin(self, stage: str) -> None:
        self._line = self._line_of(stage, "")

    def _show_line(self, stage: str, text: str) -> None:
        self._line = self._line_of(stage, text)

    def _show_end(self, stage: str, seconds: float | None) -> None:
        self._progress.update(self._task, completed=len(self._done))

    def _line_of(self, stage: str, text: str) -> Text:
        return Text.assemble("  ", (stage, "cyan"), f"  {text}", no_wrap=True, overflow="ellipsis")

    def __enter__(self) -> RunDisplay:
        """Draw the bar."""
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove it."""
        self._progress.stop()


class _Bar(Progress):
    """A progress bar above a line."""

    def __init__(self, line: Callable[[], Text], *columns: ProgressColumn, console: Console, transient: bool,
                 refresh_per_second: float, redirect_stdout: bool, redirect_stderr: bool) -> None:
        self._line = line
        super().__init__(*columns, console=console, transient=transient, refresh_per_second=refresh_per_second,
                         redirect_stdout=redirect_stdout, redirect_stderr=redirect_stderr)

    def get_renderable(self) -> RenderableType:
        """The bar and the line."""
        return Group(super().get_renderable(), self._line())


class _TimeLeftColumn(ProgressColumn):
    """The estimate, made anew whenever the bar is drawn."""

    max_refresh = 1.0

    def __init__(self, left: Callable[[], str]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:
        """The words."""
        return Text(self._left(), style="progress.remaining")


def display_for(console: Console, code: str, stages: Sequence[str], left: TimeLeft) -> RunDisplay:
    """The bar on a terminal that can move its cursor, else lines."""
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveBar(code, stages, left, console)

    def write(line: str) -> None:
        with suppress(OSError):  # whoever read the lines (`| head`) has seen enough; the run goes on
            console.file.write(f"{line}\n")
            console.file.flush()

    return SparseLines(code, stages, left, write)
