"""A labeled item: as it is written in a file (``Row``), and as a model reads it (``Item``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A labelled item as it stands in a file.

    Attributes:
        where: file and line, for messages.
        fields: what an item is made of (see ``vernacular.config.tasks.COLUMNS``) -> its value: text, a list of
            strings, or what a JSON file or a hub dataset holds. In NFC.
        lines: of each word, where the file has a line for each.
        surface: the text as people write it, where the fields hold it otherwise.
    """

    where: str
    fields: Mapping[str, Any]
    lines: tuple[int, ...] = ()
    surface: str = ""


@dataclass(frozen=True)
class Item:
    """One labelled item.

    Attributes:
        text: what the model reads.
        labels: numbers of labels: one for the text, or one for each of its words (-100 where none is known), or
            any number for a text with several.
        document: id of the document it comes from, or file and line.
        spans: start and end of each word in ``text``, where they are given; else the words are those of
            ``word_spans``.
        second: the second text, where the kind has two.
    """

    text: str
    labels: tuple[int, ...] = ()
    document: str = ""
    spans: tuple[tuple[int, int], ...] | None = None
    second: str = ""

    def key(self) -> tuple[str, str]:
        """What makes two items the same whatever their labels: the texts."""
        return self.text, self.second
