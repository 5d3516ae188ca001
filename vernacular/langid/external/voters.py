"""External identifiers as voters: each labels every line with a language and gives its surety.

Nothing here is specific to a language: the weight of the votes for one is measured on its seed
(``vernacular.langid.votes``). A voter is imported only where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.langid.external import PACKAGES, version_of
from vernacular.langid.external.glotlid import fetched, label_of, load_model
from vernacular.langid.votes import Votes

QUICK = ("pycld2", "heliport")  # used by default where they are installed; the order is that of their votes
_NO_LANGUAGE = ("und", "zxx")  # undetermined, and no linguistic content


class Voter(Protocol):
    """Labels lines with languages.

    Attributes:
        name: as in ``identification.members``.
    """

    name: str

    def votes(self, lines: Sequence[str]) -> Votes:
        """Return the label of each line, and how sure it is."""
        ...


def installed() -> tuple[str, ...]:
    """Return the names of the voters in ``QUICK`` that are installed."""
    return tuple(name for name in QUICK if version_of(name))


def open_voters(names: Sequence[str]) -> list[Voter]:
    """Open the voters ``names``, in this order.

    Raises:
        Problem: one is unknown or not installed, or its model is unavailable.
    """
    return [_open(name) for name in names]


def _open(name: str) -> Voter:
    kinds: dict[str, type[Voter]] = {"pycld2": _Cld2, "heliport": _Heliport, "lingua": _Lingua, "glotlid": _GlotLid}
    if name not in kinds:
        raise Problem(f"unknown identifier '{name}'", where="identification.members",
                      fix=f"Use {', '.join(kinds)}", code=Code.CONFIG_VALUE)
    return kinds[name]()


def _library(module: str, name: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise Problem(f"{name} is not installed", where="identification.members",
                      fix=f"Run `pip install {PACKAGES[name]}`, or remove it from the list",
                      code=Code.INSTALLATION) from None


class _Cld2:
    """CLD2 with pycld2 (Sites 2013): some 165 languages; surety is its score per kilobyte."""

    name = "pycld2"

    def __init__(self) -> None:
        self._library = _library("pycld2", self.name)

    def votes(self, lines: Sequence[str]) -> Votes:
        """Return its labels, none where it calls itself unreliable."""
        labels, surety = [], np.zeros(len(lines))
        for number, line in enumerate(lines):
            try:
                reliable, _, details = self._library.detect(line, isPlainText=True)
            except self._library.error:  # invalid characters
                labels.append("")
                continue
            labels.append(details[0][1] if reliable else "")
            surety[number] = details[0][3]
        return Votes(labels, surety)


class _Heliport:
    """HeLI-OTS with heliport (Jauhiainen et al. 2022): some 200 languages; surety is the lead over the second."""

    name = "heliport"

    def __init__(self) -> None:
        self._identifier = _library("heliport", self.name).Identifier()

    def votes(self, lines: Sequence[str]) -> Votes:
        """Return its labels, none where it is below its own thresholds."""
        found = [self._identifier.identify_with_score(line) for line in lines]
        return Votes(["" if label in _NO_LANGUAGE else label for label, _ in found],
                     np.array([score for _, score in found], np.float64))


class _Lingua:
    """lingua (Stahl 2022) with trigrams alone: 75 languages; surety is its probability. Slow, with 100 MB of models."""

    name = "lingua"

    def __init__(self) -> None:
        builder = _library("lingua", self.name).LanguageDetectorBuilder.from_all_languages()
        self._detector = builder.with_low_accuracy_mode().build()

    def votes(self, lines: Sequence[str]) -> Votes:
        """Return the likeliest language of each line that has letters."""
        found = [values[0] for values in map(self._detector.compute_language_confidence_values, lines)]
        return Votes([best.language.iso_code_639_3.name.lower() if best.value else "" for best in found],
                     np.array([best.value for best in found], np.float64))


class _GlotLid:
    """GlotLID with fastText (Kargaran et al. 2023): about 2,000 languages; surety is its probability."""

    name = "glotlid"

    def __init__(self) -> None:
        self._model = load_model(fetched())

    def votes(self, lines: Sequence[str]) -> Votes:
        """Return the likeliest language of each line."""
        found = [self._model.predict(line.replace("\n", " ") + "\n", 1, 0.0, "strict") for line in lines]
        return Votes([label_of(best[0][1]) if best else "" for best in found],
                     np.array([best[0][0] if best else 0.0 for best in found], np.float64))
