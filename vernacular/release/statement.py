"""The data statement: what the folder's people wrote in ``statement.md``, and the ledger's facts about the text.

After Data Statements for NLP (Bender and Friedman 2018, https://aclanthology.org/Q18-1041).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from vernacular.release.markdown import Table, number, read_text
from vernacular.release.result_models import ReleaseResults
from vernacular.release.result_tables import left_out_table, parts_table

NOT_WRITTEN = ("Nobody has written a statement yet (`statement.md` in the language folder): who speaks the "
               "language, who made the text and who was consulted is not on record.")


def write_statement(results: ReleaseResults, written: str | None, documents: Iterable[Mapping[str, Any]],
                    beside: Iterable[Mapping[str, Any]] = ()) -> str:
    """The whole data_statement.md.

    ``written``: the folder's ``statement.md``, or None if there is none.
    ``documents``: the ledger rows of the training documents.
    ``beside``: rows of further documents, each with its ``role``.
    """
    language, corpus = results.language, results.corpus
    columns = ["source", "licence", "consent", "register", "quality"]

    def by_source(rows: Iterable[Mapping[str, Any]], *more: str) -> Table:
        groups = Counter(tuple(str(row[name]) for name in (*more, *columns)) for row in rows)
        return Table([*("for" for _ in more), *columns, "documents"],
                     [[*key, number(count, 0)] for key, count in sorted(groups.items())])

    blocks: list[str | Table] = [
        f"# Data statement: {language.name}", (written or "").strip() or NOT_WRITTEN, "## The ledger",
        "The training text, by source; `documents.txt` lists every document. " + read_text(results.released.passes),
        by_source(documents)]
    if others := by_source(beside, "role"):
        blocks += ["Further training text: against forgetting of the base's languages (retention), from related "
                   "languages (related), or to learn meanings (translated, and their translation):", others]
    places = [f"- {source.name}: {source.url}" for source in results.sources if source.url]
    if places:
        blocks += ["More about the sources:", "\n".join(places)]
    if corpus:
        blocks += ["## What was left out", left_out_table(corpus)]
    if corpus and corpus.parts:
        blocks += ["## Parts", parts_table(corpus)]
    blocks += ["## Removing text", "The author of a listed document can have it removed; the next release is then "
               f"trained without it. Contact: {language.owner or 'nobody is named as owner yet'}."]
    return "\n\n".join(map(str, blocks)) + "\n"
