"""Labeled items: as written in a file (``Row``), and as models read them (``Item``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A labeled item as written in a file.

    Attributes:
        where: file and line, for messages.
        fields: part of an item (see ``vernacular.config.tasks.COLUMNS``) -> value: text, a list of
            strings, or JSON data. In NFC.
        lines: the line of each word, if the file has one word per line.
        surface: the original text, if the fields differ from it.
    """

    where: str
    fields: Mapping[str, Any]
    lines: tuple[int, ...] = ()
    surface: str = ""


@dataclass(frozen=True)
class Item:
    """One labeled item."""

    text: str  # what the model reads
    # label indices: one for the text, one per word (-100 if unknown), or any number for multi-label
    labels: tuple[int, ...] = ()
    document: str = ""  # id of its document, or file and line
    # start and end of each word in ``text``; by default those of ``word_spans``
    spans: tuple[tuple[int, int], ...] | None = None
    second: str = ""  # the second text, for kinds with two

    def key(self) -> tuple[str, str]:
        """The texts: items with equal keys are duplicates, whatever their labels."""
        return self.text, self.second
