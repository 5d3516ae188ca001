"""The stage ``corpus/documents``: reads every source and writes the ledger, ``documents.parquet``.

Changes no text but for what was taken down: neither such documents nor such lines of others go in. A source that has
not changed is not read again; its rows are kept in the cache. What a source holds is the business of ``sources``, what
is kept of it that of ``clean``.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from vernacular import __version__
from vernacular.cleaning.document_ids import KnownIds
from vernacular.config.sources import Source
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.plots import bars
from vernacular.core.report import Gate, Report
from vernacular.core.result import DocumentsAndWords
from vernacular.core.store import canonical, digest_of, write_atomically
from vernacular.corpus.stage_results import IngestResult
from vernacular.pipeline.stage import Progress, StageContext
from vernacular.provenance.corpus_tables import DOCUMENTS, LEDGER, SUFFIX, read_tables, table_of, write_tables
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import OpenSource, open_source, place_of
from vernacular.text.codepoints import Batch

_SAMPLE = 5
_EXCERPT = 160
_BATCH = 500_000  # characters that are counted at once
_MOST_BARS = 12
TALLIES = ("source", "licence", "register", "consent")


class Group(NamedTuple):
    """Documents that have these four in common, and how many words they hold."""

    source: str
    licence: str
    register: str
    consent: str
    documents: int
    words: int


@dataclass
class Part:
    """What was counted of one source."""

    groups: list[Group] = field(default_factory=list)  # what was counted of documents and words
    lines: int = 0  # lines and characters: in all documents
    characters: int = 0
    withheld: int = 0  # documents left out since they were taken down
    lines_withheld: int = 0  # lines of other documents left out for that
    repeated: int = 0  # documents left out since they are there already
    # files that could not be read: where, what, fix
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    sample: list[dict[str, str]] = field(default_factory=list)  # a few documents, by their ids

    def read(self, opened: OpenSource, suppressed: Suppressions, progress: Progress) -> Iterator[Document]:
        """The documents of a source, each once, without what was taken down."""
        seen = KnownIds()
        for document in opened.documents(progress):
            if suppressed.covers(document):
                self.withheld += 1
            elif not seen.add(document.id):
                self.repeated += 1
            else:
                text = suppressed.without_lines(document.text)
                if text is document.text:
                    yield document
                    continue
                self.lines_withheld += document.text.count("\n") - text.count("\n") + (not text)
                if text.strip():
                    yield replace(document, text=text)
                else:
                    self.withheld += 1
        self.problems = [(problem.where, problem.what, problem.fix) for problem in getattr(opened, "problems", [])]

    def counted(self, documents: Iterator[Document]) -> Iterator[pa.Table]:
        """The rows of ``documents`` in batches, which are counted on their way."""
        waiting: list[Document] = []
        size, found = 0, dict[tuple[str, str, str, str], list[int]]()
        for document in documents:
            waiting.append(document)
            size += len(document.text)
            if size >= _BATCH:
                self._count(waiting, found)
                yield table_of(waiting)
                waiting, size = [], 0
        self._count(waiting, found)
        yield table_of(waiting)
        self.groups = [Group(*group, *numbers) for group, numbers in sorted(found.items())]

    def _count(self, documents: list[Document], found: dict[tuple[str, str, str, str], list[int]]) -> None:
        texts = [document.text for document in documents]
        for document, words in zip(documents, Batch(texts).word_counts.tolist(), strict=True):
            numbers = found.setdefault((document.source, document.licence, document.register, document.consent), [0, 0])
            numbers[0] += 1
            numbers[1] += words
        self.lines += sum(text.count("\n") + 1 for text in texts)
        self.characters += sum(map(len, texts))
        shown = [{"id": document.id, "source": document.source, "path": document.path, "licence": document.licence,
                  "consent": document.consent, "register": document.register, "text": document.text[:_EXCERPT]}
                 for document in sorted(documents, key=lambda document: document.id)[:_SAMPLE]]
        self.sample = sorted(self.sample + shown, key=lambda row: row["id"])[:_SAMPLE]


def run(work: StageContext) -> Report:
    """Write ``documents.parquet``, one row for each document, in the order of the sources and their paths.

    Raises:
        Problem: a source that cannot be read, or no text at all.
    """
    suppressed, parts = Suppressions.of(work.language.folder), dict[str, Part]()
    files: list[Path] = []
    for source in work.language.sources:
        if source.name not in suppressed.sources:
            parts[source.name], path = _part(work, source, suppressed)
            files.append(path)
    if len(files) == 1:
        shutil.copyfile(files[0], work.out / DOCUMENTS)
    else:
        write_tables(work.out / DOCUMENTS, LEDGER, (table for path in files for table in read_tables(path)))
    groups = [group for part in parts.values() for group in part.groups]
    if not groups:  # a single source without text reports that itself
        gone = suppressed.sources or any(part.withheld or part.lines_withheld for part in parts.values())
        aside = next((f" ({where}: {what})" for part in parts.values() for where, what, _ in part.problems), "")
        raise Problem("all there was has been taken down" if gone else f"no source holds any text{aside}",
                      where=work.language.code, fix="Put text into the inbox, or add sources", code=Code.SOURCE_EMPTY)
    report = Report()

    def count(name: str, number: Callable[[Part], int], meaning: str, unit: str) -> None:
        report.count(name, sum(map(number, parts.values())), meaning, unit)

    report.count("documents", sum(group.documents for group in groups), "texts that were read", "documents")
    count("documents_repeated", lambda part: part.repeated, "texts left out since the same file holds them twice",
          "documents")
    count("documents_withheld", lambda part: part.withheld, "texts left out since they were taken down", "documents")
    count("lines_withheld", lambda part: part.lines_withheld,
          "lines of other texts left out since they were taken down", "lines")
    count("lines", lambda part: part.lines, "lines that were read", "lines")
    report.count("words", sum(group.words for group in groups), "words that were read", "words")
    count("characters", lambda part: part.characters, "characters that were read", "characters")
    sample = sorted((row for part in parts.values() for row in part.sample), key=lambda row: row["id"])[:_SAMPLE]
    report.samples["documents"] = [{name: row[name] for name in row if name != "id"} for row in sample]
    tallies = {name: _show(work, report, name, groups) for name in TALLIES}
    by_source: Counter[str] = Counter()
    for group in groups:
        by_source[f"{group.source} ({group.register})"] += group.words
    report.set_result(IngestResult(
        by_source=tallies["source"], by_licence=tallies["licence"], by_register=tallies["register"],
        by_consent=tallies["consent"], words_by_source=dict(by_source),
        licences={source.name: source.licence for source in work.language.sources},
        consent={source.name: source.consent for source in work.language.sources}))
    _judge(report, [problem for part in parts.values() for problem in part.problems])
    return report


def _part(work: StageContext, source: Source, suppressed: Suppressions) -> tuple[Part, Path]:
    """What was counted of a source and the file with its rows: those of before if nothing has changed."""
    opened = open_source(source, place_of(work.language, source, work.root))

    def now() -> str:
        return digest_of([__version__, source.model_dump(mode="json"),
                          work.language.limits.model_dump(mode="json"), opened.data_version(), suppressed.version()])

    version = now()
    rows, facts = work.cache / f"{source.name}{SUFFIX}", work.cache / f"{source.name}.json"
    if facts.is_file() and rows.is_file():
        known = json.loads(facts.read_text(encoding="utf-8"))
        if known["version"] == version:
            work.progress(f"{source.name} has not changed")
            part = Part(**known["part"])
            part.groups = [Group(*group) for group in part.groups]
            return part, rows
    (work.cache / f"{source.name}.jsonl").unlink(missing_ok=True)  # of an earlier version
    facts.unlink(missing_ok=True)  # so that a kill from here on leaves rows that nobody trusts
    part = Part()
    write_tables(rows, LEDGER, part.counted(part.read(opened, suppressed, work.progress)))
    if now() == version:  # else what was read is of neither: the stage is refused, and this is read again
        write_atomically(facts, canonical({"version": version, "part": vars(part)}))
    return part, rows


def _show(work: StageContext, report: Report, name: str, groups: list[Group]) -> dict[str, DocumentsAndWords]:
    """A table and a plot of documents and words by ``name``, one of ``TALLIES``; largest first, as it is returned."""
    documents: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for group in groups:
        documents[getattr(group, name)] += group.documents
        words[getattr(group, name)] += group.words
    order = sorted(documents, key=lambda value: (-words[value], value))
    report.samples[f"by {name}"] = [
        {name: value, "documents": documents[value], "words": words[value],
         "share of words": f"{words[value] / (words.total() or 1):.1%}"} for value in order]
    shown = order[:_MOST_BARS]
    bars(work.out / f"{name}s.png", f"Words by {name}", shown, [words[value] for value in shown], "words")
    report.plots[f"Words by {name}"] = f"{name}s.png"
    return {value: DocumentsAndWords(documents=documents[value], words=words[value]) for value in order}


def _judge(report: Report, problems: list[tuple[str, str, str]]) -> None:
    """The gate that names the files that were set aside, and their table."""
    if problems:
        report.samples["unreadable"] = [{"file": where, "problem": what, "fix": fix} for where, what, fix in problems]
    named = "; ".join(f"{where} ({what}. {fix})" for where, what, fix in problems[:_SAMPLE])
    more = f" and {len(problems) - _SAMPLE} more" if len(problems) > _SAMPLE else ""
    report.gates.append(Gate(name="files_readable", passed=not problems, value=len(problems), threshold=0,
                             reason=f"set aside: {named}{more}" if problems else "every file of every source was read"))
