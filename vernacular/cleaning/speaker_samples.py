"""What a speaker should look at in the report of ``corpus/clean``: refused lines by kind, parts in other languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from vernacular.cleaning.corpus_lines import Corpus
from vernacular.cleaning.disk_arrays import AT_ONCE
from vernacular.cleaning.mixed_lines import RULE
from vernacular.cleaning.refused_lines import KINDS
from vernacular.cleaning.stage_results import REFUSED, RefusedKind
from vernacular.core.report import Report
from vernacular.core.result import SampleRow
from vernacular.provenance.corpus_tables import read_rows_at, read_tables

SAMPLES, _EXCERPT = 5, 160


def report_refused(report: Report, corpus: Corpus) -> list[RefusedKind]:
    """Count the refused lines that may be in the language, by kind, and add samples of each kind to ``report``."""
    totals: NDArray[np.int64] = np.zeros(len(KINDS) + 1, dtype=np.int64)
    for _, rows in corpus.view.parts("rejects", AT_ONCE):
        totals += np.bincount(rows.take("rejects", "kind", rows.entries("rejects")), minlength=len(totals))
    found = [RefusedKind(kind=kind, meaning=meaning, lines=int(number))
             for (kind, meaning), number in zip(KINDS.items(), totals[1:].tolist(), strict=True) if number]
    texts = _texts(corpus, totals)
    report.count("lines_refused_doubtful", int(totals[1:].sum()),
                 "refused lines for which something speaks: a speaker should look at some", "lines")
    report.samples[REFUSED] = [
        {"kind": meaning, "lines": int(totals[number]), "text": text}
        for number, meaning in enumerate(KINDS.values(), 1) for text in texts[number]]
    return found


def _texts(corpus: Corpus, totals: NDArray[np.int64]) -> list[list[str]]:
    """Return up to ``SAMPLES`` lines of each kind, from all over the corpus."""
    wanted = [{int(total) * part // SAMPLES for part in range(SAMPLES)} if total else set() for total in totals]
    texts: list[list[str]] = [[] for _ in totals]
    passed = np.zeros(len(totals), dtype=np.int64)
    for _, rows in corpus.view.parts("rejects", AT_ONCE):
        entries = rows.entries("rejects")
        kinds = rows.take("rejects", "kind", entries)
        for number in range(1, len(totals)):
            own = entries[kinds == number]
            chosen = [at - passed[number] for at in sorted(wanted[number]) if 0 <= at - passed[number] < len(own)]
            if chosen:
                texts[number] += [text[:_EXCERPT] for text in rows.values(
                    "rejects", "text", own[np.array(chosen, dtype=np.int64)]).to_pylist()]
            passed[number] += len(own)
    return texts


def mixed_samples(path: Path) -> list[SampleRow]:
    """Return some of the parts in other languages that the file of changes lists, from all over it."""
    places: list[int] = []
    first = 0
    for table in read_tables(path, ["rule"]):
        places += (np.flatnonzero(pc.equal(table["rule"], RULE).to_numpy())[:: max(len(table) // 1000, 1)]
                   + first).tolist()
        first += len(table)
    chosen = [places[len(places) * part // SAMPLES] for part in range(SAMPLES)] if places else []
    return [{"part": row["before"][:_EXCERPT], "cut": row["after"] == ""}
            for row in read_rows_at(path, chosen, ["before", "after"]).values()]
