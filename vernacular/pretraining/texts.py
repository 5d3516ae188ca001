"""What a training reads, as blocks: text of the language, of the base's languages and of related ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language, Model
from vernacular.config.sources import NetworkSource, Source
from vernacular.corpus.ledger import Document
from vernacular.corpus.sources import fetch_source, open_source, place_of
from vernacular.corpus.suppression import Suppressions
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl
from vernacular.pretraining.packing import Blocks, join, pack
from vernacular.pretraining.schedule import Stream, shares
from vernacular.stages import Progress, Work
from vernacular.vocabulary.retention import retention_lines

_LISTED = ("id", "source", "path", "raw_digest", "licence", "consent", "register", "quality")
_FOR_CHOICES = 5  # one replay line in so many is kept out of training, for choices


@dataclass(frozen=True)
class Texts:
    """The texts of a training.

    Attributes:
        blocks: all that is trained on, one text behind the other in the order of ``streams``.
        streams: the texts, the target's first.
        dev: held-out text of the target.
        replay: held-out text in the base's languages, or None where the model names no retention text.
    """

    blocks: Blocks
    streams: list[Stream]
    dev: Blocks
    replay: Blocks | None


def read(work: Work, model: Model, tokenizer: Any) -> Texts:
    """Read and pack the texts of ``model`` with the tokenizer of an arm."""
    splits, settings = work.inputs["corpus/splits"], model.pretraining

    def packed(texts: list[str]) -> Blocks:
        return pack(texts, tokenizer, settings.sequence_length)

    target, dev = (packed([row["text"] for row in read_jsonl(splits / f"{part}.jsonl")]) for part in ("train", "dev"))
    seen, choices = replay_lines(model, work)
    replay = packed(seen) if seen and settings.replay else None
    related = [(entry.source.name, packed(_related(work, entry.source)), entry.passes) for entry in settings.related]
    streams = shares(len(target), len(replay) if replay else 0, [(name, len(blocks), passes)
                                                                  for name, blocks, passes in related], settings.replay)
    blocks = join([target, *(found for _, found, _ in related), *([replay] if replay else [])])
    return Texts(blocks, streams, dev, packed(choices) if choices else None)


def replay_lines(model: Model, work: Work) -> tuple[list[str], list[str]]:
    """Lines in the base's languages to train on, and others to choose by; none of those that retention measures."""
    lines = retention_lines(model, work)
    measured = set(lines[1::2])
    free = [line for line in dict.fromkeys(lines[::2]) if line not in measured]
    choices = free[::_FOR_CHOICES]
    return [line for number, line in enumerate(free) if number % _FOR_CHOICES], choices


def _related(work: Work, source: Source) -> list[str]:
    texts = [document.text for document in _documents(work, source, "related")]
    if not texts:
        raise Problem(f"the related source {source.name} holds no text",
                      where=f"{work.language.code} pretraining.related", fix="Correct its path, or take it out")
    return texts


def _opened(language: Language, source: Source, root: Path, role: str) -> Any:
    return open_source(source, place_of(language, source, root, role))


def _documents(work: Work, source: Source, role: str) -> Iterator[Document]:
    """What the source holds, without what was taken down."""
    place = place_of(work.language, source, work.root, role)
    return place.suppressed.left(open_source(source, place).documents(work.progress))


def _beside(model: Model) -> Iterator[tuple[Source, str]]:
    yield from (text for text in model.beside if text[1] == "related" or model.pretraining.replay)


def listed(model: Model, work: Work) -> Iterator[dict[str, Any]]:
    """A row for each document beside the language's own that is trained on: the ledger's, without the text."""
    for source, role in _beside(model):
        for document in _documents(work, source, role):
            yield {**{name: getattr(document, name) for name in _LISTED}, "role": role}


def fetch(model: Model, language: Language, root: Path, progress: Progress) -> None:
    """Fetch what is due of the texts that lie on the network."""
    for source, role in _beside(model):
        if isinstance(source, NetworkSource):
            fetch_source(source, place_of(language, source, root, role), progress)


def versions(model: Model, language: Language, root: Path) -> dict[str, str]:
    """The data version of each text beside the language's own, by role and name; and of what was taken down."""
    found = {f"{role}/{source.name}": _opened(language, source, root, role).data_version()
             for source, role in _beside(model)}
    return found | ({"takedowns": Suppressions.of(language.folder).version()} if found else {})
