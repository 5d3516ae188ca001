"""Count the local text of the sources, without running a stage.

A network source counts as far as it was fetched; otherwise only its limits are known.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from vernacular.config.schema import Language, Model
from vernacular.config.sources import CommonCrawlSource, NetworkSource, Source, Web
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact
from vernacular.forecast.ranges import Range, exactly
from vernacular.pipeline.stage import silent
from vernacular.sources import open_source, place_of
from vernacular.sources.files import Files
from vernacular.text.words import words

SECONDS = 20.0  # for reading text; the remainder is estimated from file sizes
_SAMPLE, _OF_A_DOCUMENT, _EVERY = 2000, 50, 10  # lines used to measure tokenization; from one document in this many
# The share of words that cleaning keeps: .99 in the quickstart, less if text must be identified.
_KEPT = Range(0.75, 1.0)


@dataclass(frozen=True)
class TextSize:
    """The amount of text of a language."""

    words: Range  # in local text
    documents: int  # their number
    trained: Range  # words for training, after cleaning and without dev and test
    sample: list[str]  # lines from all sources
    absent: list[str]  # sources not on this machine yet, with what is known of their size
    unreadable: list[Problem]  # problems of sources that cannot be read


@dataclass(frozen=True)
class _Counted:
    words: int
    lines: int
    documents: int
    share: float  # of the source's bytes that were read


def count_text(language: Language, root: Path, splits: Artifact | None, seconds: float = SECONDS) -> TextSize:
    """Count the text of ``language``.

    ``root``: of the store, with fetched sources.
    ``splits``: the artifact of ``corpus/splits``, if up to date.
    ``seconds``: time limit; the remainder is estimated.
    """
    until = time.monotonic() + seconds
    low = high = 0.0
    documents, sample, absent, unreadable = 0, list[str](), list[str](), list[Problem]()
    for source in language.sources:
        place = place_of(language, source, root)
        if isinstance(source, NetworkSource) and not place.mirror.exists():
            absent.append(f"{source.name} ({_size_of(source)})")
            continue
        try:
            counted = _count(language, source, root, until, sample)
        except Problem as problem:
            unreadable.append(problem)
            continue
        documents += counted.documents
        whole = counted.words / counted.share
        spread = 0.0 if counted.share == 1 else 0.3
        low, high = low + whole * (1 - spread), high + whole * (1 + spread)
    found = Range(low, high)
    return TextSize(found, documents, _trained(language, splits, found), sample[:_SAMPLE], absent, unreadable)


def count_translations(language: Language, model: Model, root: Path, seconds: float = SECONDS) -> tuple[int, int]:
    """Return the words of both sides of a model's translations, and their most pairs; unreadable ones count 0."""
    until = time.monotonic() + seconds
    number = pairs = 0
    for entry in model.alignment.translations if model.alignment is not None else ():
        lines = []
        for source in (entry.source, entry.translation):
            try:
                counted = _count(language, source, root, until, [])
            except Problem:
                return 0, 0
            number += round(counted.words / counted.share)
            lines.append(round(counted.lines / counted.share))
        pairs += min(lines)
    return number, pairs


def _count(language: Language, source: Source, root: Path, until: float, sample: list[str]) -> _Counted:
    opened = open_source(source, place_of(language, source, root))
    number, lines, documents, cut, last, inside = 0, 0, 0, False, "", 0
    for document in opened.documents(silent):
        path = document.path.split("#")[0]
        inside = len(document.text.encode()) + (inside if path == last else 0)  # bytes of the file so far
        documents, last = documents + 1, path
        number += len(words(document.text))
        lines += document.text.count("\n") + 1
        if documents % _EVERY == 1 and len(sample) < _SAMPLE:
            sample += _lines(document.text)
        if time.monotonic() > until:
            cut = True
            break
    share = _share_before(opened, last, inside) if cut and isinstance(opened, Files) else 1.0
    return _Counted(number, lines, documents, share)


def _lines(text: str) -> list[str]:
    """Return some lines, spread over the document."""
    lines = [line for line in text.split("\n") if line.strip()]
    return lines[::max(1, len(lines) // _OF_A_DOCUMENT)]


def _share_before(opened: Files, path: str, inside: int) -> float:
    """Return the share of bytes before ``path``, and in the first ``inside`` bytes of its text."""
    states = [(name, file.state()) for name, file in opened.located()]
    sizes = [(name, state.st_size) for name, state in states if state is not None]
    read = sum(size if name < path else min(size, inside) for name, size in sizes if name <= path)
    return min(1.0, max(read, 1) / max(1, sum(size for _, size in sizes)))


def _size_of(source: NetworkSource) -> str:
    """Describe the size of a source that was not fetched."""
    most = [f"{source.most_documents:,} documents"] if source.most_documents is not None else []
    if isinstance(source, Web):
        most.append(f"{source.most_pages:,} pages")
    if isinstance(source, CommonCrawlSource):
        least = exactly(source.most_requests * source.delay_seconds).time()  # one request at a time
        most.append(f"{source.most_requests:,} requests and {source.most_mb:,} MB, which take {least} or more")
    return f"not fetched yet; at most {' and '.join(most)}" if most else "not fetched yet; size unknown"


def _trained(language: Language, splits: Artifact | None, found: Range) -> Range:
    """Return the words for training: from the splits, or estimated after cleaning and splitting."""
    if splits is not None:
        return exactly(float(splits.manifest.report.counts["words_train"].value))
    left = 1 - language.splits.dev - language.splits.test
    return Range(found.low * _KEPT.low * left, found.high * _KEPT.high * left)
