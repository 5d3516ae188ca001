"""Lines that were there before: equal ones, and near-duplicates by MinHash over character 5-grams (Broder 1997).

The first of each is kept, in the order of the corpus.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from rensa import RMinHash, RMinHashLSH

from vernacular.corpus.words import plain_words

_PERMUTATIONS, _BANDS = 128, 32  # at a similarity of 0.8, a pair is missed once in ten million
_SHINGLE = 5
_LEAST_WORDS = 8


def repeated(lines: Sequence[str]) -> list[str | None]:
    """For each line the reason to drop it (an equal line stands before it), or None."""
    seen: set[bytes] = set()
    reasons: list[str | None] = []
    for line in lines:
        digest = hashlib.blake2b(line.encode(), digest_size=12).digest()
        reasons.append("an equal line stands before it" if digest in seen else None)
        seen.add(digest)
    return reasons


def nearly_repeated(lines: Sequence[str], least: float) -> list[str | None]:
    """For each line the reason to drop it (a kept line before it is as similar as ``least``), or None.

    Similarity is the Jaccard index of the character 5-grams of the casefolded words. MinHash finds the candidates, the
    index itself decides. Lines below 8 words are kept: short phrases recur in every text.
    """
    index = RMinHashLSH(threshold=min(max(least, 0.1), 0.99), num_perm=_PERMUTATIONS, num_bands=_BANDS)
    reasons: list[str | None] = [None] * len(lines)
    for number, line in enumerate(lines):
        shingles = _shingles(line)
        if shingles is None:
            continue
        sketch = RMinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update(list(shingles))
        best = max((_jaccard(shingles, _shingles(lines[other]) or set()) for other in index.query(sketch)), default=0.0)
        if best >= least:
            reasons[number] = f"similarity {best:.2f} to a line before it"
        else:
            index.insert(number, sketch)
    return reasons


def _shingles(line: str) -> set[str] | None:
    found = plain_words(line)
    if len(found) < _LEAST_WORDS:
        return None
    text = " ".join(found)
    return {text[start:start + _SHINGLE] for start in range(len(text) - _SHINGLE + 1)}


def _jaccard(one: set[str], other: set[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)
