"""A corpus of a few documents and a release of a tiny sentence encoder, as the stages would leave them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import write_bert
from vernacular.config.schema import Language
from vernacular.core.report import Report
from vernacular.core.store import Manifest, Store, describe, now
from vernacular.provenance.corpus_tables import write_rows
from vernacular.provenance.document import RIGHTS, Document, make_document
from vernacular.release.export import write_sentence_modules

NAME = "tiny"
TEXTS = ("the red fox jumps over the river\nthe lazy dog looks over the school\nthe red fox jumps over the river",
         "the quick crow flies over the market\nthe green horse jumps over the river and the lazy dog looks",
         "the lazy crow looks over the market\nfox")
Publish = Callable[..., None]


def publish_artifact(store: Store, language: Language, stage: str, fill: Callable[[Path], Any], key: str = "k" * 16,
                     **inputs: str) -> None:
    """An artifact with what ``fill`` writes into its folder."""
    with store.workspace(language.code, stage, key) as work:
        (work / "out").mkdir()
        fill(work / "out")
        files, version = describe(work / "out")
        store.publish(work, Manifest(language=language.code, stage=stage, key=key, version="1", settings={},
                                     inputs={name.replace("__", "/"): one for name, one in inputs.items()}, outside={},
                                     seed=1, data_version=version, files=files, created=now(), seconds=1,
                                     report=Report()))


def documents_of(language: Language, texts: Iterable[str] = TEXTS) -> list[Document]:
    """Documents of the language's first source."""
    return [replace(make_document(language.sources[0], f"books/{number}.txt", text, whole=True), licence="CC-BY-4.0",
                    consent="public-licence", title=f"Book {number}", date="2020-01-02")
            for number, text in enumerate(texts)]


def publish_corpus(store: Store, language: Language, documents: Iterable[Document], key: str = "k" * 16) -> None:
    """The documents as read, and as cleaned: there without their rights."""
    rows = [document.row() for document in documents]
    publish_artifact(store, language, "corpus/documents", lambda out: write_rows(out / "documents.parquet", rows), key)
    clean = [{name: value for name, value in row.items() if name not in RIGHTS} for row in rows]
    publish_artifact(store, language, "corpus/clean", lambda out: write_rows(out / "documents.parquet", clean), key)


def publish_encoder(store: Store, language: Language, seed: int = 1, modules: bool = True) -> None:
    """A release of a tiny model; of another seed another model."""
    def fill(out: Path) -> None:
        write_bert(out, head=True, seed=seed)
        if modules:
            write_sentence_modules(out, 32, 32)

    publish_artifact(store, language, f"release/{NAME}", fill, f"{seed:016d}", **{f"model__{NAME}": str(seed)})


@pytest.fixture
def ready(store: Store, language: Language) -> Language:
    """The language with corpus and release."""
    publish_corpus(store, language, documents_of(language))
    publish_encoder(store, language)
    return language
