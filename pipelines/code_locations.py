"""Code locations with a part of the languages each, for thousands of languages.

``python -m pipelines.code_locations N`` sets them up.

The command writes ``workspace.yaml`` of the project. Each of its entries names an attribute of ``pipelines.shards``,
such as ``shard_2_of_28``. The shard of a language depends on its code and N alone, so a new folder moves no other.
"""

from __future__ import annotations

import re
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vernacular.config.load import folders_of
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem
from vernacular.core.project import find_project
from vernacular.core.store import write_atomically
from vernacular.core.terminal import guard_streams, say

MODULE, LOCATION = "pipelines.definitions", "vernacular"  # the single code location without shards
SHARDS = "pipelines.shards"
FILE = "workspace.yaml"
_NAME = re.compile(r"shard_([1-9]\d{0,3})_of_([1-9]\d{0,3})")


@dataclass(frozen=True)
class Shard:
    """A part of the languages."""

    number: int = 1
    of: int = 1

    def holds(self, code: str) -> bool:
        """Whether the language of a code is in this part."""
        return zlib.crc32(code.encode()) % self.of == self.number - 1


ALL = Shard()


@dataclass(frozen=True)
class Location:
    """A code location in ``workspace.yaml``."""

    name: str = LOCATION
    module: str = MODULE
    attribute: str | None = None
    shard: Shard = ALL


def locations(home: Path) -> list[Location]:
    """Return the code locations in a project's workspace.

    Args:
        home: the project's folder. Without a workspace.yaml, or with one that names a code server,
            there is one.

    Raises:
        Problem: the file is invalid.
    """
    file = home / FILE
    if not file.is_file():
        return [Location()]
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))["load_from"]
        modules = [entry["python_module"] for entry in entries if "python_module" in entry]
        found = [Location(entry.get("location_name", entry["module_name"]), entry["module_name"],
                          entry.get("attribute"), shard_named(entry.get("attribute") or "shard_1_of_1"))
                 for entry in modules if entry["module_name"] in (MODULE, SHARDS)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise Problem(f"invalid workspace file ({type(error).__name__})", where=str(file),
                      fix="Rewrite it with `python -m pipelines.code_locations 1`", code=Code.CONFIG_YAML) from None
    return found or [Location()]


def location_of(code: str, home: Path) -> Location:
    """Return the code location with the language of a code.

    Raises:
        Problem: there is none.
    """
    for location in locations(home):
        if location.shard.holds(code):
            return location
    raise Problem(f"no code location includes '{code}'", where=str(home / FILE),
                  fix="Rewrite the workspace for N locations with `python -m pipelines.code_locations N`",
                  code=Code.CONFIG_FILE)


def workspace(shards: int) -> str:
    """Return the text of workspace.yaml for a number of code locations."""
    entries: list[dict[str, Any]] = [{"module_name": MODULE, "location_name": LOCATION}]
    if shards > 1:
        entries = [{"module_name": SHARDS, "attribute": f"shard_{number}_of_{shards}",
                    "location_name": f"{LOCATION}-{number}-of-{shards}"} for number in range(1, shards + 1)]
    return "# What `dagster dev` loads when it is started in this folder.\n" + yaml.safe_dump(
        {"load_from": [{"python_module": entry} for entry in entries]}, sort_keys=False)


def shard_named(name: str) -> Shard:
    """The part that ``shard_2_of_28`` names. Raises ValueError."""
    found = _NAME.fullmatch(name)
    if found is None or int(found[1]) > int(found[2]):
        raise ValueError(name)
    return Shard(int(found[1]), int(found[2]))


def main(arguments: list[str]) -> int:
    """Write the workspace for the given number of code locations; return the exit code."""
    try:
        if len(arguments) != 1 or not arguments[0].isdecimal() or not 1 <= int(arguments[0]) <= 1000:
            raise Problem(f"'{' '.join(arguments)}' is not a number of code locations", where="shards",
                          fix="Write `python -m pipelines.code_locations 4` for four of them, 1 for a single one",
                          code=Code.COMMAND_OPTION)
        project, shards = find_project(), int(arguments[0])
        counts = [sum(Shard(number, shards).holds(folder.name) for folder in folders_of(project.languages))
                  for number in range(1, shards + 1)]
        write_atomically(project.home / FILE, workspace(shards))
    except Exception as error:
        say(f"error: {as_problem(error, 'shards')}", err=True)
        return 2
    say(f"{project.home / FILE}: {shards} code locations of {min(counts)} to {max(counts)} languages. "
        "Start `make ui` again")
    return 0


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
