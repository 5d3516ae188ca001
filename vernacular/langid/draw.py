"""Read source text without a run, to measure a seed and sample lines to widen it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.langid.seed import corpus_form, seed_file, seed_lines
from vernacular.pipeline.stage import silent
from vernacular.provenance.corpus_tables import DOCUMENTS, read_rows
from vernacular.provenance.document import short_digest
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import open_source, place_of
from vernacular.text.words import words

MOST_DOCUMENTS = 20_000  # per source
_LEAST_WORDS = 6  # shorter lines are hard to judge, also for a speaker


def source_texts(language: Language, root: Path) -> Iterator[tuple[str, str]]:
    """Yield (source, text) of documents of every source: local ones read now, others as last fetched.

    Takedowns and unreadable sources are skipped.

    Args:
        language: whose sources.
        root: of the store.
    """
    suppressed = Suppressions.of(language.folder)
    last = Store(root).current(language.code, "corpus/documents")
    for source in language.sources:
        if source.name in suppressed.sources:
            continue
        if isinstance(source, NetworkSource):
            rows = read_rows(last.folder / DOCUMENTS, ["source", "text"]) if last else iter(())
            texts = (str(row["text"]) for row in rows if row["source"] == source.name)
        else:
            texts = (document.text for document in open_source(source, place_of(language, source, root)).documents(
                silent) if not suppressed.covers(document))
        try:
            for text in islice(texts, MOST_DOCUMENTS):
                yield source.name, suppressed.without_lines(text)
        except Problem:
            continue  # `check` reports it, and the run sets the file aside


def draw_lines(language: Language, root: Path, number: int) -> list[str]:
    """Sample ``number`` distinct lines from all sources that are not in the seed.

    Args:
        language: whose sources.
        root: of the store.
        number: of lines; fewer if there are not enough.

    Raises:
        Problem: there is no text, or the seed cannot be read.
    """
    orthography = language.cleaning.orthography
    lines = list(dict.fromkeys(line for _, text in source_texts(language, root) for line in text.split("\n") if line))
    file = seed_file(language)
    known = frozenset(seed_lines(language, orthography, file.place)) if file.exists() else frozenset()
    found = dict.fromkeys(line for line in corpus_form(lines, language.script, orthography)
                          if len(words(line)) >= _LEAST_WORDS and line not in known)
    if not found:
        raise Problem("there is no text to sample lines from", where=language.code,
                      fix="Add text to the inbox, or name sources; fetch network sources with `vernacular run "
                          f"{language.code} --to corpus/documents`", code=Code.SOURCE_EMPTY)
    return sorted(found, key=short_digest)[:number]
