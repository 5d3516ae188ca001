"""Tokens per word of the bases on this machine, measured on a folder's own text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vernacular.bases.places import place_of
from vernacular.bases.table import Candidate
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.forecast.text import count_text
from vernacular.modeling.base_files import fetched, locate
from vernacular.modeling.base_models import load_tokenizer
from vernacular.text.words import words

_SECONDS = 5.0  # for reading text


@dataclass(frozen=True)
class AtHand:
    """A base on this machine."""

    name: str  # id on the hub, or the base's place in the folder
    path: Path  # folder or .gguf file
    models: tuple[str, ...] = ()  # of the folder that start from it


def bases_at_hand(table: Iterable[Candidate], language: Language | None) -> list[AtHand]:
    """Return the bases of the folder's models that are here, then candidates in packages and in the hub's cache."""
    found: dict[str, AtHand] = {}
    for name, model in ({} if language is None else language.models).items():
        assert language is not None
        if model.base.hub is None or fetched(model.base):
            try:
                path = locate(model.base, language)
            except Problem:
                continue
            base = model.base.hub or model.base.name_on_hub or str(model.base.path)
            before = found.get(base)
            found[base] = AtHand(base, path, (*(before.models if before else ()), name))
    for candidate in table:
        place = None if candidate.id in found else place_of(candidate)
        if place is not None:
            found[candidate.id] = AtHand(candidate.id, place)
    return list(found.values())


def sample_of(language: Language, root: Path) -> list[str]:
    """Return lines of the folder's own text; ``root`` is the store's."""
    return count_text(language, root, None, _SECONDS).sample


def measure_fertility(bases: Iterable[AtHand], lines: Sequence[str]) -> Mapping[str, float]:
    """Return the tokens per word of each base's tokenizer on ``lines``; none without words, or if it is unreadable."""
    number = sum(len(words(line)) for line in lines)
    found: dict[str, float] = {}
    for base in bases if number else ():
        try:
            backend = load_tokenizer(base.path).backend_tokenizer
        except Problem:
            continue
        tokens = sum(len(encoding.ids) for encoding in backend.encode_batch(list(lines), add_special_tokens=False))
        found[base.name] = tokens / number
    return found
