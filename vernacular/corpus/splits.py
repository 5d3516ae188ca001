"""The stage ``corpus/splits``: parts documents into train, dev and test, and takes shared text out of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from vernacular.cleaning.cache import Library, View, uncollected
from vernacular.cleaning.decontamination import Held
from vernacular.cleaning.workers import Rows, tables_for
from vernacular.config.schema import Splits
from vernacular.core.errors import Problem
from vernacular.core.jsonl import write_jsonl
from vernacular.core.plots import bars
from vernacular.core.result import DocumentsAndWords
from vernacular.core.store import Gate, Report, digest_of
from vernacular.corpus.assignment import DEV, PARTS, TEST, TRAIN, assign
from vernacular.corpus.split_features import FEATURES_VERSION
from vernacular.corpus.stage_results import SplitsResult
from vernacular.pipeline.stage import StageContext, silent
from vernacular.text.word_hashes import Ints, offsets
from vernacular.text.words import words

Row = dict[str, Any]
_MODULE = "vernacular.corpus.split_features"
_SAMPLES, _EXCERPT = 5, 160


class Part:
    """Some documents with the hashes that ``parts`` made of them.

    Args:
        view: their tables.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self._entries = view.entries("lines")

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """Of each line."""
        return self.view.take("lines", "hash", self._entries)

    @property
    def runs(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """Of each run of words, and how many runs each line has."""
        return (self.view.take("runs", "hash", self.view.entries("runs")),
                self.view.take("lines", "runs", self._entries))

    def held(self, name: str, overlap: int) -> Held:
        """What no other part may share with this one."""
        hashes, (runs, _) = self.hashes, self.runs
        worded = hashes[self.view.take("lines", "words", self._entries) > 0]
        return Held([name], overlap, (worded, np.zeros(len(worded), np.uint32)), (runs, np.zeros(len(runs), np.uint32)))

    def shared(self, held: Held) -> NDArray[np.uint32]:
        """For each line 0, or the number of the reason why it may not stay."""
        return held.judge_hashes(self.hashes, *self.runs)


@uncollected()
def run(work: StageContext[Splits]) -> Report:
    """Write ``train.jsonl``, ``dev.jsonl``, ``test.jsonl`` and ``rejects.jsonl``.

    Raises:
        Problem: too little text for the parts that are asked for, or a source held out that is not there.
    """
    settings = work.settings
    overlap = settings.overlap_words
    library = Library(work.cache, digest_of({"overlap": overlap, "features": FEATURES_VERSION}))
    rows = Rows(work.inputs["corpus/clean"] / "documents.jsonl")
    library.shed(rows.keys)
    view = tables_for(rows, _MODULE, {"overlap": overlap}, library, work.progress)
    sources, _ = _groups(view)
    unknown = set(settings.held_out) - {source.name for source in work.language.sources}
    if unknown:
        raise Problem(f"there is no source '{min(unknown)}'", where="splits.held_out",
                      fix="Use names of entries under `sources:`")
    given = assign(view.rows("position"), sources, settings)
    rejects: list[Row] = []
    whole = {part: np.flatnonzero(given == part) for part in (TRAIN, DEV, TEST)}
    test = Part(view.at(whole[TEST])).held("the test part", overlap)
    _write(work.out / "test.jsonl", rows, whole[TEST], {}, "test", rejects)
    _part(work.out, rows, view, whole[DEV], "dev", [test], rejects)
    dev = _reread(work.out / "dev.jsonl", overlap, library)
    _part(work.out, rows, view, whole[TRAIN], "train", [test, dev.held("the dev part", overlap)], rejects)
    write_jsonl(work.out / "rejects.jsonl", rejects)
    parts = {"train": _reread(work.out / "train.jsonl", overlap, library), "dev": dev,
             "test": _reread(work.out / "test.jsonl", overlap, library)}
    for part, share in (("train", 1.0), ("dev", settings.dev), ("test", settings.test)):
        if share > 0 and not len(parts[part].view):
            raise Problem(f"too little text: of {len(rows)} documents none is left for {part} once shared text is out",
                          where="corpus/splits", fix="Add text, or look for texts that repeat each other")
    library.tidy()
    report = _report(work.out, parts, rejects)
    report.gates.append(_gate(parts, overlap))
    return report


def no_contamination(folder: Path, overlap: int, cache: Path) -> Gate:
    """The gate that reads the written files once more and looks for text that train or dev share with held-out text.

    Args:
        folder: with the files of the parts.
        overlap: words in a row.
        cache: a folder for what is found out about rows that were not there before.
    """
    library = Library(cache, "gate")
    return _gate({part: _reread(folder / f"{part}.jsonl", overlap, library) for part in PARTS}, overlap)


def _gate(parts: dict[str, Part], overlap: int) -> Gate:
    test, dev = parts["test"].held("test", overlap), parts["dev"].held("dev", overlap)
    shared = sum(int((parts[part].shared(held) > 0).sum())
                 for part, held in (("train", test), ("train", dev), ("dev", test)))
    return Gate(name="no_contamination", passed=shared == 0, blocking=True, value=shared, threshold=0,
                reason=f"{shared} lines of training share text with held-out lines; none may" if shared else
                "no line of training shares text with a held-out line",
                fix="This is a fault of the program: please report it with the log of the run")


def _reread(path: Path, overlap: int, library: Library) -> Part:
    """What was written to ``path``, found out from the bytes that are there now."""
    return Part(tables_for(Rows(path), _MODULE, {"overlap": overlap}, library, silent))


def _groups(view: View) -> tuple[list[str], list[str]]:
    """The source and the register of each document."""
    names = [[tuple(group) for group in orjson.loads(table["names"].tobytes())] for table in view.tables]
    base = offsets(np.array([len(found) for found in names], dtype=np.int64))
    every = [group for found in names for group in found]
    at = (base[view.table_of] + view.rows("group")).tolist()
    return [every[number][0] for number in at], [every[number][1] for number in at]


def _part(out: Path, rows: Rows, view: View, documents: Ints, name: str, held: Sequence[Held],
          rejects: list[Row]) -> None:
    """Write the documents of a part without the lines that are ``held``; those are added to ``rejects``."""
    part = Part(view.at(documents))
    ends = np.cumsum(part.view.counts("lines"))
    dropped: dict[int, dict[int, str]] = {}
    for other in held:
        found = part.shared(other)
        for line in np.flatnonzero(found).tolist():
            of = int(np.searchsorted(ends, line, side="right"))
            first = int(ends[of - 1]) if of else 0
            dropped.setdefault(int(documents[of]), {}).setdefault(line - first, other.reason(int(found[line])))
    _write(out / f"{name}.jsonl", rows, documents, dropped, name, rejects)


def _write(path: Path, rows: Rows, documents: Ints, dropped: dict[int, dict[int, str]], part: str,
           rejects: list[Row]) -> None:
    """Copy the rows of ``documents``, neighbours at once, but those with lines to drop: document -> line -> reason."""
    with path.open("wb") as stream:
        for piece in _pieces(rows, documents, set(dropped)):
            if isinstance(piece, memoryview):
                stream.write(piece)
                continue
            row = orjson.loads(rows.data[rows.starts[piece]:rows.ends[piece]])
            reasons = dropped[piece]
            kept = []
            for number, line in enumerate(row["text"].split("\n")):
                if number in reasons:
                    rejects.append({"id": row["id"], "line": number + 1, "part": part, "rule": "overlap",
                                    "reason": reasons[number], "text": line})
                else:
                    kept.append(line)
            if kept:
                stream.write(orjson.dumps({**row, "text": "\n".join(kept)}, option=orjson.OPT_APPEND_NEWLINE))


def _pieces(rows: Rows, documents: Ints, apart: set[int]) -> Iterator[memoryview | int]:
    """Bytes of runs of neighbouring documents, and the numbers of those ``apart``, in order."""
    single = np.isin(documents, np.array(sorted(apart), dtype=np.int64))
    breaks = np.flatnonzero((np.diff(documents) != 1) | single[1:] | single[:-1]) + 1
    for first, last in zip([0, *breaks.tolist()], [*breaks.tolist(), len(documents)], strict=True):
        if first < last:
            yield (int(documents[first]) if single[first]
                   else rows.data[rows.starts[documents[first]]:rows.ends[documents[last - 1]] + 1])


def _report(out: Path, parts: dict[str, Part], rejects: Sequence[Row]) -> Report:
    report = Report()
    columns = {part: {name: own.view.rows(name) for name in ("words", "characters", "lines")}
               for part, own in parts.items()}
    sizes = {part: int(found["words"].sum()) for part, found in columns.items()}
    report.count("documents", sum(len(own.view) for own in parts.values()), "documents in the three parts", "documents")
    report.count("words", sum(sizes.values()), "words in the three parts", "words")
    for part, own in parts.items():
        report.count(f"documents_{part}", len(own.view), f"documents in {part}", "documents")
        report.count(f"lines_{part}", int(columns[part]["lines"].sum()), f"lines in {part}", "lines")
        report.count(f"words_{part}", sizes[part], f"words in {part}", "words")
        report.count(f"characters_{part}", int(columns[part]["characters"].sum()), f"characters in {part}",
                     "characters")
    report.count("lines_rejected_overlap", len(rejects), "lines that share text with held-out lines", "lines")
    report.count("words_rejected_overlap", sum(len(words(row["text"])) for row in rejects),
                 "words in lines that share text with held-out lines", "words")
    report.samples["rejected"] = [{"part": row["part"], "reason": row["reason"], "text": row["text"][:_EXCERPT]}
                                  for row in rejects[:_SAMPLES]]
    tallies = {}
    for place, column in enumerate(("source", "register")):
        found: dict[str, dict[str, DocumentsAndWords]] = {}
        for part, own in parts.items():
            names, at = np.unique(np.array(_groups(own.view)[place], dtype=np.str_), return_inverse=True)
            for number, name in enumerate(names.tolist()):
                found.setdefault(name, {})[part] = DocumentsAndWords(
                    documents=int((at == number).sum()), words=int(columns[part]["words"][at == number].sum()))
        tallies[column] = dict(sorted(found.items()))
        report.samples[f"parts by {column}"] = [
            {column: name, **{f"{part} {unit}": getattr(row[part], unit) if part in row else 0 for part in PARTS
                              for unit in ("documents", "words")}} for name, row in sorted(found.items())]
    report.set_result(SplitsResult(parts_by_source=tallies["source"], parts_by_register=tallies["register"]))
    bars(out / "parts.png", "Words by part", list(PARTS), [sizes[part] for part in PARTS], "words")
    report.plots["Words by part"] = "parts.png"
    return report
