"""External identifiers, one module each: as members that vote (``voters``), and as rejecters of doubtful lines.

They do not know most small languages and label them confidently as others. So the weight of their
votes is measured on the seed; and as rejecters they only drop lines in widespread languages
(``cleaning.reject_languages``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import langcodes

from vernacular.config.stage_settings import CleanSettings
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem

PACKAGES = {"pycld2": "pycld2", "heliport": "heliport", "lingua": "lingua-language-detector", "glotlid": "fasttext"}
LEAST_WORDS = 4  # shorter lines are too short to identify and are kept


class Rejecter(Protocol):
    """Detects lines in languages to reject.

    Attributes:
        name: as in ``identification.rejecters``.
        version: of the program and its model.
        skipped: why it cannot judge lines, or None.
    """

    name: str

    @property
    def version(self) -> str:
        """The version of the program and its model."""
        ...

    @property
    def skipped(self) -> str | None:
        """Why it cannot judge lines, or None."""
        ...

    def load(self) -> None:
        """Load what ``judge`` needs; without it the first lines wait for that."""
        ...

    def judge(self, lines: Sequence[str]) -> list[str | None]:
        """Return for each line the reason to drop it, such as ``identified as eng``, or None."""
        ...


_lingua = EntryPoint[Rejecter]("vernacular.langid.external.lingua:Lingua")
_pycld2 = EntryPoint[Rejecter]("vernacular.langid.external.pycld2:Cld2")
_glotlid = EntryPoint[Rejecter]("vernacular.langid.external.glotlid:GlotLid")
_fetched_glotlid = EntryPoint[Any]("vernacular.langid.external.glotlid:fetched")


def open_rejecters(names: Sequence[str], settings: CleanSettings) -> list[Rejecter]:
    """Open the rejecters ``names`` in this order; none without languages to reject.

    Raises:
        Problem: one is unknown or not installed, or its model is unavailable.
    """
    return [_open(name, settings) for name in names] if settings.cleaning.reject_languages else []


def judge(rejecters: Sequence[Rejecter], lines: Sequence[str]) -> list[str | None]:
    """Return for each line the reason of the first rejecter that drops it, or None."""
    reasons: list[str | None] = [None] * len(lines)
    for rejecter in rejecters:
        open_lines = [index for index, reason in enumerate(reasons) if reason is None]
        for index, reason in zip(open_lines, rejecter.judge([lines[index] for index in open_lines]), strict=True):
            reasons[index] = reason
    return reasons


def _open(name: str, settings: CleanSettings) -> Rejecter:
    cleaning = settings.cleaning
    if name == "lingua":
        return _lingua(settings.code, settings.script, settings.neighbours, cleaning.reject_languages,
                      cleaning.reject_distance)
    if name == "pycld2":
        return _pycld2(settings.code, settings.neighbours, cleaning.reject_languages)
    if name == "glotlid":
        return _glotlid(_fetched_glotlid(), settings.code, settings.neighbours, cleaning.reject_languages,
                       cleaning.reject_distance)
    raise Problem(f"unknown rejecter '{name}'", where="identification.rejecters",
                  fix="Use lingua, pycld2 or glotlid", code=Code.CONFIG_VALUE)


def version_of(name: str) -> str:
    """Return the version of a voter's package, or an empty text if it is not installed."""
    try:
        return version(PACKAGES[name])
    except PackageNotFoundError:
        return ""


def versions_of(names: Collection[str]) -> dict[str, str]:
    """Return name -> version of its package."""
    return {name: version_of(name) for name in names}


def alpha3(code: str) -> str:
    """Return the ISO 639-3 code of a BCP 47 tag, or its own language part."""
    try:
        return str(langcodes.get(code).to_alpha3())
    except (LookupError, ValueError):
        return code.split("-")[0]
