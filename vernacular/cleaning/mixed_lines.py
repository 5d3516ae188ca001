"""The rule on lines with a part in another language: the parts are listed, cut, or their lines dropped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vernacular.cleaning.features import Change
from vernacular.cleaning.refused_lines import RefusedLines
from vernacular.config.cleaning import Cleaning
from vernacular.config.stage_settings import CleanSettings
from vernacular.langid import SeedWords, load_seed_words
from vernacular.langid.foreign_spans import ForeignSpans, Span
from vernacular.langid.word_lists import lists_in
from vernacular.text.codepoints import Batch
from vernacular.text.line_batch import Lines

RULE = "mixed_lines"  # of changes and of dropped lines
COLUMNS = ("lines_mixed", "words_mixed", "words_cut")


class PartlyForeign:
    """Finds and handles parts of lines in other languages.

    Args:
        seed: the words of the seed.
        settings: of ``corpus/clean``.

    Attributes:
        refused: sorts the lines that identification refused.
    """

    def __init__(self, seed: SeedWords, settings: CleanSettings) -> None:
        self._cleaning: Cleaning = settings.cleaning
        self._spans = ForeignSpans(seed.model, seed.common, lists_in(settings.cleaning.reject_languages, settings.code))
        self.refused = RefusedLines(seed.common, self._spans)

    @classmethod
    def load(cls, identifier: Path, settings: CleanSettings) -> PartlyForeign | None:
        """Load it for the artifact of ``corpus/identifier``; None if there is no seed."""
        seed = load_seed_words(identifier)
        return None if seed is None else cls(seed, settings)

    def apply(self, lines: Lines, counts: NDArray[np.uint32],
              changes: Sequence[list[Change]]) -> dict[str, NDArray[np.uint32]]:
        """Note the parts in ``changes`` (of each document), cut them, or drop their lines.

        A part of fewer than ``mixed_words`` words is only noted. ``counts``, the words of all lines, is updated.

        Returns:
            ``COLUMNS``: for each document the lines with parts, the words in these, and the words that were cut.
        """
        totals = no_parts(len(changes))
        if self._cleaning.mixed_lines == "keep":
            return totals
        found = self._spans.find(lines.texts)
        owner, numbers, words = lines.owner.tolist(), lines.all_numbers[lines.at].tolist(), counts[lines.at].tolist()
        dropped: dict[int, str] = {}
        for index, spans in found.items():
            long = [span for span in spans if span.words >= self._cleaning.mixed_words]
            share = sum(span.words for span in long) / max(words[index], 1)
            if self._cleaning.mixed_lines == "drop" and long and share >= self._cleaning.mixed_share:
                dropped[index] = f"{share:.0%} of its words are {long[0].language}"
                continue
            text, cut = lines.texts[index], self._cleaning.mixed_lines == "cut"
            left = _without(text, long) if cut else text
            if not any(map(str.isalpha, left)):
                dropped[index] = f"all of it is {long[0].language}"
                continue
            if cut:  # what is dropped later has only the words that are left
                counts[lines.at[index]] = Batch([left]).word_counts[0]
            for name, number in zip(COLUMNS, (1, sum(span.words for span in spans),
                                              words[index] - int(counts[lines.at[index]])), strict=True):
                totals[name][owner[index]] += number
            changes[owner[index]].extend(Change(
                numbers[index], RULE, span.start, text[span.start:span.end],
                "" if cut and span in long else text[span.start:span.end]) for span in spans)
            lines.texts[index] = left
        for of in {owner[index] for index in found}:
            changes[of].sort(key=lambda change: change.line)
        lines.drop(dict(sorted(dropped.items())), RULE)
        return totals


def no_parts(documents: int) -> dict[str, NDArray[np.uint32]]:
    """Return ``COLUMNS`` for documents without parts in another language."""
    return {name: np.zeros(documents, dtype=np.uint32) for name in COLUMNS}


def _without(text: str, spans: Sequence[Span]) -> str:
    """Return ``text`` without the parts."""
    left, at = [], 0
    for span in spans:
        left.append(text[at:span.start])
        at = span.end
    return " ".join("".join([*left, text[at:]]).split())
