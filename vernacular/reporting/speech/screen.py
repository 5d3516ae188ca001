"""Prints the results of speech: ``vernacular report``, with and without ``--full``."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from vernacular.core.terminal import printable_data
from vernacular.reporting.full_report import print_sections
from vernacular.reporting.speech.results import SpeechResults
from vernacular.reporting.speech.sections import model_sections, next_lines, recording_sections
from vernacular.reporting.terminal import console_for


def print_speech(results: SpeechResults, console: Console, full: bool, page: Path | None = None) -> None:
    """Print the results; on anything that is not a terminal plain text without colors, 100 columns wide.

    Args:
        results: of the recordings and models.
        console: to print on.
        full: whether everything is printed.
        page: that was written; None to leave it out.
    """
    results = SpeechResults.model_validate(printable_data(results.as_json()))
    console = console_for(console)
    console.print(Text.assemble((results.name, "bold"), f" ({results.code}), speech"))
    print_sections(recording_sections(results), console, full)
    for model in results.models:
        print_sections(model_sections(model), console, full)
        console.print(Text("\nUse it" if model.release else "\nNext", "bold"))
        for line in next_lines(model):
            console.print(Text(line), soft_wrap=True)
    if page is not None:
        console.print(Text(f"\nThe same as a page: {page}"), soft_wrap=True)
