"""The lines of a batch of documents during document-level rules, and the names of these rules."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vernacular.text.word_hashes import Ints

RULES = {  # in order; each names what is dropped
    "encoding": "with lost characters or mojibake that cannot be undone", "empty": "without a letter",
    "script": "with too few letters of the language's script", "short": "with fewer words than the minimum",
    "identification": "identified as another language",
    "document_identification": "in documents identified as another language",
    "mixed_lines": "with too large a part in another language",
    "repetition": "that repeat themselves", "thresholds": "unlike any line of the seed"}
NUMBERS = {name: number for number, name in enumerate(RULES)}


class Lines:
    """The remaining lines of a batch.

    Args:
        texts: all lines.
        owner: the document of each line.
        number: its line number in that document, from 1.

    Attributes:
        texts: the remaining lines.
        at: the original index of each.
        rejects: (original index, rule number, reason, text) of the others, rule by rule.
        kinds: the kind of each original line that identification refused (``cleaning.refused_lines``), else 0.
    """

    def __init__(self, texts: list[str], owner: Ints, number: Ints) -> None:
        self.texts = texts
        self.at: Ints = np.arange(len(texts), dtype=np.int64)
        self.all_owners, self.all_numbers = owner, number
        self.rejects: list[tuple[int, int, str, str]] = []
        self.kinds = np.zeros(len(texts), dtype=np.uint8)

    @property
    def owner(self) -> Ints:
        """The document of each remaining line."""
        return self.all_owners[self.at]

    def drop(self, reasons: Mapping[int, str], rule: str | None) -> None:
        """Remove the lines in ``found`` (index among the remaining -> reason); without a rule, record nothing."""
        if not reasons:
            return
        if rule is not None:
            at = self.at.tolist()
            self.rejects += [(at[index], NUMBERS[rule], reason, self.texts[index]) for index, reason in reasons.items()]
        kept = np.ones(len(self.texts), dtype=np.bool_)
        kept[list(reasons)] = False
        self.texts = [self.texts[index] for index in np.flatnonzero(kept).tolist()]
        self.at = self.at[kept]
