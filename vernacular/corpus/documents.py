"""The stage ``corpus/documents``: reads every source and writes the ledger, ``documents.jsonl``. Changes no text."""

from __future__ import annotations

from collections import Counter

from vernacular.artifacts import Report
from vernacular.corpus.ledger import Document
from vernacular.corpus.sources import open_source
from vernacular.corpus.words import words
from vernacular.jsonl import write_jsonl
from vernacular.plots import bars
from vernacular.stages import Work

_SAMPLE = 5
_EXCERPT = 160


def run(work: Work) -> Report:
    """Write ``documents.jsonl``, one row for each document, in the order of the sources and their paths.

    Raises:
        Problem: a source that cannot be read or holds no text.
    """
    seen: dict[str, Document] = {}
    repeated = 0
    for source in work.language.sources:
        for document in open_source(source, work.language.folder).documents(work.progress):
            repeated += document.id in seen
            seen.setdefault(document.id, document)
    documents = list(seen.values())
    write_jsonl(work.out / "documents.jsonl", (document.row() for document in documents))
    by_source: Counter[str] = Counter()
    for document in documents:
        by_source[f"{document.source} ({document.register})"] += len(words(document.text))
    report = Report()
    report.count("documents", len(documents), "texts that were read", "documents")
    report.count("documents_repeated", repeated, "texts left out since the same file holds them twice", "documents")
    report.count("lines", sum(document.text.count("\n") + 1 for document in documents), "lines that were read", "lines")
    report.count("words", by_source.total(), "words that were read", "words")
    report.count("characters", sum(len(document.text) for document in documents), "characters that were read",
                 "characters")
    step = max(1, len(documents) // _SAMPLE)
    report.samples["documents"] = [
        {"source": document.source, "path": document.path, "licence": document.licence, "consent": document.consent,
         "register": document.register, "text": document.text[:_EXCERPT]} for document in documents[::step][:_SAMPLE]]
    report.details["words_by_source"] = dict(by_source)
    report.details["licences"] = {source.name: source.licence for source in work.language.sources}
    report.details["consent"] = {source.name: source.consent for source in work.language.sources}
    bars(work.out / "sources.png", "Words by source", list(by_source), list(by_source.values()), "words")
    report.plots["Words by source"] = "sources.png"
    return report
