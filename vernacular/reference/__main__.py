"""``python -m vernacular.reference [--check]``: writes the generated pages and the schemas for editors, in a checkout.

With ``--check`` nothing is written: exit code 1 if one of them is out of date.
"""

from __future__ import annotations

import sys

from vernacular.behavior_tests.schema_file import schema_text as behaviour_schema_text
from vernacular.config.schema_file import schema_text
from vernacular.core.shipped import CHECKOUT
from vernacular.core.terminal import guard_streams, say
from vernacular.reference.bases_page import FILE as BASES_FILE
from vernacular.reference.bases_page import bases_page
from vernacular.reference.code_page import FILE as CODES_FILE
from vernacular.reference.code_page import codes_page
from vernacular.reference.command_page import FILE as COMMANDS_FILE
from vernacular.reference.command_page import commands_page
from vernacular.reference.datasets_page import FILE as DATASETS_FILE
from vernacular.reference.datasets_page import datasets_page
from vernacular.reference.graph_pages import GATES_FILE, STAGES_FILE, gates_page, stages_page
from vernacular.reference.markdown import COMMAND
from vernacular.reference.settings_page import FILE, page_text


def main(arguments: list[str]) -> int:
    """Write or compare the files; returns the exit code."""
    made = {FILE: page_text(), STAGES_FILE: stages_page(), GATES_FILE: gates_page(), COMMANDS_FILE: commands_page(),
            CODES_FILE: codes_page(), BASES_FILE: bases_page(), DATASETS_FILE: datasets_page(),
            "languages/language.schema.json": schema_text(), "languages/behaviour.schema.json": behaviour_schema_text()}
    old = [name for name, text in made.items()
           if not (CHECKOUT / name).is_file() or (CHECKOUT / name).read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for name in old:
            say(f"error: {name}: out of date. Run `{COMMAND}`", err=True)
        return 1 if old else 0
    for name in old:
        (CHECKOUT / name).parent.mkdir(parents=True, exist_ok=True)
        (CHECKOUT / name).write_text(made[name], encoding="utf-8")
        say(f"{name}: written")
    return 0


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
