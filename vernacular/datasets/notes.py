"""What a reader of labeled files chose or left out, so that a person knows it though nothing is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vernacular.core.errors import split_place


@dataclass(frozen=True)
class DataNote:
    """One thing that was done to a file.

    Attributes:
        code: what it is; the numbers of one code are added up in the report of a task.
        where: the file, and the first line that it is about.
        number: of rows, tags or pairs; 0 of what is about the whole file.
        text: the same for a person, to be read after the number.
    """

    code: str
    where: str
    number: int
    text: str

    @property
    def file(self) -> str:
        """``where`` without the line."""
        return split_place(self.where)[0]


def numbers_of(remarks: Sequence[DataNote]) -> dict[str, int]:
    """Code -> number of rows, tags or pairs, of the remarks on what was changed or left out."""
    found: dict[str, int] = {}
    for remark in remarks:
        if remark.number:
            found[remark.code] = found.get(remark.code, 0) + remark.number
    return found
