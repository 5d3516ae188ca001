"""The two kinds of picture that reports hold, each a PNG well below 100 kB. Knows nothing of what is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOUR = "#2a6f97"


def bars(path: Path, title: str, labels: Sequence[str], values: Sequence[float], unit: str) -> None:
    """Write horizontal bars to ``path``, the first label on top, each with its value.

    Args:
        path: the PNG file.
        title: says what is counted.
        labels: one for each value.
        values: the lengths.
        unit: of the values, written at the axis.
    """
    figure, axes = _canvas(title, height=1.2 + 0.32 * max(len(labels), 1))
    drawn = axes.barh(range(len(labels)), list(values), color=_COLOUR)
    axes.set_yticks(range(len(labels)), list(labels))
    axes.invert_yaxis()
    axes.bar_label(drawn, labels=[f" {value:,.4g}" if abs(value) < 1000 else f" {value:,.0f}" for value in values])
    axes.margins(x=0.15)
    axes.set_xlabel(unit)
    figure.savefig(path, metadata={"Software": ""})


def curves(path: Path, title: str, x_label: str, y_label: str,
           lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Write one curve for each name to ``path``.

    Args:
        path: the PNG file.
        title: says what is shown.
        x_label: what runs to the right, with its unit.
        y_label: what goes up, with its unit.
        lines: name -> (xs, ys).
    """
    figure, axes = _canvas(title, height=4.0)
    for name, (xs, ys) in lines.items():
        axes.plot(list(xs), list(ys), label=name, marker="." if len(xs) < 30 else "")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if len(lines) > 1:
        axes.legend(frameon=False)
    figure.savefig(path, metadata={"Software": ""})


def _canvas(title: str, height: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, height), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
