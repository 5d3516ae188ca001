"""Parts of a made release, with random trained weights, as ``vernacular export`` finds them."""

from __future__ import annotations

from pathlib import Path

from tests.tiny import write_llama
from tests.unit.release.tiny_releases import LONGEST, write_release
from vernacular.conversion.folders import agreement_of, convert, measured
from vernacular.conversion.formats import Format, Precision, Wish
from vernacular.conversion.released import LANGUAGE_MODEL, Part
from vernacular.conversion.results import Agreement
from vernacular.datasets.items import Item

LINES = ["the red fox jumps over the river", "a lazy dog looks at the market", "every green crow flies over the school"]


def part_of_shape(folder: Path, shape: str) -> Part:
    """The part of a task of an encoder."""
    asked = write_release(folder, shape)
    return Part(shape, folder / "out" / asked.place, LONGEST, asked.kind, asked.items, asked.scored)


def decoder_part(folder: Path) -> Part:
    """The part of a decoder."""
    return Part(LANGUAGE_MODEL, write_llama(folder / "made"), LONGEST, None, [Item(line) for line in LINES], [])


def exported(part: Part, to: Format, precision: Precision, folder: Path) -> Agreement:
    """Export ``part`` into ``folder`` and compare it; torch does not run."""
    folder.mkdir()
    wish = Wish(to, precision, folder.parent, 1)
    ours = measured(part, wish, folder, convert(part, wish, folder), "exported")
    return agreement_of(part, wish, ours, ours)
