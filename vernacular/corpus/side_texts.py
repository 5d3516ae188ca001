"""Texts beside the corpus that a training reads: fetched, listed, and without what may not be learned from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from vernacular.cleaning import holdout_texts as benchmarks
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.stage import masked, tidy
from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source
from vernacular.config.stage_settings import CleanSettings, clean_settings
from vernacular.config.translations import FilesSide, PackageSide
from vernacular.core.store import digest_of, write_atomically
from vernacular.pipeline.stage import Progress, StageContext, silent
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import fetch_source, open_source, place_of
from vernacular.sources.removal import without
from vernacular.text.word_hashes import Tokens

_LISTED = ("id", "source", "path", "raw_digest", "register", "quality")
_FOR_CHOICES = 5  # one replay line in so many is kept out of training, for choices
_AT_ONCE = 1000  # texts


class Sieve:
    """Takes out of text beside the language's own what its corpus may not hold either.

    These are lines that equal a held-out one, or share ``splits.overlap_words`` in a row with it, and private data.

    Args:
        settings: by which the corpus was cleaned.
        held_out: (name, text) of what is held out: task items, sentences of behavioral tests, dev and test text.

    Attributes:
        left_out: the lines that were taken out so far.
    """

    def __init__(self, settings: CleanSettings, held_out: Sequence[tuple[str, str]]) -> None:
        self._settings, self.left_out = settings, list[str]()
        self._held_out = HeldOut.of(held_out, settings.overlap_words, self._tidy)

    @classmethod
    def of(cls, work: StageContext, more: Iterable[tuple[str, str]] = ()) -> Sieve:
        """The one for trainings of a language, which may read nothing that it is judged by, nor ``more``."""
        splits = work.inputs["corpus/splits"]
        return cls(clean_settings(work.language), [
            *benchmarks.held_out_items(work.language, work.root), *more,
            *((f"the {part} part", row["text"]) for part in ("dev", "test")
              for row in read_rows(splits / file_of(part), ["text"]))])

    def left(self, texts: Iterable[str]) -> list[str]:
        """``texts`` without such lines; those of which nothing is left are gone."""
        return [text for text in self.each(texts) if text is not None]

    def each(self, texts: Iterable[str]) -> list[str | None]:
        """Each of ``texts`` without such lines; None where nothing is left."""
        found: list[str | None] = []
        remaining = iter(texts)
        while some := list(islice(remaining, _AT_ONCE)):
            pairs = [(number, line) for number, text in enumerate(some) for line in text.split("\n")]
            judged = self._held_out.judge(Tokens(self._tidy([line for _, line in pairs]))).tolist()
            self.left_out += [line for (_, line), reason in zip(pairs, judged, strict=True) if reason]
            free = [pair for pair, reason in zip(pairs, judged, strict=True) if not reason]
            kept: dict[int, list[str]] = {}
            for (number, _), line in zip(free, masked([line for _, line in free], self._settings), strict=True):
                kept.setdefault(number, []).append(line)
            found += ["\n".join(kept[number]) if number in kept else None for number in range(len(some))]
        return found

    def _tidy(self, lines: list[str]) -> list[str]:
        return tidy(lines, self._settings)


def _opened(language: Language, source: Source, root: Path, role: str) -> Any:
    return open_source(source, place_of(language, source, root, role))


def documents_of(work: StageContext, source: Source, role: str) -> Iterator[Document]:
    """What the source holds, without what was taken down."""
    place = place_of(work.language, source, work.root, role)
    return place.suppressed.left(open_source(source, place).documents(work.progress))


def listed(beside: Iterable[tuple[Source, str]], work: StageContext) -> Iterator[dict[str, Any]]:
    """A row for each document of the texts ``beside`` the corpus: the ledger's, without text and rights.

    What licence its page named is noted where the folder names none: ``vernacular.release.licensing``.
    """
    for source, role in beside:
        for document in documents_of(work, source, role):
            named = {"licence": document.licence} if document.licence != source.licence else {}
            yield {**{name: getattr(document, name) for name in _LISTED}, "role": role, **named}


def fetch(beside: Iterable[tuple[Source, str]], language: Language, root: Path, progress: Progress) -> None:
    """Fetch the texts from the network that are due."""
    for source, role in beside:
        if isinstance(source, NetworkSource):
            fetch_source(source, place_of(language, source, root, role), progress)


def versions(beside: Sequence[tuple[Source, str]], language: Language, root: Path) -> dict[str, str]:
    """The data version of each text ``beside`` the corpus, by role and name; and of what is left out of it."""
    found = {f"{role}/{source.name}": _opened(language, source, root, role).data_version() for source, role in beside}
    return found | ({"takedowns": Suppressions.of(language.folder).version(),
                     "left_out": _left_out(beside, language, root, found)} if found else {})


def _left_out(beside: Sequence[tuple[Source, str]], language: Language, root: Path,
              texts: dict[str, str]) -> str:
    """A digest of the lines in ``texts`` (their versions) that a task item or a behavioural test keeps out.

    Not of the items: who writes a test need not train for it, unless the text holds it. It takes as long as reading the
    text, so it is found once for each state of both.
    """
    settings, suppressed = clean_settings(language), Suppressions.of(language.folder)
    state = digest_of([texts, suppressed.version(), benchmarks.versions(language, root),
                       settings.model_dump(mode="json", by_alias=True)])
    kept = root / language.code / ".cache" / "beside" / f"{digest_of(sorted(texts))}.json"
    if kept.is_file():
        known: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
        if known["state"] == state:
            return known["left_out"]
    sieve = Sieve(settings, benchmarks.held_out_items(language, root))
    for source, role in beside:
        opened = _opened(language, source, root, role)
        remove = source.remove if isinstance(source, FilesSide | PackageSide) else []
        sieve.left("\n".join(without(line, remove) for line in document.text.split("\n")) if remove else document.text
                   for document in suppressed.left(opened.documents(silent)))
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, json.dumps({"state": state, "left_out": digest_of(sorted(sieve.left_out))}))
    return digest_of(sorted(sieve.left_out))
