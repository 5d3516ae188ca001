"""Telling the language from a near relative by whole documents, where lines do not separate the two.

The mean log odds of a document's lines are compared with those of held-out lines of the seed and of the relative: two
normal distributions with one deviation, as in a linear discriminant (Fisher 1936). A document is refused if it is
``MARGIN`` more likely in the relative, since sources are chosen to be in the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from vernacular.langid.share import share_of

FILE = "document_rules.json"  # of ``corpus/identifier``
SEPARATED = 0.05  # of a relative's lines that may be accepted; with surely more, lines do not separate the two
MARGIN = 2.0  # log odds
FEW = 300  # lines of a relative: fewer are of one text, and its held-out lines are too much like those learned from
_BOUND = 5.0  # most that one line counts, as a logit
_LEAST_LINES = 10  # held-out lines of either
_LEAST_APART = 0.5  # deviations between the two means; with less, documents do not separate them either
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class DocumentRule:
    """How documents in one relative are recognized."""

    code: str  # of the relative
    by_line: bool  # whether lines separate the two, so that the rule is not needed
    own: float  # mean logit of held-out lines of the seed
    other: float  # the same of the relative
    deviation: float  # of a line's logit

    def log_odds(self, probabilities: Floats, of: NDArray[np.integer], documents: int) -> NDArray[np.float64]:
        """Return the log odds of each document of being in the language rather than in the relative.

        Args:
            probabilities: of lines, each by itself.
            of: the document of each line.
            documents: their number.
        """
        weight = (self.own - self.other) / self.deviation ** 2
        values = weight * (logits(probabilities) - (self.own + self.other) / 2)
        return np.bincount(of, values, documents).astype(np.float64)


def logits(probabilities: Floats) -> NDArray[np.float64]:
    """Return the bounded log odds of ``probabilities``."""
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = np.clip(np.log(probabilities / (1 - probabilities)), -_BOUND, _BOUND)
    return found


def fit_rule(code: str, own: Floats, other: Floats, threshold: float) -> DocumentRule | None:
    """Return the rule for the relative ``code``, or None if documents do not separate the two, or lines are few.

    Args:
        code: of the relative.
        own: probabilities of held-out lines of the seed.
        other: of the relative.
        threshold: from which a line is accepted.
    """
    if min(len(own), len(other)) < _LEAST_LINES:
        return None
    ours, theirs = logits(own), logits(other)
    deviation = float(np.sqrt((ours.var() * len(ours) + theirs.var() * len(theirs)) / (len(ours) + len(theirs))))
    if ours.mean() - theirs.mean() < _LEAST_APART * deviation or not deviation:
        return None
    by_line = share_of(int((other >= threshold).sum()), len(other)).low <= SEPARATED
    return DocumentRule(code, by_line, float(ours.mean()), float(theirs.mean()), deviation)


def write_rules(folder: Path, own: Floats, others: Mapping[str, Floats], threshold: float) -> None:
    """Write the rules for the languages of ``others`` (code -> probabilities of held-out lines) to ``folder``."""
    rules = [rule for code, other in others.items() if (rule := fit_rule(code, own, other, threshold)) is not None]
    (folder / FILE).write_bytes(orjson.dumps([asdict(rule) for rule in rules]))


def load_rules(folder: Path, decide_by: str) -> list[DocumentRule]:
    """Return the rules of a ``corpus/identifier`` artifact that apply.

    Args:
        folder: of the artifact.
        decide_by: as in ``identification``: ``line`` for none, ``auto`` for relatives that lines do not separate.
    """
    file = folder / FILE
    if decide_by == "line" or not file.is_file():
        return []
    rules = [DocumentRule(**rule) for rule in orjson.loads(file.read_bytes())]
    return [rule for rule in rules if decide_by == "document" or not rule.by_line]
