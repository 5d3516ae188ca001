"""What the commands share: the app, common arguments, error handling, opening a language."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from vernacular.config.load import find_language
from vernacular.config.schema import Language, Model
from vernacular.core.errors import Problem, as_problem, panics_as_problems
from vernacular.core.project import Project, find_project
from vernacular.core.terminal import say

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Carry a pretrained language model into a minority language.")
Code = Annotated[str, typer.Argument(help="name of the language folder, such as nya")]
ModelName = Annotated[str | None, typer.Option("--model", help="this model, enabled or not")]
Debug = Annotated[bool, typer.Option("--debug", help="show the traceback of an error")]


@contextmanager
def plain_errors(debug: bool = False, quiet: bool = False) -> Iterator[None]:
    """Convert errors to one line (none if ``quiet``: the launcher prints it) and an exit code."""
    try:
        with panics_as_problems("vernacular"):
            yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:  # the reader of the output has closed it (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        if not quiet:
            say("stopped; run the same command again to resume", err=True)
        raise typer.Exit(130) from None
    except Exception as error:
        if debug:
            raise
        if not quiet:
            say(f"error: {as_problem(error, 'vernacular')}", err=True)
        raise typer.Exit(2) from None


def model_of(language: Language, name: str | None) -> tuple[str, Model]:
    """Return the model called ``name``, or the first enabled one.

    Raises:
        Problem: there is none.
    """
    if name is not None and name not in language.models:
        raise Problem(f"there is no model '{name}'", where=f"{language.code} models",
                      fix=f"Choose one of: {', '.join(sorted(language.models))}")
    for found, model in language.models_to_run(name).items():
        return found, model
    raise Problem("no model is enabled", where=f"{language.code} models", fix="Set `enabled: true`, or give --model")


def open_language(code: str) -> tuple[Project, Language]:
    """Return the project around the current folder and one of its languages."""
    project = find_project()
    return project, find_language(project.languages, code)
