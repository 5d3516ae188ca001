"""CLD2 through pycld2 (Sites 2013): some 165 languages, Chichewa, Ganda and Faroese among them; optional."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import langcodes

from vernacular.core.errors import Problem
from vernacular.langid.external import LEAST_WORDS
from vernacular.text.words import words

_LEAST_PERCENT = 80  # of a line's bytes, so that a quotation within a line does not drop it


def known(code: str) -> str:
    """CLD2's code for a language: the shortest, as in BCP 47."""
    return "no" if code in ("nor", "nob", "nno") else langcodes.standardize_tag(code).split("-")[0]


class Cld2:
    """Drops lines of which CLD2 is sure that they are in a language to reject.

    Args:
        code: of the own language; never rejected.
        neighbours: codes of languages like it; never rejected.
        reject: codes of languages to drop.

    Raises:
        Problem: pycld2 is not installed.
    """

    name = "pycld2"

    def __init__(self, code: str, neighbours: Sequence[str], reject: Sequence[str]) -> None:
        try:
            self._cld2: Any = import_module("pycld2")
        except ImportError:
            raise Problem("pycld2 is not installed", where="identification.rejecters",
                          fix="pip install pycld2, or take it off the list") from None
        kept = {known(own) for own in (code, *neighbours)}
        knows = {short for _, short in self._cld2.LANGUAGES}
        self.rejected = {short: name for name in reject if (short := known(name)) in knows and short not in kept}

    @property
    def version(self) -> str:
        """Of the package and of CLD2."""
        return f"{self._cld2.__version__} ({self._cld2.VERSION})"

    @property
    def skipped(self) -> str | None:
        """Why lines cannot be judged, or None if they can."""
        return None if self.rejected else "no language to reject is known to CLD2"

    def judge(self, lines: Sequence[str]) -> list[str | None]:
        """For each line the reason to drop it, or None. Lines below four words are kept: too short to tell."""
        return [self._judge(line) for line in lines]

    def _judge(self, line: str) -> str | None:
        if self.skipped or len(words(line)) < LEAST_WORDS:
            return None
        try:
            reliable, _, details = self._cld2.detect(line, isPlainText=True)
        except self._cld2.error:  # characters that it cannot take: it says nothing of the line
            return None
        _, short, percent, _ = details[0]
        return f"identified as {self.rejected[short]}" if (reliable and short in self.rejected
                                                           and percent >= _LEAST_PERCENT) else None
