"""Text in the base's languages (``retention:`` of a model): fetching, reading, versions.

Every second line guards the tokenizer and may be replayed in training; the others are only for
measurement.
"""

from __future__ import annotations

from pathlib import Path

from vernacular.config.schema import Language, Model
from vernacular.config.sources import NetworkSource, Source
from vernacular.pipeline.stage import Progress, StageContext
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import Place, fetch_source, open_source, place_of
from vernacular.text.words import words


def _place(language: Language, source: Source, root: Path) -> Place:
    return place_of(language, source, root, "retention")


def fetch_retention(model: Model, language: Language, root: Path, progress: Progress) -> None:
    """Fetch the model's due retention sources from the network."""
    for source in model.retention:
        if isinstance(source, NetworkSource):
            fetch_source(source, _place(language, source, root), progress)


def retention_lines(model: Model, work: StageContext) -> list[str]:
    """Return lines in the base's languages from the model's retention sources; empty without any."""
    lines: list[str] = []
    for source in model.retention:
        place = _place(work.language, source, work.root)
        for document in place.suppressed.left(open_source(source, place).documents(work.progress)):
            lines += [line for line in document.text.split("\n") if len(words(line)) >= 5]
    return lines


def retention_versions(model: Model, language: Language, root: Path) -> dict[str, str]:
    """Return the data version of each retention source and of takedowns, as inputs of stages."""
    found = {f"retention/{source.name}": open_source(source, _place(language, source, root)).data_version()
             for source in model.retention}
    return found | ({"takedowns": Suppressions.of(language.folder).version()} if found else {})
