"""Commands for projects: init, ui, reload, explain. ``main`` loads them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from vernacular.cli.common import Debug, app, command, open_language
from vernacular.config.load import read_merged
from vernacular.config.new_project import plan_project, write_project
from vernacular.core.terminal import say
from vernacular.explain.answer import answer_lines, section_lines
from vernacular.explain.lookup import find, values

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="of the UI")]


@command()
def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="the new project's folder")],
         force: Annotated[bool, typer.Option("--force",
                                             help="also write into a folder with other content, which is listed "
                                                  "without this option")] = False) -> None:
    """Create a project: a folder for languages and results, with Dagster's settings and a Makefile."""
    target = Path(os.path.abspath(folder))  # noqa: PTH100  # as it was named: links stay
    written = write_project(plan_project(target, _this_command()), force)
    say(f"{folder}: {'a project already' if not written else 'written: ' + ', '.join(written)}. Next:")
    name = _as_typed()
    for number, line in enumerate((f"cd {folder}", f"{name} new bem     # the code of your language",
                                   f"{name} check bem   # errors, and what is missing",
                                   f"{name} ui          # Dagster on http://127.0.0.1:3000"), start=1):
        say(f"  {number}. {line}")


@app.command()
def ui(port: Port = 3000,
       host: Annotated[str, typer.Option(help="the address to listen on; others than this machine's own give a "
                                              "warning")]
       = "127.0.0.1",
       browser: Annotated[bool, typer.Option("--open", help="open a browser when it is ready")] = False,
       debug: Debug = False) -> None:
    """Show the project in Dagster: web server and daemon, until Ctrl-C."""
    options = ["--port", str(port), "--host", host]
    _become("pipelines.ui", [*options, *(["--open"] if browser else []), *(["--debug"] if debug else [])])


@app.command()
def reload(port: Port = 3000, host: Annotated[str, typer.Option(help="the address of the UI")] = "127.0.0.1") -> None:
    """Make the running UI reload the language folders after an edit."""
    _become("pipelines.reload", [f"http://{host}:{port}"])


@command()
def explain(key: Annotated[str | None, typer.Argument(help="a setting, such as models.lora.seeds; a section, such "
                                                           "as models; default all sections")] = None,
            language: Annotated[str | None, typer.Option("--language", metavar="CODE",
                                                         help="also show this language's value and "
                                                              "where it is set")] = None) -> None:
    """Explain a setting: meaning, valid values, default, and a language's value."""
    if key is None:
        lines = list(section_lines())
    else:
        found = find(key)
        merged = read_merged(open_language(language)[1].folder) if language is not None else None
        lines = list(answer_lines(found, values(found, merged) if merged is not None else [], language))
    for line in lines:
        say(line)


def _become(module: str, arguments: list[str]) -> None:
    sys.stdout.flush()
    # one process, so that signals reach it directly
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def _this_command() -> Path:
    """Return the file of the running command, or the one beside this Python."""
    name = Path(sys.argv[0])
    return name.absolute() if name.stem == "vernacular" else Path(sys.executable).absolute().with_name("vernacular")


def _as_typed() -> str:
    """Return how to call this command from another folder."""
    return "vernacular" if shutil.which("vernacular") else str(_this_command())
