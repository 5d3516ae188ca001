"""Notes on what a reader of labeled files chose or skipped without an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vernacular.core.errors import split_place


@dataclass(frozen=True)
class DataNote:
    """A note about a file."""

    code: str  # its kind; numbers with equal codes are summed in a task's report
    where: str  # the file and the first line concerned
    number: int  # of rows, tags or pairs; 0 for the whole file
    text: str  # description for a person, read after the number

    @property
    def file(self) -> str:
        """``where`` without the line."""
        return split_place(self.where)[0]


def numbers_of(remarks: Sequence[DataNote]) -> dict[str, int]:
    """Return code -> number of rows, tags or pairs, for notes on changes and omissions."""
    found: dict[str, int] = {}
    for remark in remarks:
        if remark.number:
            found[remark.code] = found.get(remark.code, 0) + remark.number
    return found
