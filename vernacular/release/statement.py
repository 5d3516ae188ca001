"""The data statement: what the folder's people wrote in ``statement.md``, and the ledger's facts about the text.

After Data Statements for NLP (Bender and Friedman 2018, https://aclanthology.org/Q18-1041).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from vernacular.release.markdown import number, read_text, table
from vernacular.release.result_models import ReleaseResults

NOT_WRITTEN = ("Nobody has written a statement yet (`statement.md` in the language folder): who speaks the "
               "language, who made the text and who was consulted is not on record.")


def write_statement(results: ReleaseResults, written: str | None, documents: Iterable[Mapping[str, Any]],
                    beside: Iterable[Mapping[str, Any]] = ()) -> str:
    """The whole data_statement.md.

    Args:
        results: of ``results.gather``.
        written: the folder's ``statement.md``, or None if there is none.
        documents: the ledger rows of the training documents.
        beside: rows of the documents that were read besides, each with its ``role``.
    """
    language, corpus = results.language, results.corpus
    def by_source(rows: Iterable[Mapping[str, Any]], *more: str) -> list[list[str]]:
        groups = Counter(tuple(str(row[name]) for name in (*more, "source", "licence", "consent", "register",
                                                           "quality")) for row in rows)
        return [[*key, number(count, 0)] for key, count in sorted(groups.items())]

    parts = [f"# Data statement: {language.name}", (written or "").strip() or NOT_WRITTEN, "## The ledger",
             "What training drew from, by source; `documents.txt` lists every document. "
             + read_text(results.released.passes),
             table(["source", "licence", "consent", "register", "quality", "documents"], by_source(documents))]
    others = by_source(beside, "role")
    if others:
        parts += ["Read besides, so that the base's languages are not forgotten (retention), as help (related), or to "
                  "learn what texts mean (translated, and their translation):",
                  table(["for", "source", "licence", "consent", "register", "quality", "documents"], others)]
    places = [f"- {source.name}: {source.url}" for source in results.sources if source.url]
    if places:
        parts += ["Where to read about the sources:", "\n".join(places)]
    if corpus:
        parts += ["## What was left out", table(["rule", "meaning", "lines", "words"], [
            [rule, found.meaning, number(found.lines, 0), number(found.words, 0)]
            for rule, found in corpus.rejected.items()])]
    if corpus and corpus.parts:
        parts += ["## Parts", table(["part", "documents", "lines", "words"], [
            [part, *(number(size, 0) for size in (sizes.documents, sizes.lines, sizes.words))]
            for part, sizes in corpus.parts.items()])]
    parts += ["## Taking text out", "Whoever made a document that is listed may ask for it to be taken out; the next "
              f"release is then trained without it. Ask: {language.owner or 'nobody is named as owner yet'}."]
    return "\n\n".join(parts) + "\n"
