"""CLD2 with pycld2 (Sites 2013): about 165 languages, including Chichewa, Ganda and Faroese; optional."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import langcodes

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.langid.external import LEAST_WORDS
from vernacular.text.words import words

_LEAST_PERCENT = 80  # of a line's bytes, so that a quotation does not drop the line


def known(code: str) -> str:
    """Return CLD2's code for a language: the shortest, as in BCP 47."""
    return "no" if code in ("nor", "nob", "nno") else langcodes.standardize_tag(code).split("-")[0]


class Cld2:
    """Drops lines that CLD2 reliably identifies as a language to reject.

    Args:
        code: of the language; never rejected.
        neighbours: codes of similar languages; never rejected.
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
                          fix="Run `pip install pycld2`, or remove it from the list", code=Code.INSTALLATION) from None
        kept = {known(own) for own in (code, *neighbours)}
        knows = {short for _, short in self._cld2.LANGUAGES}
        self.rejected = {short: name for name in reject if (short := known(name)) in knows and short not in kept}

    @property
    def version(self) -> str:
        """The versions of the package and of CLD2."""
        return f"{self._cld2.__version__} ({self._cld2.VERSION})"

    @property
    def skipped(self) -> str | None:
        """Why it cannot judge lines, or None."""
        return None if self.rejected else "CLD2 knows none of the languages to reject"

    def load(self) -> None:
        """Do nothing: the model is loaded already."""

    def judge(self, lines: Sequence[str]) -> list[str | None]:
        """Return for each line the reason to drop it, or None. Lines below four words are kept."""
        return [self._judge(line) for line in lines]

    def _judge(self, line: str) -> str | None:
        if self.skipped or len(words(line)) < LEAST_WORDS:
            return None
        try:
            reliable, _, details = self._cld2.detect(line, isPlainText=True)
        except self._cld2.error:  # invalid characters: no decision
            return None
        _, short, percent, _ = details[0]
        return f"identified as {self.rejected[short]}" if (reliable and short in self.rejected
                                                           and percent >= _LEAST_PERCENT) else None
