"""What is left of a batch of documents as columns of its table (``cache``), with hashes to compare it by. No rule.

Levels: ``lines`` that are left, with their text; ``sketches`` of documents of several lines; ``masks``, places where
private data was; ``rejects``; ``changes``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vernacular.cleaning import minhash as sketch
from vernacular.cleaning import mt_signals as machine_translation
from vernacular.cleaning.cache import Columns, lists_of, vectors_of
from vernacular.cleaning.decontamination import HeldOut
from vernacular.text.line_batch import Lines
from vernacular.text.word_hashes import Ints, Tokens, offsets

Mask = Callable[[list[str], Counter[str]], list[str]]


@dataclass(frozen=True)
class Change:
    """What was repaired or spelled otherwise in a line."""

    line: int  # its number in the document, from 1
    rule: str  # that changed it
    offset: int | None  # of a change within the line; None where the whole line was repaired
    before: str  # the text, or the line
    after: str  # what it became


def record(lines: Lines, documents: Mapping[str, list[Any]], counts: NDArray[np.uint32], mask: Mask,
           held_out: HeldOut, near_duplicate: float) -> Columns:
    """The columns about what is left, and about what was dropped.

    Args:
        lines: what is left and what was dropped; private data in it is masked here.
        documents: their columns ``path``, ``whole`` and ``flags``.
        counts: words of all lines.
        mask: masks private data in lines, and counts it by kind.
        held_out: text that no kept line may share.
        near_duplicate: similarity of near-duplicates.
    """
    number = len(documents["path"])
    owner = lines.owner
    left = np.bincount(owner, minlength=number)
    masks = _masks(lines, left, mask)
    tokens = Tokens(lines.texts)
    several = (left > 1) & (np.bincount(owner, tokens.counts, number) >= sketch.LEAST_WORDS)
    whole = sketch.sketches(tokens, left, np.flatnonzero(several), sketch.DOCUMENT)
    return {
        "lines": lists_of(left, {
            "text": pa.array(lines.texts, pa.string()), "number": lines.all_numbers[lines.at].astype(np.uint32),
            "hash": tokens.line_hashes, "words": tokens.counts.astype(np.uint32), "before": counts[lines.at],
            "held": held_out.judge(tokens),
            "characters": np.fromiter(map(len, lines.texts), np.uint32, len(lines.texts)),
            **_sketched(tokens, near_duplicate)}),
        "sketches": lists_of(several.astype(np.int64), {
            **_banded(sketch.bands(whole, near_duplicate)), "slots": vectors_of(whole)}),
        "masks": masks, "rejects": _rejects(lines, number, counts, mask), **_flags(lines, documents, left),
        "place": pa.array(map(_place, documents["path"], documents["whole"]), pa.string())}


def _masks(lines: Lines, left: Ints, mask: Mask) -> pa.ListArray:
    """Mask private data in the lines; where it was, of which kind, and how often."""
    plain, lines.texts = lines.texts, mask(lines.texts, Counter())
    found: list[tuple[int, int, str, int]] = []  # document, line in it among those left, kind, how often
    owner, first = lines.owner, offsets(left)
    for index, (one, other) in enumerate(zip(plain, lines.texts, strict=True)):
        if one is not other and one != other:
            counter: Counter[str] = Counter()
            mask([one], counter)
            of = int(owner[index])
            found += [(of, index - int(first[of]), kind, number) for kind, number in counter.items()]
    owners, at, kinds, numbers = map(list, zip(*found, strict=True)) if found else ([], [], [], [])
    return lists_of(np.bincount(np.array(owners, np.int64), minlength=len(left)), {
        "line": pa.array(at, pa.uint32()), "kind": pa.array(kinds, pa.string()),
        "number": pa.array(numbers, pa.uint32())})


def _sketched(tokens: Tokens, least: float) -> Columns:
    """What lines that are long enough are compared by; zeros for the others."""
    long = np.flatnonzero(tokens.counts >= sketch.LEAST_WORDS)
    bands = np.zeros((len(tokens.counts), sketch.shape(least, sketch.LINE)[0]), dtype=np.uint32)
    slots = np.zeros((len(tokens.counts), sketch.LINE), dtype=np.uint8)
    found = sketch.sketches(tokens, np.ones(len(tokens.counts), dtype=np.int64), long, sketch.LINE)
    bands[long], slots[long] = sketch.bands(found, least), sketch.short(found)
    return {**_banded(bands), "slots": vectors_of(slots)}


def band_name(number: int) -> str:
    """The column of a band; each has its own, so that one can be read without the others."""
    return f"band_{number}"


def _banded(bands: NDArray[np.uint32]) -> Columns:
    return {band_name(number): np.ascontiguousarray(band) for number, band in enumerate(bands.T)}


def _flags(lines: Lines, documents: Mapping[str, list[Any]], left: Ints) -> Columns:
    """The flags of each document, with signs of machine translation added, and whether there are such signs."""
    flags, translated = [], []
    first = 0
    for path, old, count in zip(documents["path"], documents["flags"], left.tolist(), strict=True):
        found = machine_translation.flags({"path": path, "flags": old},
                                          lines.texts[first:first + count]) if count else []
        first += count
        flags.append([*old, *(flag for flag in found if flag not in old)])
        translated.append(bool(found))
    return {"flags": pa.array(flags, pa.list_(pa.string())), "translated": np.array(translated, dtype=np.uint8)}


def _rejects(lines: Lines, number: int, counts: NDArray[np.uint32], mask: Mask) -> pa.ListArray:
    """The lines that were dropped."""
    texts = mask([text for _, _, _, text in lines.rejects], Counter())
    at = np.array([reject[0] for reject in lines.rejects], dtype=np.int64)
    order = np.argsort(at, kind="stable")
    rules = np.array([reject[1] for reject in lines.rejects], dtype=np.uint8)
    return lists_of(np.bincount(lines.all_owners[at], minlength=number), {
        "rule": rules[order], "line": lines.all_numbers[at[order]].astype(np.uint32), "words": counts[at[order]],
        "kind": lines.kinds[at[order]],
        "reason": pa.array([lines.rejects[place][2] for place in order.tolist()], pa.string()),
        "text": pa.array([texts[place] for place in order.tolist()], pa.string())})


def record_changes(changes: Sequence[Sequence[Change]], mask: Mask) -> pa.ListArray:
    """What was repaired and spelled otherwise in each document, in order, with private data masked."""
    every = [change for found in changes for change in found]
    texts = mask([text for change in every for text in (change.before, change.after)], Counter())
    return lists_of(np.fromiter(map(len, changes), np.int64, len(changes)), {
        "line": pa.array([change.line for change in every], pa.int32()),
        "rule": pa.array([change.rule for change in every], pa.string()),
        "offset": pa.array([change.offset for change in every], pa.int32()),
        "before": pa.array(texts[::2], pa.string()), "after": pa.array(texts[1::2], pa.string())})


def _place(path: str, whole: bool) -> str:
    if "://" in path:
        return f"//{urlsplit(path).netloc}"
    return "" if whole else path
