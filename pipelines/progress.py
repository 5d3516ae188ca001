"""Progress of a run: a bar with the time left on a terminal, occasional lines elsewhere."""

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

SPARSE_SECONDS = 12.0  # between lines of one stage without a terminal
_PER_SECOND = 4.0


class RunDisplay:
    """Tracks the progress of a run and shows notices; subclasses show more.

    Stages run one after another; lines may come from another thread.
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
        """Record that ``stage`` is running or checking for work."""
        with self._lock:
            self._stage, self._since = stage, self._clock()
            self._show_begin(stage)

    def say(self, stage: str, text: str) -> None:
        """Show a line of ``stage``, unless it has ended."""
        with self._lock:
            if stage == self._stage:
                self._show_line(stage, printable(text))

    def end(self, stage: str, seconds: float | None) -> None:
        """Record that ``stage`` took ``seconds``; None if it was reused."""
        with self._lock:
            self._stage = None
            self._done.add(stage)
            if seconds is None:
                self._reused.append(stage)
            self._left.ended(stage, seconds)
            self._show_end(stage, seconds)

    def time_left(self) -> str:
        """Return ``about 6 min left``; empty if unknown or finished."""
        with self._lock:
            seconds = self._left.seconds(self._stage, self._clock() - self._since if self._stage else 0.0)
        return f"{about(seconds)} left" if seconds else ""

    def notice(self, text: str) -> None:
        """Show a line about the whole run."""
        say(f"{self.code}: {text}")

    def __enter__(self) -> RunDisplay:
        """Start the display."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the display."""
        with self._lock:
            self._show_last()

    # Subclasses show something at these events; this class shows nothing.
    def _show_begin(self, stage: str) -> None: ...

    def _show_line(self, stage: str, text: str) -> None: ...

    def _show_end(self, stage: str, seconds: float | None) -> None: ...

    def _show_last(self) -> None: ...


class SparseLines(RunDisplay):
    """Lines at the start and end of each stage, and occasionally in between."""

    def __init__(self, code: str, stages: Sequence[str], left: TimeLeft, write: Callable[[str], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(code, stages, left, clock)
        self._write = write
        self._last_line_at = 0.0
        self._unsaid: list[str] = []

    def notice(self, text: str) -> None:
        """Write it."""
        with self._lock:
            self._write(f"{self.code}: {printable(text)}")

    def _show_begin(self, stage: str) -> None:
        self._last_line_at = self._since

    def _show_line(self, stage: str, text: str) -> None:
        now = self._clock()
        if text == STARTED:
            self._say_reused()
            self._write(f"{self.code} {stage}: started, {len(self._done) + 1} of {self.total}"
                        + (f", {left}" if (left := self.time_left()) else ""))
            self._last_line_at = now
        elif now - self._last_line_at >= SPARSE_SECONDS and not text.startswith(DONE):
            self._write(f"{self.code} {stage}: {text}")
            self._last_line_at = now

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
                        f"({', '.join(names)}); no input has changed")
            self._unsaid = []


class LiveBar(RunDisplay):
    """A bar that counts stages, with the time left, above the last line of the active stage."""

    def __init__(self, code: str, stages: Sequence[str], left: TimeLeft, console: Console,
                 clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(code, stages, left, clock)
        self._console = console
        self._line = Text("  starts", no_wrap=True, overflow="ellipsis")
        self._progress = _Bar(lambda: self._line, TextColumn("[bold]{task.description}"), BarColumn(30),
                              MofNCompleteColumn(), TextColumn("stages"), TimeElapsedColumn(),
                              _TimeLeftColumn(self.time_left), console=console)
        self._task = self._progress.add_task(code, total=self.total)

    def notice(self, text: str) -> None:
        """Write it above the bar."""
        self._console.print(f"{self.code}: {printable(text)}", markup=False, highlight=False, soft_wrap=True)

    def _show_begin(self, stage: str) -> None:
        self._show_line(stage, "")

    def _show_line(self, stage: str, text: str) -> None:
        self._line = Text.assemble("  ", (stage, "cyan"), f"  {text}", no_wrap=True, overflow="ellipsis")

    def _show_end(self, stage: str, seconds: float | None) -> None:
        self._progress.update(self._task, completed=len(self._done))

    def __enter__(self) -> RunDisplay:
        """Draw the bar."""
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove it."""
        self._progress.stop()


class _Bar(Progress):
    """A progress bar above a line."""

    def __init__(self, line: Callable[[], Text], *columns: ProgressColumn, console: Console) -> None:
        self._line = line
        super().__init__(*columns, console=console, transient=True, refresh_per_second=_PER_SECOND,
                         redirect_stdout=False, redirect_stderr=False)

    def get_renderable(self) -> RenderableType:
        """Return the bar and the line."""
        return Group(super().get_renderable(), self._line())


class _TimeLeftColumn(ProgressColumn):
    """The estimate, updated on each redraw."""

    max_refresh = 1.0

    def __init__(self, left: Callable[[], str]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:
        """Return the text."""
        return Text(self._left(), style="progress.remaining")


def display_for(console: Console, code: str, stages: Sequence[str], left: TimeLeft) -> RunDisplay:
    """Return the bar on a terminal that can move its cursor, else lines."""
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveBar(code, stages, left, console)

    def write(line: str) -> None:
        with suppress(OSError):  # the reader of the output has closed it (`| head`); the run continues
            console.file.write(f"{line}\n")
            console.file.flush()

    return SparseLines(code, stages, left, write)
