"""What a candidate knows of a language: itself, its neighbors, or its script."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import langcodes

from vernacular.bases.table import Candidate
from vernacular.config.codes import is_registered, likely_script, name_of
from vernacular.config.new import likely_neighbours
from vernacular.config.schema import Language

Level = Literal["language", "perhaps", "neighbors", "script", "nothing"]
LEVELS: tuple[Level, ...] = ("language", "perhaps", "neighbors", "script", "nothing")  # the best first
MANY = 500  # languages from which on a candidate that does not list all of them may know any
_SCRIPT = "Latn"  # if no table knows better


@dataclass(frozen=True)
class Spoken:
    """A language to choose a base for."""

    code: str  # BCP 47
    name: str
    script: str  # ISO 15924
    neighbors: tuple[str, ...]  # ISO 639-3

    @property
    def alpha3(self) -> str:
        """The ISO 639-3 code, or ``code`` if it has none."""
        return alpha3_of(self.code)

    @property
    def codes(self) -> frozenset[str]:
        """Its ISO 639-3 code and that of the macrolanguage that contains it (``swh``, ``swa``)."""
        return frozenset((self.alpha3, _macro_of(self.code)))


@dataclass(frozen=True)
class Knowledge:
    """What a candidate was trained on, as far as its sources say."""

    level: Level
    neighbors: tuple[str, ...] = ()  # of the language, that it knows


def spoken_of(language: Language) -> Spoken:
    """Return what a folder says about its language."""
    return Spoken(language.code, language.name, language.script, tuple(language.neighbours))


def spoken_as(code: str) -> Spoken:
    """Return what public tables say about a language without a folder."""
    script = likely_script(langcodes.get(code)) or _SCRIPT
    return Spoken(code, name_of(code), script, tuple(likely_neighbours(code, script)))


def knowledge_of(candidate: Candidate, spoken: Spoken) -> Knowledge:
    """Return what ``candidate`` knows of a language."""
    known = {*candidate.languages}
    neighbors = tuple(code for code in spoken.neighbors if {code, _macro_of(code)} & known)
    if spoken.codes & known:
        return Knowledge("language", neighbors)
    if (candidate.count or 0) >= MANY:
        return Knowledge("perhaps", neighbors)
    if neighbors:
        return Knowledge("neighbors", neighbors)
    return Knowledge("script" if spoken.script in _scripts(frozenset(known)) else "nothing")


@cache
def alpha3_of(code: str) -> str:
    """Return the ISO 639-3 code of a BCP 47 tag, or the tag if it has none."""
    if not is_registered(code):
        return code
    try:
        return langcodes.get(code).to_alpha3()
    except LookupError:
        return code


@cache
def _macro_of(code: str) -> str:
    """Return the ISO 639-3 code of the macrolanguage of ``code``, or of the language itself."""
    return alpha3_of(langcodes.get(code).prefer_macrolanguage().language or code) if is_registered(code) else code


@cache
def _scripts(codes: frozenset[str]) -> frozenset[str]:
    return frozenset(script for code in codes if (script := likely_script(langcodes.get(code))))
