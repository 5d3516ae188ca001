"""The command ``export``. ``main`` loads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from vernacular.cli.common import LanguageCode, ModelName, command, open_model
from vernacular.conversion.formats import Format, Precision, Wish
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.terminal import say

_export = EntryPoint[Any]("vernacular.conversion.folders:export")


@command()
def export(code: LanguageCode, to: Annotated[Format, typer.Option(
               help="onnx for an encoder's tasks, ctranslate2 for a decoder; gguf prints what to run")],
           model: ModelName = None,
           task: Annotated[str | None, typer.Option(help="only this one; default all that label or embed")] = None,
           precision: Annotated[Precision, typer.Option(help="of the weights")] = Precision.INT8,
           out: Annotated[Path, typer.Option(help="where each export gets a folder")] = Path("exports"),
           threads: Annotated[int | None, typer.Option(min=1, help="to measure with; default one per core")] = None,
           ) -> None:
    """Export a release to run without torch, compare it with the release, measure it; exit code 1 if it disagrees."""
    store, language, name = open_model(code, model)
    wish = Wish(to, precision, out, threads or len(os.sched_getaffinity(0)))
    try:
        written = _export(store, language, name, task, wish, lambda line: say(line, err=True))
    except Problem as problem:
        if problem.code != Code.EXPORT_GATE:
            raise
        say(f"error: {problem}", err=True)
        raise typer.Exit(1) from None
    for folder, card in written:
        agreed, ours, theirs = card.agreement, card.exported, card.torch
        say(f"{folder}: {ours.bytes_on_disk / 1e6:.1f} MB (torch {theirs.bytes_on_disk / 1e6:.1f}), "
            f"{ours.peak_memory_mb:.0f} MB of memory ({theirs.peak_memory_mb:.0f}), {ours.median_ms:.2f} ms a text "
            f"({theirs.median_ms:.2f}); {agreed.same:.1%} of the release's answers, {agreed.metric} "
            f"{agreed.score:.3f} ({agreed.score_before:.3f})")
