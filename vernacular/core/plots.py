"""The kinds of plots in reports, each a PNG below 100 kB.

Functions write to ``path``; ``title`` names what is shown; labels of axes include the unit.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOR = "#2a6f97"
_LONGEST = 34  # letters of a label
_ROW = 0.33  # inches of a bar
_WIDTH, _DPI = 7.0, 80  # inches, and pixels of an inch


def bars(path: Path, title: str, labels: Sequence[str], values: Sequence[float], unit: str) -> None:
    """Write a horizontal bar chart of ``values`` in ``unit``, the first of ``labels`` on top."""
    from matplotlib.patches import Rectangle

    shown = [label if len(label) <= _LONGEST else label[:_LONGEST - 1] + "…" for label in labels]
    numbers = [f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in values]
    height = 0.9 + _ROW * max(len(labels), 1)
    with _figure(path, height) as figure:  # without axes: their layout takes five times as long
        width, pad, row = _WIDTH * _DPI, 6 / (_WIDTH * _DPI), _ROW / height
        middles = [1 - 0.4 / height - row * (place + 0.5) for place in range(len(labels))]
        texts = [[figure.text(0, middle, text, va="center") for middle, text in zip(middles, column, strict=True)]
                 for column in (shown, numbers)]
        left, right = (max((text.get_window_extent().width for text in column), default=0) / width + 2 * pad
                       for column in texts)
        scale = (1 - left - right) / max((value for value in values if value > 0), default=1)
        for middle, value, label, number in zip(middles, values, *texts, strict=True):
            length = scale * max(value, 0)
            figure.add_artist(Rectangle((left, middle - 0.35 * row), length, 0.7 * row, color=_COLOR))
            label.set(x=left - pad, ha="right")
            number.set_x(left + length + pad)
        figure.add_artist(Rectangle((left, 0.5 / height), 0, 1 - 0.9 / height, color="black", linewidth=0.8))
        figure.text(left, 1 - 0.1 / height, title, va="top", fontsize=11)
        figure.text((1 + left) / 2, 0.22 / height, unit, va="center", ha="center")


def histogram(path: Path, title: str, edges: Sequence[float], counts: Sequence[float], x_label: str,
              unit: str) -> None:
    """Write a histogram: ``counts`` in ``unit`` of the bins between ``edges``, one more than bins."""
    with _picture(path, title, 3.2, layout=None) as axes:
        axes.set_position((0.13, 0.16, 0.85, 0.74))
        axes.bar(list(edges)[:-1], list(counts), [high - low for low, high in pairwise(edges)], align="edge",
                 color=_COLOR, edgecolor="white", linewidth=0.5)
        axes.set_ylim(0, 1.05 * max(*counts, 1))
        axes.set_xlabel(x_label)
        axes.set_ylabel(unit)


def curves(path: Path, title: str, x_label: str, y_label: str,
           lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Write one curve per name; ``lines`` maps it to (xs, ys)."""
    with _picture(path, title, 4.0) as axes:
        for name, (xs, ys) in lines.items():
            axes.plot(list(xs), list(ys), label=name, marker="." if len(xs) < 30 else "")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        if len(lines) > 1:
            axes.legend(frameon=False)


def points(path: Path, title: str, x_label: str, y_label: str,
           lines: Mapping[str, Sequence[tuple[float, Sequence[float]]]],
           floors: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Write means of repeated measurements as lines, and the measurements as points.

    ``lines`` maps a name to (x, measurements) pairs, with x on a logarithmic axis; ``floors`` maps a
    baseline to (x, y) pairs, drawn dashed and grey.
    """
    with _picture(path, title, 4.0) as axes:
        for name, places in lines.items():
            line, = axes.plot([x for x, _ in places], [sum(ys) / len(ys) for _, ys in places], label=name)
            axes.plot([x for x, ys in places for _ in ys], [y for _, ys in places for y in ys], ".",
                      color=line.get_color(), alpha=0.6)
        for (name, floor), style in zip(floors.items(), ("--", ":", "-.") * len(floors), strict=False):
            axes.plot([x for x, _ in floor], [y for _, y in floor], style, color="grey", label=name)
        axes.set_xscale("log")
        ticks = sorted({x for places in lines.values() for x, _ in places})
        axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(frameon=False)


@contextmanager
def _picture(path: Path, title: str, height: float, layout: Literal["constrained"] | None = "constrained"
             ) -> Iterator[Axes]:
    """Axes of a figure of ``height`` inches that is written to ``path`` at the end."""
    with _figure(path, height, layout) as figure:
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontsize=11)
        yield axes


@contextmanager
def _figure(path: Path, height: float, layout: Literal["constrained"] | None = None) -> Iterator[Figure]:
    """A figure of ``height`` inches that is written to ``path`` at the end; $ in a text is no formula."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout=layout)
        yield figure
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a script that DejaVu Sans lacks is drawn as boxes
            figure.savefig(path, metadata={"Software": ""})
