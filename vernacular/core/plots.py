"""The kinds of plots in reports, each a PNG below 100 kB.

Functions write to ``path``; ``title`` names what is shown; labels of axes include the unit.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOR = "#2a6f97"
_LONGEST = 34  # letters of a label
_ROW = 0.33  # inches of a bar


def bars(path: Path, title: str, labels: Sequence[str], values: Sequence[float], unit: str) -> None:
    """Write a horizontal bar chart of ``values`` in ``unit``, the first of ``labels`` on top."""
    shown = [label if len(label) <= _LONGEST else label[:_LONGEST - 1] + "…" for label in labels]
    with _picture(path, title, 1.1 + _ROW * max(len(labels), 1)) as axes:
        drawn = axes.barh(range(len(values)), [max(value, 0) for value in values], height=0.7, color=_COLOR)
        axes.bar_label(drawn, [f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in values],
                       padding=4)
        axes.set_yticks(range(len(labels)), shown)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.12 * max((value for value in values if value > 0), default=1))
        axes.set_xticks([])
        axes.tick_params(left=False)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel(unit)


def histogram(path: Path, title: str, edges: Sequence[float], counts: Sequence[float], x_label: str,
              unit: str) -> None:
    """Write a histogram: ``counts`` in ``unit`` of the bins between ``edges``, one more than bins."""
    with _picture(path, title, 3.2) as axes:
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
def _picture(path: Path, title: str, height: float) -> Iterator[Axes]:
    """Axes of a figure of ``height`` inches that is written to ``path`` at the end; $ in a text is no formula."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7.0, height), dpi=80, layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontsize=11)
        yield axes
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a script that DejaVu Sans lacks is drawn as boxes
            figure.savefig(path, metadata={"Software": ""})
