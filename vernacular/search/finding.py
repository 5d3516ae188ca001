"""Answer a query: the passages of similar meaning, each with its ledger row.

Text that was taken down is excluded even before its files are removed. Builds a missing index.
Prints nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact, Store, digest_of
from vernacular.provenance.corpus_tables import DOCUMENTS, read_rows_at, rows_of
from vernacular.provenance.document import RIGHTS
from vernacular.provenance.suppression_list import Suppressions, line_digest
from vernacular.search import TOP
from vernacular.search.index import Index, IndexFolder, Progress, build
from vernacular.search.passages import text_at

_load_encoder = EntryPoint[Any]("vernacular.search.encoder:Encoder")
LONGEST = 2000  # characters of a query
_PASSAGES = 2  # version of how documents are split; vectors of unchanged texts are kept
_SPARE = 20  # extra candidates, to replace text that was taken down


@dataclass(frozen=True)
class Hit:
    """A matching passage."""

    score: float  # cosine of its embedding and the query's, at most 1
    text: str  # the passage
    id: str  # of its document in the ledger
    source: str  # the name of its source
    path: str  # the file or URL that it was read from
    url: str  # ``path`` if that is a URL, else the address of the source; may be empty
    line: int  # of the cleaned document, from 1
    title: str  # of the document, if known; so are ``author`` and ``date``
    author: str  # of the document
    date: str  # of the document, or when it was fetched
    register: str  # kind of text
    licence: str  # SPDX id, or ``unverified``
    consent: str  # basis of use
    places: int  # number of passages with this text
    # whether the path identifies the document; else it is a file of many documents
    whole: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)


class Searcher:
    """Searches the current corpus of a language with the current release of a model.

    Raises:
        Problem: there is no corpus or no release yet.
    """

    def __init__(self, store: Store, language: Language, name: str) -> None:
        self._store, self._language, self._name = store, language, name
        self._release = _current(store, language, name, f"release/{name}")
        self._clean = _current(store, language, name, "corpus/clean")
        inputs = self._release.manifest.inputs
        prefix = next((task.prefix for task in language.tasks_of(name).values() if task.prefix), "")
        self._place = IndexFolder(
            store.cache(language.code, f"search/{name}"),
            digest_of([prefix, *(inputs.get(stage) for stage in (
                f"tokenizer/{name}", f"model/{name}", f"model/{name}_control"))]),
            digest_of([_PASSAGES, self._clean.manifest.data_version]))
        self._encoder = cache(partial(_load_encoder, self._release.folder, language.models[name].objective, prefix))

    def is_ready(self) -> bool:
        """Whether the index is built."""
        return self._place.is_built()

    def prepare(self, progress: Progress) -> int:
        """Build the index if it is missing; return its number of passages.

        Raises:
            Problem: the model gives no embeddings, or another process builds the index.
        """
        if not self.is_ready():
            build(self._place, self._clean.folder / DOCUMENTS, self._encoder, progress)
        return len(Index(self._place))

    def find(self, query: str, most: int = TOP) -> list[Hit]:
        """Return the ``most`` nearest passages, best first, each text once.

        ``query``: in the language, or in the base's language if the model was aligned on
        translations.

        Raises:
            Problem: the query is empty or too long, or the index is not built.
        """
        asked = " ".join(query.split())
        if not asked or len(asked) > LONGEST:
            raise Problem("the query is empty" if not asked else f"the query has {len(asked):,} characters",
                          where="search", fix=f"Give a sentence or a few words, at most {LONGEST:,} characters",
                          code=Code.CONFIG_VALUE)
        if not self.is_ready():
            raise Problem("the search index is not built yet", where=self._language.code, fix=(
                f'Run `vernacular search {self._language.cli_args(self._name)} "..."` once: it builds it'),
                          code=Code.STAGE_INPUT)
        suppressed, documents = Suppressions.of(self._language.folder), self._clean.folder / DOCUMENTS
        found: list[Hit] = []
        vector = self._encoder().vectors([asked])[0]
        nearest = list(Index(self._place).nearest(vector, most + _SPARE))
        rows = read_rows_at(documents, {place.document for _, place, _ in nearest})
        for score, place, places in nearest:
            row = rows[place.document]
            if not _taken_down(suppressed, row, place.line):
                found.append(_hit(score, text_at(row, place), row, place.line, places, self._language))
            if len(found) == most:
                break
        rights = {row["id"]: row for row in rows_of(self._ledger(), {hit.id for hit in found}, ["id", *RIGHTS])}
        return [_with_rights(hit, rights.get(hit.id, {})) for hit in found]

    def _ledger(self) -> Path:
        return _current(self._store, self._language, self._name, "corpus/documents").folder / DOCUMENTS


def _current(store: Store, language: Language, name: str, stage: str) -> Artifact:
    found = store.current(language.code, stage)
    if found is None:
        what = "release" if stage.startswith("release/") else f"artifact of {stage}"
        raise Problem(f"there is no {what} yet: search reads the corpus with the released model",
                      where=f"{language.code} {name}", fix=f"Run `vernacular run {language.cli_args(name)}`",
                      code=Code.STAGE_INPUT)
    return found


def _taken_down(suppressed: Suppressions, row: dict[str, Any], line: int) -> bool:
    document = (row["id"] in suppressed.ids or row["source"] in suppressed.sources
                or row["raw_digest"] in suppressed.texts or (row["whole"] and suppressed.covers_url(row["path"])))
    return document or line_digest(row["text"].split("\n")[line]) in suppressed.lines


def _hit(score: float, text: str, row: dict[str, Any], line: int, places: int, language: Language) -> Hit:
    url = row["path"] if "://" in row["path"] else next(
        (source.url for source in language.sources if source.name == row["source"]), "")
    return Hit(score, text, row["id"], row["source"], row["path"], url, line + 1, row["title"], row["author"],
               row["date"] or row["fetched"][:10], row["register"], "", "", places, bool(row["whole"]))


def _with_rights(hit: Hit, row: dict[str, Any]) -> Hit:
    return replace(hit, licence=row.get("licence", ""), consent=row.get("consent", ""))


def hits_as_json(query: str, name: str, passages: int, hits: Sequence[Hit]) -> dict[str, Any]:
    """Return the result of a query for programs."""
    return {"query": query, "model": name, "passages": passages, "hits": [hit.as_json() for hit in hits]}
