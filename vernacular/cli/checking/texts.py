"""Read the sources and translations of a language as a run does, within a time limit, and count them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source
from vernacular.core.errors import Collector
from vernacular.core.files import File
from vernacular.datasets.notes import DataNote
from vernacular.datasets.raw_pairs import read_raw_pairs
from vernacular.pipeline.stage import silent
from vernacular.sandbox.limits import LimitReached
from vernacular.sources import open_source, place_of
from vernacular.sources.extracts import Extracts
from vernacular.sources.files import Files
from vernacular.text.words import words

MOST_BYTES = 200_000_000  # read for one source or one model's translations
MOST_SECONDS = 60.0  # for all sources together
_MANY_LINES = 100  # a shorter text may be a list
_LINES_AS_DOCUMENTS = ("lines, each a document, since the file has no empty line: neighboring sentences may then "
                       "be in training and test. Separate articles by empty lines")


@dataclass(frozen=True)
class TextFound:
    """The text of a source."""

    name: str  # of the source
    words: int = 0  # in the files that were read
    files: int = 0  # their number
    fetched: bool | None = None  # for a network source, whether it is in the mirror


@dataclass
class TextsFound:
    """The text of all sources and translations."""

    sources: list[TextFound] = field(default_factory=list)  # of the corpus
    # model -> number of its translated sentences
    pairs: dict[str, int] = field(default_factory=dict)
    # what was left out, and files that were not read
    remarks: list[DataNote] = field(default_factory=list)


def read_texts_of(language: Language, root: Path, faults: Collector) -> TextsFound:
    """Read the local text that the settings name."""
    found, until = TextsFound(), time.monotonic() + MOST_SECONDS
    for source in language.sources:
        found.sources.append(_read(language, source, root, "", until, faults, found.remarks))
    beside = [(source, f"contrast-{code}") for code, sources in language.identification.contrast.items()
              for source in sources]
    for name, model in language.models_to_run().items():
        sides = [] if model.alignment is None else [source for source, _ in model.alignment.beside]
        beside += [(source, role) for source, role in model.beside if source not in sides]
        if model.alignment is None:
            continue
        with faults.collect():
            size = sum(_size(files) for source, role in model.alignment.beside
                       if (files := _located(language, source, root, role)))
            if size > MOST_BYTES:
                found.remarks.append(_not_read(f"{language.code} alignment.translations", "the translations", size))
                continue
            raw = read_raw_pairs(language, root, model.alignment, silent)
            found.pairs[name] = len(raw.pairs)
            found.remarks += [remark for remark in raw.remarks if remark not in found.remarks]
    for source, role in beside:
        _read(language, source, root, role, until, faults, found.remarks)
    return found


def _read(language: Language, source: Source, root: Path, role: str, until: float, faults: Collector,
          remarks: list[DataNote]) -> TextFound:
    """Read the files of one source within the limits."""
    place = place_of(language, source, root, role)
    if isinstance(source, NetworkSource):
        return TextFound(source.name, fetched=place.mirror.exists())
    opened = open_source(source, place)
    assert isinstance(opened, Files)
    number, passed = 0, 0
    files: Sequence[tuple[str, File]] = ()
    with faults.collect():
        files = opened.located()
        extracts, left, text_found = Extracts(place.mirror, opened.options), MOST_BYTES, False
        for path, file in files:
            left -= _size([(path, file)])
            if left < 0 or time.monotonic() > until:
                passed += 1
                continue
            with faults.collect():
                try:
                    documents = lines = 0
                    for text in opened.texts(path, file, extracts):
                        text_found = True
                        documents, lines = documents + 1, lines + 1 + text.text.strip().count("\n")
                        number += len(words(text.text))
                    if file.suffix.lower() == ".txt" and documents == lines > _MANY_LINES:
                        remarks.append(DataNote("lines_as_documents", file.shown, documents, _LINES_AS_DOCUMENTS))
                except LimitReached as problem:  # a run sets it aside
                    opened.problems.append(problem)
            opened.digests.of(path, file)
        opened.digests.save({path for path, _ in files})
        if not files or not (text_found or passed or opened.problems or faults):
            opened.nothing(len(files))
    remarks += [DataNote("set_aside", problem.file, 0, f"skipped: {problem.what}. {problem.fix}")
                for problem in opened.problems]
    if passed:
        remarks.append(_not_read(opened.where, f"{passed} of {len(files)} files", _size(files)))
    return TextFound(source.name, number, len(files))


def _located(language: Language, source: Source, root: Path, role: str) -> Sequence[tuple[str, File]]:
    opened = open_source(source, place_of(language, source, root, role))
    return opened.located() if isinstance(opened, Files) else ()


def _size(files: Iterable[tuple[str, File]]) -> int:
    return sum(state.st_size for _, file in files if (state := file.state()) is not None)


def _not_read(where: str, what: str, size: int) -> DataNote:
    return DataNote("not_read", where, 0, f"{what} were not read by this check, because they have "
                                          f"{size / 1e6:,.0f} MB in total; a run reads them")
