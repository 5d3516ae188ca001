"""Self-training: lines of the documents that the identifier is sure of join the seed, in rounds.

What joins is a fixed function of the documents and the seed: lines of six words or more that are surely in the
language, at most twice as many as the seed has, chosen by their digests: the order of the documents does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vernacular.config.stage_settings import IdentifierSettings
from vernacular.core.jsonl import read_jsonl
from vernacular.core.store import Report
from vernacular.langid.train import learn
from vernacular.provenance.document import short_digest
from vernacular.text.normalization import normalise, repair
from vernacular.text.spelling import Speller

_SURE = 0.98
_LEAST_WORDS = 6
_TIMES = 2


def add_rounds(seed: Sequence[str], documents: Path, settings: IdentifierSettings,
               contrast: Mapping[str, Sequence[str]], chance: int, report: Report) -> list[str]:
    """The seed with what joined it in ``settings.identification.rounds`` rounds."""
    lines = list(dict.fromkeys(line for row in read_jsonl(documents) for line in row["text"].split("\n") if line))
    pool, _ = Speller(settings.orthography, settings.script).apply(normalise(repair(lines)[0]))
    own, joined = set(seed), list(seed)
    for number in range(1, settings.identification.rounds + 1):
        identifier = learn(joined, code=settings.code, others=contrast, chance=chance)
        scores, words = identifier.scores(pool), identifier.costs(pool).words
        sure = {line for line, score, length in zip(pool, scores, words, strict=True)
                if score >= _SURE and length >= _LEAST_WORDS and line not in own}
        chosen = sorted(sure, key=short_digest)[:_TIMES * len(seed)]
        joined = [*seed, *chosen]
        report.count(f"joined_round_{number}", len(chosen), f"lines that joined the seed in round {number}", "lines")
    return joined
