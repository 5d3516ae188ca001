"""What is left of a batch of documents as the arrays of a table (``cache``), with hashes to compare it by. No rule.

Levels: ``rows``; ``lines`` that are left; ``sketches`` of documents of several lines; ``masks``, places where private
data was; ``rejects``; ``changes``. Blobs: ``texts``, the rows as they are written in the end; ``rejected`` and
``changed``, rows of JSON; ``names``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson
from numpy.typing import NDArray

from vernacular.cleaning import minhash as sketch
from vernacular.cleaning import mt_signals as machine_translation
from vernacular.cleaning.cache import Arrays
from vernacular.cleaning.decontamination import Held
from vernacular.provenance.document import RIGHTS
from vernacular.text.line_batch import RULES, Lines
from vernacular.text.word_hashes import Ints, Tokens, offsets

Row = dict[str, Any]
Mask = Callable[[list[str], Counter[str]], list[str]]
# These cannot stand inside a string of JSON, where quotes are escaped. Between text and register are the RIGHTS.
_TEXT, _REGISTER, _BACKSLASH = b',"text":"', b',"register":"', ord("\\")


def record(lines: Lines, rows: Sequence[bytes], documents: Sequence[Row], counts: NDArray[np.uint32],
           mask: Mask, held: Held, near_duplicate: float) -> Arrays:
    """The arrays about what is left, and about what was dropped.

    Args:
        lines: what is left and what was dropped; private data in it is masked here.
        rows: the documents as they were read, in JSON.
        documents: the same, parsed.
        counts: words of all lines.
        mask: masks private data in lines, and counts it by kind.
        held: text that no kept line may share.
        near_duplicate: similarity of near-duplicates.
    """
    owner = lines.owner
    left = np.bincount(owner, minlength=len(documents))
    table, kinds = _masks(lines, left, mask)
    tokens = Tokens(lines.texts)
    several = (left > 1) & (np.bincount(owner, tokens.counts, len(documents)) >= sketch.LEAST_WORDS)
    table |= {
        "rows.id": np.array([document["id"] for document in documents], dtype="S16"),
        "rows.lines": left.astype(np.uint32), "lines.number": lines.all_numbers[lines.at].astype(np.uint32),
        "lines.hash": tokens.line_hashes, "lines.words": tokens.counts.astype(np.uint32),
        "lines.before": counts[lines.at], "lines.held": held.judge(tokens),
        "lines.characters": np.fromiter(map(len, lines.texts), np.uint32, len(lines.texts)),
        **_sketched(tokens, near_duplicate), "rows.sketches": several.astype(np.uint32),
        "sketches.slots": sketch.sketches(tokens, left, np.flatnonzero(several), sketch.DOCUMENT).ravel(),
        **_texts(lines, rows, documents, left), **_rejects(lines, documents, counts, mask)}
    groups: dict[tuple[str, str, str, str], int] = {}
    table["rows.group"] = np.array([
        groups.setdefault((document["source"], document["register"], document["licence"],
                           _place(document["path"], document.get("whole", False))), len(groups))
        for document in documents], dtype=np.uint32)
    table["names"] = np.frombuffer(orjson.dumps({"masks": kinds, "groups": list(groups)}), dtype=np.uint8)
    return table


def _masks(lines: Lines, left: Ints, mask: Mask) -> tuple[Arrays, list[str]]:
    """Mask private data in the lines; where it was, and the kinds that it was of."""
    plain, lines.texts = lines.texts, mask(lines.texts, Counter())
    kinds: dict[str, int] = {}
    found: list[tuple[int, int, int, int]] = []  # document, line in it among those left, kind, how often
    owner, first = lines.owner, offsets(left)
    for index, (one, other) in enumerate(zip(plain, lines.texts, strict=True)):
        if one is not other and one != other:
            counter: Counter[str] = Counter()
            mask([one], counter)
            of = int(owner[index])
            found += [(of, index - int(first[of]), kinds.setdefault(kind, len(kinds)), number)
                      for kind, number in counter.items()]
    columns = np.array(found, dtype=np.uint32).reshape(-1, 4)
    return {"rows.masks": np.bincount(columns[:, 0], minlength=len(left)).astype(np.uint32),
            "masks.line": columns[:, 1], "masks.kind": columns[:, 2], "masks.number": columns[:, 3]}, list(kinds)


def _sketched(tokens: Tokens, least: float) -> Arrays:
    """What lines that are long enough are compared by; zeros for the others."""
    long = np.flatnonzero(tokens.counts >= sketch.LEAST_WORDS)
    bands = np.zeros((len(tokens.counts), sketch.shape(least, sketch.LINE)[0]), dtype=np.uint32)
    slots = np.zeros((len(tokens.counts), sketch.LINE), dtype=np.uint8)
    found = sketch.sketches(tokens, np.ones(len(tokens.counts), dtype=np.int64), long, sketch.LINE)
    bands[long], slots[long] = sketch.bands(found, least), sketch.short(found)
    return {"lines.bands": bands.ravel(), "lines.slots": slots.ravel()}


def _texts(lines: Lines, rows: Sequence[bytes], documents: Sequence[Row], left: Ints) -> Arrays:
    """The rows as they are written in the end, and where each line begins and ends in them."""
    blob: list[bytes] = []
    begins, text_begins, ends, flagged = [], [], [], []
    escaped = [orjson.dumps(line)[1:-1] for line in lines.texts]
    size = first = 0
    for row, document, count in zip(rows, documents, left.tolist(), strict=True):
        begins.append(size)
        if count:
            last = first + count
            head, tail, flags = _around(row, document, lines.texts[first:last])
            text = escaped[first] if count == 1 else b"\\n".join(escaped[first:last])
            blob += (head, text, tail)
            text_begins.append(size + len(head))
            flagged.append(flags)
            size += len(head) + len(text) + len(tail)
            first = last
        else:
            text_begins.append(size)
            flagged.append(False)
        ends.append(size)
    lengths = np.fromiter(map(len, escaped), dtype=np.int64, count=len(escaped))
    gaps = offsets(lengths + 2)  # of lines alone, each with the two signs of an escaped line feed
    starts = gaps[:-1] + np.repeat(np.array(text_begins, np.int64) - gaps[offsets(left)[:-1]], left)
    return {"rows.begin": np.array(begins, np.int64), "rows.end": np.array(ends, np.int64),
            "rows.flagged": np.array(flagged, np.uint8), "lines.begin": starts, "lines.end": starts + lengths,
            "texts": np.frombuffer(b"".join(blob), dtype=np.uint8)}


def _rejects(lines: Lines, documents: Sequence[Row], counts: NDArray[np.uint32], mask: Mask) -> Arrays:
    """The rows of the lines that were dropped, rule by rule."""
    owner, number, names = lines.all_owners, lines.all_numbers, list(RULES)
    texts = mask([text for _, _, _, text in lines.rejects], Counter())
    rows = [{"id": documents[owner[at]]["id"], "line": int(number[at]), "rule": names[rule], "reason": reason,
             "text": text} for (at, rule, reason, _), text in zip(lines.rejects, texts, strict=True)]
    begins, ends, blob = _blob(rows)
    at = np.array([reject[0] for reject in lines.rejects], dtype=np.int64)
    rules = np.array([reject[1] for reject in lines.rejects], dtype=np.uint8)
    order = np.argsort(at, kind="stable")
    return {"rows.rejects": np.bincount(owner[at], minlength=len(documents)).astype(np.uint32),
            "rejects.rule": rules[order], "rejects.words": counts[at[order]], "rejects.begin": begins[order],
            "rejects.end": ends[order], "rejected": blob}


def record_changes(documents: Sequence[Row], changes: Sequence[list[Row]], mask: Mask) -> Arrays:
    """The arrays about what was repaired and spelled otherwise: ``changes`` of each document, in order."""
    texts = iter(mask([text for found in changes for change in found for text in (change["before"], change["after"])],
                      Counter()))
    begins, ends, blob = _blob([{"id": document["id"], **change, "before": next(texts), "after": next(texts)}
                                for document, found in zip(documents, changes, strict=True) for change in found])
    return {"rows.changes": np.fromiter(map(len, changes), np.uint32, len(changes)), "changes.begin": begins,
            "changes.end": ends, "changed": blob}


def _blob(rows: Sequence[Row]) -> tuple[Ints, Ints, NDArray[np.uint8]]:
    """Rows of JSON one after the other, and where each begins and ends."""
    parts = [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows]
    ends = offsets(np.fromiter(map(len, parts), np.int64, len(parts)))
    return ends[:-1], ends[1:], np.frombuffer(b"".join(parts), dtype=np.uint8)


def _around(row: bytes, document: dict[str, Any], lines: Sequence[str]) -> tuple[bytes, bytes, bool]:
    """What stands before and after the text in a row, less RIGHTS; whether a machine seems to have translated it."""
    old: list[str] = document.get("flags", [])
    found = machine_translation.flags(document, lines)
    new = [flag for flag in found if flag not in old]
    if not new:
        begin = row.index(_TEXT) + len(_TEXT)
        end = row.index(b'"', begin)
        if row[end - 1] != _BACKSLASH:  # the text holds no quotes
            return row[:begin], b'"' + row[row.index(_REGISTER, end):] + b"\n", bool(found)
    head, middle, tail = orjson.dumps({
        **{name: value for name, value in document.items() if name not in RIGHTS}, "text": "",
        "flags": [*old, *new]}).partition(_TEXT)
    return head + middle, tail + b"\n", bool(found)


def _place(path: str, whole: bool) -> str:
    if "://" in path:
        return f"//{urlsplit(path).netloc}"
    return "" if whole else path
