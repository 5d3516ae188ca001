"""Which languages there are: scans the language folders; a broken one is kept apart with what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from vernacular.config.load import load_all
from vernacular.config.schema import Language
from vernacular.errors import Problem


@dataclass
class Registry:
    """The language folders, by slug.

    Attributes:
        languages: those that can be used.
        problems: why the others cannot.
    """

    languages: dict[str, Language] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)


def scan(root: Path) -> Registry:
    """Load every folder below ``root``; two folders whose codes give one slug cannot both be used."""
    found = Registry()
    for code, loaded in sorted(load_all(root).items()):
        slug = loaded.slug if isinstance(loaded, Language) else re.sub(r"[^A-Za-z0-9]", "_", code)
        taken = found.languages.get(slug)
        if taken is not None:
            slug = f"{slug}_2"
            loaded = Problem(f"{code} and {taken.code} would share the asset keys of '{taken.slug}'", where=code,
                             fix="Rename one of the two folders")
        if isinstance(loaded, Language):
            found.languages[slug] = loaded
        else:
            found.problems[slug] = loaded
    return found
