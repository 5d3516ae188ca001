"""The lines of a batch of documents on their way through the rules for single documents, and these rules' names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vernacular.text.word_hashes import Ints

RULES = {  # in their order: what a rejected line is
    "encoding": "with lost characters or mojibake that cannot be undone", "empty": "without a letter",
    "script": "with too few letters of the language's script", "short": "below the least number of words",
    "identification": "taken for another language",
    "document_identification": "of documents taken for another language",
    "repetition": "that repeat themselves", "thresholds": "unlike any line of the seed"}
NUMBERS = {name: number for number, name in enumerate(RULES)}


class Lines:
    """The lines of a batch on their way through the rules.

    Args:
        texts: all lines.
        owner: the document that each is of.
        number: its number in that document, from 1.

    Attributes:
        texts: the lines that are left.
        at: where each of these stood among all lines.
        rejects: (where a line stood, number of the rule, reason, text) of the others, rule by rule.
    """

    def __init__(self, texts: list[str], owner: Ints, number: Ints) -> None:
        self.texts = texts
        self.at: Ints = np.arange(len(texts), dtype=np.int64)
        self.all_owners, self.all_numbers = owner, number
        self.rejects: list[tuple[int, int, str, str]] = []

    @property
    def owner(self) -> Ints:
        """The document that each line left is of."""
        return self.all_owners[self.at]

    def drop(self, found: Mapping[int, str], rule: str | None) -> None:
        """Take out the lines in ``found`` (index among those left -> reason); without a rule, they never were lines."""
        if not found:
            return
        if rule is not None:
            at = self.at.tolist()
            self.rejects += [(at[index], NUMBERS[rule], reason, self.texts[index]) for index, reason in found.items()]
        kept = np.ones(len(self.texts), dtype=np.bool_)
        kept[list(found)] = False
        self.texts = [self.texts[index] for index in np.flatnonzero(kept).tolist()]
        self.at = self.at[kept]
