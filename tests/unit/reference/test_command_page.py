"""The page of commands lists every command with its arguments and options."""

from __future__ import annotations

import typer

from vernacular.cli.common import app
from vernacular.reference.command_page import commands_page


def test_every_command_and_option_is_listed() -> None:
    page = commands_page()
    commands = vars(typer.main.get_command(app))["commands"]
    assert {"check", "run", "report"} <= set(commands)
    for name, command in commands.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert bool(section) is not command.hidden, name
        for parameter in [] if command.hidden else command.params:
            assert parameter.name == "help" or parameter.opts[0].upper() in section.upper(), (name, parameter.name)
