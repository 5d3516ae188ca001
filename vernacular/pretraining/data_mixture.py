"""The data mixture of a training, as blocks: target, replay and related languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vernacular.config.schema import Model
from vernacular.config.sources import Source
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.corpus.side_texts import Sieve, documents_of
from vernacular.modeling.packing import Blocks, join, pack
from vernacular.modeling.schedules import Stream, shares
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.tokenizer.base_language_text import retention_lines

_LISTED = ("id", "source", "path", "raw_digest", "register", "quality")
_FOR_CHOICES = 5  # one in this many replay lines is held out for choices
_AT_ONCE = 1000  # texts


@dataclass(frozen=True)
class Texts:
    """The texts of a training."""

    blocks: Blocks  # all training text, concatenated in the order of ``streams``
    streams: list[Stream]  # the texts, the target's first
    dev: Blocks  # held-out text of the target
    replay: Blocks | None  # held-out text in the base's languages, or None without retention text
    left_out: int  # number of related and replay lines that match held-out lines or task items
    replayed: range  # indices of the blocks in the base's languages


def read(work: StageContext, model: Model, tokenizer: Any) -> Texts:
    """Read and pack the texts of ``model`` with a variant's tokenizer."""
    splits, settings = work.inputs["corpus/splits"], model.pretraining

    def packed(texts: list[str]) -> Blocks:
        return pack(texts, tokenizer, settings.sequence_length)

    target, dev = (packed([row["text"] for row in read_rows(splits / file_of(part), ["text"])])
                   for part in ("train", "dev"))
    sieve = Sieve.of(work)
    seen, choices = map(sieve.left, replay_lines(model, work))
    replay = packed(seen) if seen and settings.replay else None
    related = [(entry.source.name, packed(_related(work, entry.source, sieve)), entry.passes)
               for entry in settings.related]
    streams = shares(len(target), len(replay) if replay else 0, [(name, len(blocks), passes)
                                                                  for name, blocks, passes in related], settings.replay)
    blocks = join([target, *(found for _, found, _ in related), *([replay] if replay else [])])
    return Texts(blocks, streams, dev, packed(choices) if choices else None, len(sieve.left_out),
                 range(len(blocks) - (len(replay) if replay else 0), len(blocks)))


def replay_lines(model: Model, work: StageContext) -> tuple[list[str], list[str]]:
    """Return replay lines for training, and others for choices, without those used to measure forgetting."""
    lines = retention_lines(model, work)
    measured = set(lines[1::2])
    free = [line for line in dict.fromkeys(lines[::2]) if line not in measured]
    choices = free[::_FOR_CHOICES]
    return [line for number, line in enumerate(free) if number % _FOR_CHOICES], choices


def _related(work: StageContext, source: Source, sieve: Sieve) -> list[str]:
    texts = sieve.left([document.text for document in documents_of(work, source, "related")])
    if not texts:
        raise Problem(f"the related source {source.name} contains no text after decontamination",
                      where=f"{work.language.code} pretraining.related", fix="Correct its path, or remove it",
                      code=Code.DATA_EMPTY)
    return texts


def trained_on(model: Model) -> list[tuple[Source, str]]:
    """Return the texts beside the corpus that a training reads, each with its role."""
    return [text for text in model.beside if text[1] != "retention" or model.pretraining.replay]
