"""How many lines of a neighboring language the identifier accepts, without and with text in it as contrast.

Measured on lines that no model saw: every fifth line of the seed, and each fifth of the neighbor's lines with a
contrast model of the others. Of a neighbor with ``FEW`` lines, which are of one text, only the first is measured.
The identifier here is that of the seed alone, without external identifiers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.classifier import SeedIdentifier
from vernacular.langid.document_rule import FEW, SEPARATED
from vernacular.langid.limits import SHARED, build, count_words, weights_of
from vernacular.langid.share import share_of

LEAST_LINES = 20  # of a neighbor; fewer measure nothing
_FOLDS = 5
_MOST_LINES = 1000  # of a neighbor that are read


@dataclass(frozen=True)
class Separation:
    """How well one neighboring language is separated from the language."""

    code: str  # of the neighbor
    lines: int  # of the neighbor, none of them seen by its model
    without: int  # of these, accepted without contrast
    accepted: int | None  # accepted with contrast; None if not measured
    own: int  # held-out lines of the seed
    own_accepted: int  # of these, accepted

    @property
    def by_line(self) -> bool:
        """Whether hardly any line of the neighbor is accepted, as a run decides it (``document_rule``)."""
        return share_of(self.without if self.accepted is None else self.accepted, self.lines).low <= SEPARATED

    def precision(self, accepted: int) -> float:
        """Return the precision if there are as many lines of the neighbor as of the language.

        Args:
            accepted: lines of the neighbor: ``without`` or ``accepted``.
        """
        right, wrong = self.own_accepted / max(self.own, 1), accepted / max(self.lines, 1)
        return right / (right + wrong) if right + wrong else 0.0


def measure_separation(seed: Sequence[str], others: Mapping[str, Sequence[str]], *, code: str,
                       shared: float = SHARED, chance: int = 1) -> list[Separation]:
    """Return the separation from each language of ``others`` that has ``LEAST_LINES``, in their order.

    Args:
        seed: lines known to be in the language.
        others: language code -> lines in that language.
        code: of the language.
        shared: share of real words in the negatives that set the limits.
        chance: random seed.
    """
    asked = {name: list(lines)[:_MOST_LINES] for name, lines in others.items() if len(lines) >= LEAST_LINES}
    if not asked:
        return []
    held_out, left = list(seed[::_FOLDS]), [line for number, line in enumerate(seed) if number % _FOLDS]
    alone, _ = build(left, code, {}, shared, chance)
    found = []
    for name, lines in asked.items():
        without, accepted, own = _accepted(alone, lines), None, _accepted(alone, held_out)
        if len(lines) >= FEW:
            folds = [_with_contrast(alone, name, [line for at, line in enumerate(lines) if at % _FOLDS != fold])
                     for fold in range(_FOLDS)]
            accepted = sum(_accepted(folds[fold], lines[fold::_FOLDS]) for fold in range(_FOLDS))
            own = _accepted(folds[0], held_out)
        found.append(Separation(name, len(lines), without, accepted, len(held_out), own))
    return found


def _with_contrast(identifier: SeedIdentifier, code: str, lines: Sequence[str]) -> SeedIdentifier:
    """Return ``identifier`` with a model of ``lines`` in the language ``code``."""
    model = CharacterModel.learn(weights_of(count_words(lines)))
    return SeedIdentifier(identifier.own, known=identifier.known, common=identifier.common, lists=identifier.lists,
                          others={code: model}, limits=identifier.limits, reader=identifier.reader)


def _accepted(identifier: SeedIdentifier, lines: Sequence[str]) -> int:
    return int((identifier.distances(identifier.costs(lines)) >= 0).sum())
