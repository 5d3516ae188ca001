"""The kinds of picture that reports hold, each a PNG well below 100 kB. Knows nothing of what is drawn.

Bars and histograms are drawn with Pillow, in a hundredth of the time that matplotlib takes to start and lay one out:
a refresh with little new text would else spend most of its time on pictures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_COLOUR, _INK, _GREY = "#2a6f97", "#222222", "#bbbbbb"
_WIDTH, _MARGIN, _ROW, _TITLE, _FOOT = 620, 10, 26, 44, 44  # pixels
_CHART = 190  # height of a histogram's bars
_TICKS = 5
_LONGEST = 34  # letters of a label


def bars(path: Path, title: str, labels: Sequence[str], values: Sequence[float], unit: str) -> None:
    """Write a horizontal bar chart to ``path``, the first label on top, with the values.

    Args:
        path: the PNG file.
        title: what is counted.
        labels: one for each value.
        values: the lengths.
        unit: of the values, shown at the axis.
    """
    image, draw, width = _blank(title, _TITLE + _ROW * max(len(labels), 1) + _FOOT)
    shown = [label if len(label) <= _LONGEST else label[:_LONGEST - 1] + "…" for label in labels]
    numbers = [f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in values]
    left = _MARGIN + max(map(width, shown), default=0) + 8
    right = _WIDTH - _MARGIN - max(map(width, numbers), default=0) - 8
    longest = max((value for value in values if value > 0), default=1)
    bottom = _TITLE + _ROW * max(len(labels), 1)
    for number, (label, value, text) in enumerate(zip(shown, values, numbers, strict=True)):
        top = _TITLE + _ROW * number
        end = left + round(max(value, 0) / longest * (right - left))
        draw.rectangle((left, top + 4, max(end, left), top + _ROW - 4), fill=_COLOUR)
        draw.text((left - 8, top + _ROW // 2), label, fill=_INK, font=_font(), anchor="rm")
        draw.text((end + 6, top + _ROW // 2), text, fill=_INK, font=_font(), anchor="lm")
    draw.line((left, _TITLE, left, bottom), fill=_INK)
    draw.text(((left + right) // 2, bottom + 12), unit, fill=_INK, font=_font(), anchor="mt")
    _save(image, path)


def histogram(path: Path, title: str, edges: Sequence[float], counts: Sequence[float], x_label: str,
              unit: str) -> None:
    """Write a histogram to ``path``.

    Args:
        path: the PNG file.
        title: what is counted.
        edges: of the bins, evenly spaced, one more than bins.
        counts: one per bin.
        x_label: quantity on the x axis, with its unit.
        unit: of the counts.
    """
    image, draw, width = _blank(title, _TITLE + _CHART + _FOOT + 10)
    highest = max(*counts, 1)
    left, right, bottom = _MARGIN + width(f"{highest:,.0f}") + 8, _WIDTH - 2 * _MARGIN, _TITLE + _CHART
    step = (right - left) / max(len(counts), 1)
    for number, count in enumerate(counts):
        top = bottom - round(count / highest * _CHART)
        draw.rectangle((left + round(number * step) + 1, top, left + round((number + 1) * step) - 1, bottom),
                       fill=_COLOUR)
    for tick in range(_TICKS + 1):
        place = left + round(tick / _TICKS * (right - left))
        value = edges[0] + tick / _TICKS * (edges[-1] - edges[0])
        draw.line((place, bottom, place, bottom + 4), fill=_INK)
        draw.text((place, bottom + 7), f"{value:.3g}", fill=_INK, font=_font(), anchor="mt")
    draw.line((left, _TITLE, left, bottom), fill=_INK)
    draw.line((left, bottom, right, bottom), fill=_INK)
    draw.text((left - 6, _TITLE), f"{highest:,.0f}", fill=_INK, font=_font(), anchor="rt")
    draw.text((left - 6, bottom), "0", fill=_INK, font=_font(), anchor="rb")
    draw.text((left + 6, _TITLE), unit, fill=_INK, font=_font(), anchor="lb")
    draw.text(((left + right) // 2, bottom + 26), x_label, fill=_INK, font=_font(), anchor="mt")
    _save(image, path)


def curves(path: Path, title: str, x_label: str, y_label: str,
           lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Write one curve per name to ``path``.

    Args:
        path: the PNG file.
        title: what is shown.
        x_label: quantity on the x axis, with its unit.
        y_label: quantity on the y axis, with its unit.
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


def points(path: Path, title: str, x_label: str, y_label: str,
           lines: Mapping[str, Sequence[tuple[float, Sequence[float]]]],
           floors: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Write to ``path`` the means of repeated measurements as lines and the measurements as points.

    Args:
        path: the PNG file.
        title: what is shown.
        x_label: quantity on the logarithmic x axis.
        y_label: quantity on the y axis, with its unit.
        lines: name -> (x, measurements) pairs.
        floors: name -> (x, y) of baselines, drawn dashed and grey.
    """
    figure, axes = _canvas(title, height=4.0)
    for name, places in lines.items():
        line, = axes.plot([x for x, _ in places], [sum(ys) / len(ys) for _, ys in places], label=name)
        axes.plot([x for x, ys in places for _ in ys], [y for _, ys in places for y in ys], ".", color=line.get_color(),
                  alpha=0.6)
    for (name, floor), style in zip(floors.items(), ("--", ":", "-.") * len(floors), strict=False):
        axes.plot([x for x, _ in floor], [y for _, y in floor], style, color="grey", label=name)
    axes.set_xscale("log")
    ticks = sorted({x for places in lines.values() for x, _ in places})
    axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
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


def _blank(title: str, height: int) -> tuple[Image, ImageDraw, Callable[[str], int]]:
    """A white picture with its title, and what measures the width of a text."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (_WIDTH, height), "white")
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, _MARGIN), title, fill=_INK, font=_font(15))
    return image, draw, lambda text: round(draw.textlength(text, font=_font()))


@cache
def _font(size: int = 13) -> FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along: it knows most of the scripts that names may be written in."""
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    assert spec is not None and spec.origin is not None
    return ImageFont.truetype(os.fspath(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"),
                              size)


def _save(image: Image, path: Path) -> None:
    image.quantize(32).save(path, optimize=False, compress_level=6)
