"""The stage ``corpus/splits``: parts documents into train, dev and test, and takes shared text out of training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vernacular.artifacts import Gate, Report
from vernacular.config.schema import Splits
from vernacular.corpus.split import PARTS, HeldOut, assign
from vernacular.corpus.words import words
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl, write_jsonl
from vernacular.plots import bars
from vernacular.stages import Work

Row = dict[str, Any]


def run(work: Work) -> Report:
    """Write ``train.jsonl``, ``dev.jsonl``, ``test.jsonl`` and ``rejects.jsonl``.

    Raises:
        Problem: too little text for the parts that are asked for.
    """
    settings: Splits = work.settings
    rows = list(read_jsonl(work.inputs["corpus/clean"] / "documents.jsonl"))
    given = assign(rows, settings)
    parts: dict[str, list[Row]] = {part: [row for row, own in zip(rows, given, strict=True) if own == part]
                                   for part in PARTS}
    rejects: list[Row] = []
    overlap = settings.overlap_words
    parts["dev"] = _without(parts["dev"], HeldOut(_lines(parts["test"]), overlap), "dev", rejects)
    parts["train"] = _without(parts["train"], HeldOut(_lines([*parts["dev"], *parts["test"]]), overlap), "train",
                              rejects)
    for part, share in (("train", 1.0), ("dev", settings.dev), ("test", settings.test)):
        if share > 0 and not parts[part]:
            raise Problem(f"too little text: of {len(rows)} documents none is left for {part} once shared text is out",
                          where="corpus/splits", fix="Add text, or look for texts that repeat each other")
        write_jsonl(work.out / f"{part}.jsonl", parts[part])
    write_jsonl(work.out / "rejects.jsonl", rejects)

    report = Report()
    sizes = {part: sum(len(words(row["text"])) for row in parts[part]) for part in PARTS}
    report.count("documents", sum(map(len, parts.values())), "documents in the three parts", "documents")
    report.count("words", sum(sizes.values()), "words in the three parts", "words")
    for part in PARTS:
        report.count(f"documents_{part}", len(parts[part]), f"documents in {part}", "documents")
        report.count(f"lines_{part}", sum(1 for _ in _lines(parts[part])), f"lines in {part}", "lines")
        report.count(f"words_{part}", sizes[part], f"words in {part}", "words")
        report.count(f"characters_{part}", sum(len(row["text"]) for row in parts[part]), f"characters in {part}",
                     "characters")
    report.count("lines_rejected_contamination", len(rejects), "lines that share text with held-out lines", "lines")
    report.count("words_rejected_contamination", sum(len(words(row["text"])) for row in rejects),
                 "words in lines that share text with held-out lines", "words")
    report.samples["rejected"] = [{"part": row["part"], "reason": row["reason"], "text": row["text"][:160]}
                                  for row in rejects[:5]]
    bars(work.out / "parts.png", "Words by part", list(PARTS), [sizes[part] for part in PARTS], "words")
    report.plots["Words by part"] = "parts.png"
    report.gates.append(no_contamination(work.out, overlap))
    return report


def no_contamination(folder: Path, overlap: int) -> Gate:
    """The gate that reads the written files once more and looks for text that train or dev share with held-out text."""
    lines = {part: list(_lines(read_jsonl(folder / f"{part}.jsonl"))) for part in PARTS}
    against_test = HeldOut(lines["test"], overlap)
    against_both = HeldOut([*lines["dev"], *lines["test"]], overlap)
    shared = (sum(against_both.shared(line) is not None for line in lines["train"])
              + sum(against_test.shared(line) is not None for line in lines["dev"]))
    return Gate(name="no_contamination", passed=shared == 0, blocking=True, value=shared, threshold=0,
                reason=f"{shared} lines share text with held-out lines")


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (line for row in rows for line in row["text"].split("\n"))


def _without(rows: Sequence[Row], held_out: HeldOut, part: str, rejects: list[Row]) -> list[Row]:
    """``rows`` without the lines that ``held_out`` shares; those are added to ``rejects``."""
    left: list[Row] = []
    for row in rows:
        kept = []
        for number, line in enumerate(row["text"].split("\n"), 1):
            reason = held_out.shared(line)
            if reason is None:
                kept.append(line)
            else:
                rejects.append({"id": row["id"], "line": number, "part": part, "rule": "contamination",
                                "reason": reason, "text": line})
        if kept:
            left.append({**row, "text": "\n".join(kept)})
    return left
