"""Self-training: confidently identified lines of the documents join the seed, in rounds.

The selection is a fixed function of documents and seed: confident lines of six words or more, at
most twice as many as the seed, chosen by digest and thus independent of the document order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vernacular.config.stage_settings import IdentifierSettings
from vernacular.core.report import Report
from vernacular.langid.train import learn
from vernacular.provenance.corpus_tables import read_rows
from vernacular.provenance.document import short_digest
from vernacular.text.normalization import normalise, repair
from vernacular.text.spelling import Speller

_SURE = 0.98
_LEAST_WORDS = 6
_TIMES = 2


def add_rounds(seed: Sequence[str], documents: Path, settings: IdentifierSettings,
               contrast: Mapping[str, Sequence[str]], chance: int, report: Report) -> list[str]:
    """Return the seed with the lines added in ``settings.identification.rounds`` rounds."""
    lines = list(dict.fromkeys(line for row in read_rows(documents, ["text"])
                               for line in row["text"].split("\n") if line))
    pool, _ = Speller(settings.orthography, settings.script).apply(normalise(repair(lines)[0]))
    own, joined = set(seed), list(seed)
    for number in range(1, settings.identification.rounds + 1):
        identifier = learn(joined, code=settings.code, others=contrast, chance=chance,
                           members=settings.identification.members, precision=settings.identification.precision)
        scores, words = identifier.scores(pool), identifier.costs(pool).words
        sure = {line for line, score, length in zip(pool, scores, words, strict=True)
                if score >= _SURE and length >= _LEAST_WORDS and line not in own}
        chosen = sorted(sure, key=short_digest)[:_TIMES * len(seed)]
        joined = [*seed, *chosen]
        report.count(f"joined_round_{number}", len(chosen), f"lines added to the seed in round {number}", "lines")
    return joined
