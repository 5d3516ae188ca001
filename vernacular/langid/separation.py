"""How many lines of a neighboring language the identifier accepts, without and with text in it as contrast.

Measured on lines that no model saw: every fifth line of the seed, and each fifth of the neighbor's lines with a
contrast model of the others. The identifier here is that of the seed alone, without external identifiers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.classifier import SeedIdentifier
from vernacular.langid.limits import SHARED, build, count_words, weights_of
from vernacular.langid.stage_results import ShareOfLines

LEAST_LINES = 20  # of a neighbor; fewer measure nothing
SEPARATED = 0.05  # of a neighbor's lines that may be accepted; with more, lines do not separate the two languages
INSEPARABLE = "inseparable.json"  # of ``corpus/identifier``: the neighbors that lines do not separate
_FOLDS = 5
_MOST_LINES = 1000  # of a neighbor that are read


@dataclass(frozen=True)
class Separation:
    """How well one neighboring language is told from the language."""

    code: str  # of the neighbor
    lines: int  # of the neighbor, none of them seen by its model
    without: int  # of these, accepted without contrast
    accepted: int  # accepted with contrast
    own: int  # held-out lines of the seed
    own_accepted: int  # of these, accepted with contrast

    @property
    def by_line(self) -> bool:
        """Whether hardly any line of the neighbor is accepted."""
        return self.accepted <= SEPARATED * self.lines

    def precision(self, accepted: int) -> float:
        """Return the precision if there are as many lines of the neighbor as of the language.

        Args:
            accepted: lines of the neighbor: ``without`` or ``accepted``.
        """
        right, wrong = self.own_accepted / max(self.own, 1), accepted / max(self.lines, 1)
        return right / (right + wrong) if right + wrong else 0.0


def inseparable(contrast: Mapping[str, ShareOfLines]) -> list[str]:
    """Return the languages of which surely more than ``SEPARATED`` of the held-out lines were accepted."""
    return [code for code, accepted in contrast.items() if accepted.lines and accepted.low > SEPARATED]


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
        accepted, own = 0, 0
        for fold in range(_FOLDS):
            contrasted = _with_contrast(alone, name, [line for at, line in enumerate(lines) if at % _FOLDS != fold])
            accepted += _accepted(contrasted, lines[fold::_FOLDS])
            own += _accepted(contrasted, held_out) if fold == 0 else 0
        found.append(Separation(name, len(lines), _accepted(alone, lines), accepted, len(held_out), own))
    return found


def _with_contrast(identifier: SeedIdentifier, code: str, lines: Sequence[str]) -> SeedIdentifier:
    """Return ``identifier`` with a model of ``lines`` in the language ``code``."""
    model = CharacterModel.learn(weights_of(count_words(lines)))
    return SeedIdentifier(identifier.own, known=identifier.known, common=identifier.common, lists=identifier.lists,
                          others={code: model}, limits=identifier.limits, reader=identifier.reader)


def _accepted(identifier: SeedIdentifier, lines: Sequence[str]) -> int:
    return int((identifier.distances(identifier.costs(lines)) >= 0).sum())
