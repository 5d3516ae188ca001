"""Glob patterns of paths, matched folder by folder, in time that is linear in the pattern."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from vernacular.core.errors import Problem

_ANY = "**"  # any number of folders


@dataclass(frozen=True)
class PathPattern:
    """A pattern of which a part of a path has been read.

    Attributes:
        names: the patterns of the names on the way, and ``**``.
        at: how many of them may have been used up; several numbers where ``**`` leaves it open.
    """

    names: tuple[str, ...]
    at: frozenset[int]

    @classmethod
    def of(cls, pattern: str, shown: str) -> PathPattern:
        """``pattern`` before any name was read.

        Raises:
            Problem: ``**`` stands beside other letters; ``shown`` says where.
        """
        names = tuple(name for name in pattern.split("/") if name not in ("", "."))
        for name in names:
            if _ANY in name and name != _ANY:
                raise Problem(f"'{pattern}' is not a pattern: {_ANY} stands for whole folders", where=shown,
                              fix=f"Write {_ANY}/ for any number of folders, and * within a name")
        if names[-1:] == (_ANY,):
            names += ("*",)  # the files in these folders
        return cls(names, frozenset()).moved({0})

    def moved(self, at: set[int]) -> PathPattern:
        """The same pattern, of which ``at`` names have been used up; ``**`` may stand for no folder."""
        for number, name in enumerate(self.names):
            if name == _ANY and number in at:
                at.add(number + 1)
        return PathPattern(self.names, frozenset(at))

    def below(self, name: str) -> PathPattern:
        """The pattern after one more ``name`` of the path."""
        return self.moved({number if self.names[number] == _ANY else number + 1 for number in self.at
                           if number < len(self.names) and (
                               self.names[number] == _ANY or fnmatch.fnmatchcase(name, self.names[number]))})

    @property
    def matches(self) -> bool:
        """Whether what was read is a whole path that matches."""
        return len(self.names) in self.at

    @property
    def goes_on(self) -> bool:
        """Whether a longer path may match."""
        return any(number < len(self.names) for number in self.at)
