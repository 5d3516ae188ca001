"""The page of commands, read from the command line itself."""

from __future__ import annotations

import typer

from vernacular.cli import main as cli_main  # noqa: F401  # registers the commands
from vernacular.cli.common import app
from vernacular.reference.markdown import opening, table

FILE = "docs/reference/commands.md"
_INTRO = """\
`vernacular COMMAND --help` prints an entry of this page. Exit codes: 0 done, 1 a check failed, 2 an error with a
remedy, 130 interrupted.
"""


def commands_page() -> str:
    """The page of commands, ending with a newline."""
    commands = {name: command for name, command in vars(typer.main.get_command(app))["commands"].items()
                if not command.hidden}
    parts = [opening("Commands", "the command line"), _INTRO,
             table(("command", "what it does"), [(f"[`{name}`](#{name})", _first(command.help or ""))
                                                 for name, command in commands.items()])]
    for name, command in commands.items():
        shown = [parameter for parameter in command.params if parameter.name != "help"]
        words = [_usage(parameter) for parameter in shown if isinstance(parameter, typer.core.TyperArgument)]
        parts.append("\n".join([f"## {name}", "", "```text", " ".join(["vernacular", name, *words, "[OPTIONS]"]), "```",
                                "", " ".join((command.help or "").split()), ""]))
        parts.append(table(("argument or option", "meaning", "default"),
                           [(_name(parameter), parameter.help or "", _default(parameter)) for parameter in shown]))
    return "\n".join(parts)


def _first(text: str) -> str:
    return " ".join(text.split()).split(". ")[0].rstrip(".") + "."


def _usage(parameter: typer.core.TyperArgument) -> str:
    word = parameter.name.upper() if parameter.name else ""
    word += "..." if parameter.nargs != 1 else ""
    return word if parameter.required else f"[{word}]"


def _name(parameter: typer.core.TyperArgument | typer.core.TyperOption) -> str:
    if isinstance(parameter, typer.core.TyperArgument):
        return f"`{_usage(parameter)}`"
    value = "" if parameter.is_flag else f" {(parameter.metavar or parameter.name or '').upper()}"
    return ", ".join(f"`{name}{value}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: typer.core.TyperArgument | typer.core.TyperOption) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    return "" if default in (None, "", False) or callable(default) else f"`{default}`"
