"""Identification results for a person: the rows that ``vernacular identify`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.langid import load_identifier
from vernacular.langid.ensemble import Ensemble
from vernacular.text.normalization import normalise, repair
from vernacular.text.spelling import Speller

_BATCH = 10_000


@dataclass(frozen=True)
class Answer:
    """The result for one line."""

    accepted: bool  # whether it is identified as the language
    probability: float  # of that, 0 to 1
    bits: float  # its cost per character, including the charge for unknown short words
    limit: float  # the largest accepted cost for as many words
    nearest: str  # the contrast language with the lowest cost; empty without contrast
    text: str  # the line

    def row(self) -> dict[str, Any]:
        """Return the result as a row for JSON Lines."""
        return asdict(self)


def open_identifier(store: Store, language: Language) -> Ensemble:
    """Load the current identifier of ``language``.

    Raises:
        Problem: it has not been trained, or there is no seed.
    """
    artifact = store.current(language.code, "corpus/identifier")
    if artifact is None:
        raise Problem("the identifier has not been trained yet", where=language.code,
                      fix=f"Run `vernacular run {language.code} --to corpus/identifier`", code=Code.RESULT_MISSING)
    identifier = load_identifier(artifact.folder)
    if not isinstance(identifier, Ensemble):
        raise Problem("there is no text known to be in the language to train on", where=language.code,
                      fix=f"Put a few hundred lines into {language.identification.seed}, or mark a source "
                          "`trusted: true`, and run again", code=Code.SOURCE_EMPTY)
    return identifier


def answers(identifier: Ensemble, language: Language, lines: Sequence[str]) -> Iterator[Answer]:
    """Yield the result of each nonempty line, read in the corpus's spelling."""
    speller = Speller(language.cleaning.orthography, language.script)
    for start in range(0, len(lines), _BATCH):
        spelled, _ = speller.apply(normalise(repair(lines[start:start + _BATCH])[0]))
        texts = [line for line in spelled if line]
        costs, scores = identifier.costs(texts), identifier.scores(texts)
        limits = identifier.limits_of(costs)
        names = [*identifier.others, ""]
        for number, text in enumerate(texts):
            yield Answer(accepted=bool(scores[number] >= identifier.threshold),
                         probability=round(float(scores[number]), 4), bits=round(float(costs.own[number]), 3),
                         limit=round(float(limits[number]), 3), nearest=names[costs.which[number]], text=text)
