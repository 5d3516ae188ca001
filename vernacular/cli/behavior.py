"""Commands for writing and reviewing behavioral tests. ``main`` loads them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from vernacular.cli.common import LanguageCode, ModelName, choose_model, command, open_language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.terminal import say
from vernacular.evaluation.behavior.review import read_review, write_review
from vernacular.evaluation.behavior.suggest import read_suggestions, summarize_suggestions, write_suggestions


@command()
def suggest(code: LanguageCode, test: Annotated[str, typer.Argument(help="a behavioral test with {slots}")],
            model: ModelName = None,
            file: Annotated[Path | None, typer.Option(help="the table to write; default TEST.csv")] = None,
            most: Annotated[int, typer.Option(min=1, help="suggestions for a slot")] = 20,
            read: Annotated[Path | None, typer.Option(help="import the accepted words of this table")]
            = None) -> None:
    """Suggest words for a test's slots as a table for a speaker to tick; --read imports the ticked ones."""
    store, language = open_language(code)
    if read is not None:
        say(summarize_suggestions(read_suggestions(language, read)))
        return
    path = file or Path(f"{test}.csv")
    number = write_suggestions(store, language, choose_model(language, model), test, path, most)
    say(f"{path}: {number} suggestions. Tick the good ones in a spreadsheet, then")
    say(f"  vernacular suggest {code} {test} --read {path}")


@command()
def review(code: LanguageCode,
           tests: Annotated[list[str] | None, typer.Argument(help="or fairness.yaml; default: everything unreviewed")]
           = None,
           file: Annotated[Path | None, typer.Option(help=".csv for a spreadsheet, .html for a browser")] = None,
           cases: Annotated[int, typer.Option(min=1, help="of each test")] = 10,
           read: Annotated[Path | None, typer.Option(help="the filled table")] = None,
           by: Annotated[str, typer.Option(help="with --read: the speaker's name")] = "",
           on: Annotated[str, typer.Option(help="with --read: the day, YYYY-MM-DD; default today")] = "") -> None:
    """Export cases of behavioral tests as a table or page for review; --read records the review."""
    store, language = open_language(code)
    if read is None and (by or on):
        raise Problem("--by and --on need a filled table", where="vernacular review",
                      fix="Name it: --read FILE.csv", code=Code.COMMAND_OPTION)
    if read is None:
        path = file or Path(f"review-{code}.html")
        number = write_review(store, language, tests or [], path, cases)
        say(f"{path}: {number} cases. When it comes back:")
        say(f"  vernacular review {code} --read FILE.csv --by \"NAME OF THE SPEAKER\"")
        return
    try:
        day = date.fromisoformat(on) if on else date.today()
    except ValueError:
        raise Problem(f"'{on}' is not a date", where="vernacular review --on", fix="Write it as 2026-01-31",
                      code=Code.COMMAND_OPTION) from None
    for verdict in read_review(language, read, by, day):
        say(f"{'reviewed' if verdict.reviewed else 'NOT reviewed'}  {verdict.test}: {verdict.message}")
