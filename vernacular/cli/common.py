"""What the commands share: the app, common arguments, error handling, opening a language."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any

import typer

from vernacular.config.load import find_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem, panics_as_problems
from vernacular.core.project import find_project
from vernacular.core.store import Store
from vernacular.core.terminal import say

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Carry a pretrained language model into a minority language.")
LanguageCode = Annotated[str, typer.Argument(help="name of the language folder, such as nya")]
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


def command(name: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command with the option --debug, whose errors are one line."""
    def register(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def run(*, debug: bool, **arguments: Any) -> None:
            with plain_errors(debug):
                function(**arguments)

        own = inspect.signature(function, eval_str=True)
        debug = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug)
        run.__signature__ = own.replace(parameters=[*own.parameters.values(), debug])  # type: ignore[attr-defined]
        app.command(name)(run)
        return function

    return register


def open_language(code: str) -> tuple[Store, Language]:
    """Return the store of the project around the current folder, and one of its languages."""
    project = find_project()
    return Store(project.artifacts), find_language(project.languages, code)


def open_model(code: str, name: str | None) -> tuple[Store, Language, str]:
    """Return store and language, and the name of a model as ``choose_model`` does."""
    store, language = open_language(code)
    return store, language, choose_model(language, name)


def open_release(code: str, name: str | None) -> tuple[Store, Language, str, bool]:
    """Return store and language, the name of a model, and whether it is one of speech.

    Without ``name`` it is the first enabled model of text, or without one, of speech.
    """
    store, language = open_language(code)
    check_model(language, name)
    spoken = {} if language.speech is None else language.speech.models_to_run(name)
    if spoken and not language.models_to_run(name):
        return store, language, next(iter(spoken)), True
    if not language.sources and language.speech is not None and not spoken:
        raise Problem("no model of speech is enabled", where=f"{language.code} speech.models", fix="Set `enabled: "
                      f"true`, or give --model; there are: {', '.join(language.speech.models) or 'none'}",
                      code=Code.COMMAND_NAME)
    return store, language, choose_model(language, name), False


def choose_model(language: Language, name: str | None) -> str:
    """Return ``name``, or without one the first enabled model.

    Raises:
        Problem: there is none.
    """
    check_model(language, name)
    for model in language.models_to_run(name):
        return model
    raise Problem("no model of text is enabled", where=f"{language.code} models",
                  fix="Set `enabled: true`, or give --model", code=Code.COMMAND_NAME)


def check_model(language: Language, name: str | None) -> None:
    """Raise a Problem unless ``language`` has the model ``name``, of text or speech, if given."""
    if name is not None and name not in language.model_names:
        raise Problem(f"there is no model '{name}'", where=f"{language.code} models",
                      fix=f"Choose one of: {', '.join(language.model_names)}", code=Code.COMMAND_NAME)
