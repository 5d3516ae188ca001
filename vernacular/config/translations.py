"""Settings of ``alignment.translations``: its two sides and the keys that join them. Nothing is read here."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from vernacular.config.sources import FilesSource, PackageSource
from vernacular.config.strict import Share, Strict

BETWEEN = "..."  # in ``remove``: any text between two brackets
_FIELD = re.compile(r"\{[a-z_]*\}")


def _removable(part: str) -> str:
    if BETWEEN in part and not (len(part) == len(BETWEEN) + 2 and part[1:-1] == BETWEEN):
        raise ValueError(f"'{part}' is neither text nor brackets; write one character on either side, such as {{...}}")
    return part


class ColumnsKey(Strict):
    """A table (csv, tsv or jsonl, also .gz) in which some columns identify a row."""

    kind: Literal["columns"] = Field(description="Columns of a table identify a text.")
    columns: list[str | int] = Field(min_length=1, description=(
        "These columns, by name, or by number from 0 (-1 is the last)."), examples=[["book", "chapter", "verse"]])


class UsfmKey(Strict):
    """USFM files: book, chapter and verse."""

    kind: Literal["usfm"] = Field(description="Book, chapter and verse of USFM files identify a text.")


class VrefKey(Strict):
    """eBible's convention: a text file whose lines match a file of references such as ``GEN 1:1``."""

    kind: Literal["vref"] = Field(description="A line of a file of references identifies a text.")
    file: str = Field(description="The file of references; relative to what `files` is relative to.",
                      examples=["vref.txt"])


class PathKey(Strict):
    """JSON arrays of strings, or text files: the path and the number of the string or line, from 1."""

    kind: Literal["path"] = Field(description="The file's path and the line in it identify a text.")
    pattern: str = Field(description="Pattern of the files' paths, with {names} for the parts that are the key.",
                         examples=["texts/{book}/{chapter}.json"])

    @model_validator(mode="after")
    def _names_a_part(self) -> PathKey:
        if not _FIELD.search(self.pattern):
            raise ValueError("pattern has no {name}: mark the parts of the path that are the key, "
                             "{book}/{chapter}.json")
        return self


Key = Annotated[ColumnsKey | UsfmKey | VrefKey | PathKey, Field(discriminator="kind")]


class _Joined(Strict):
    """Settings of a side of translations beyond those of a source."""

    key: Key | None = Field(None, description=(
        "What identifies each text, such as book, chapter and verse. Set it for both sides or for neither: then "
        "they match line by line or row by row (docs/reference/translations.md)."))
    remove: list[Annotated[str, Field(min_length=1), AfterValidator(_removable)]] = Field(
        default_factory=list, description=(
            "What is removed from each text: brackets with their content, or a string."),
        examples=[["{...}", "&gt;"]])


class FilesSide(FilesSource, _Joined):
    """Files in the language folder."""


class PackageSide(PackageSource, _Joined):
    """Files inside an installed Python package."""


Side = Annotated[FilesSide | PackageSide, Field(discriminator="kind")]


class Translations(Strict):
    """Sentences of the language and their translations in a language of the base.

    Joined by a key; without one, two .txt files that match line by line, or two columns
    (``text_field``) of one .csv, .tsv or .jsonl file.
    """

    source: Side = Field(description="The text in the language.")
    translation: Side = Field(description="The same text in a language that the base knows.")
    most_unmatched: Share = Field(0.1, examples=[0.5], description=(
        "Largest share of texts without a partner, relative to the smaller side; line by line, of pairs with one "
        "empty side. They are skipped and counted; data with more is rejected. Raise it for a partial translation."))

    @model_validator(mode="after")
    def _both_or_neither(self) -> Translations:
        if (self.source.key is None) != (self.translation.key is None):
            raise ValueError("only one side has a key; add one to the other, or remove it")
        return self
