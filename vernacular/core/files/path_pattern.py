"""Glob patterns of paths, matched folder by folder in linear time."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

_ANY = "**"  # matches any number of folders


@dataclass(frozen=True)
class PathPattern:
    """A pattern after part of a path has been matched."""

    names: tuple[str, ...]  # the name patterns of the path, including ``**``
    at: frozenset[int]  # possible numbers of patterns used so far; several after a ``**``

    @classmethod
    def of(cls, pattern: str, shown: str) -> PathPattern:
        """Parse ``pattern``.

        Raises:
            Problem: ``**`` is next to other characters; ``shown`` is the place in the message.
        """
        names = tuple(name for name in pattern.split("/") if name not in ("", "."))
        for name in names:
            if _ANY in name and name != _ANY:
                raise Problem(f"'{pattern}' is not a valid pattern: {_ANY} must be a whole folder name", where=shown,
                              fix=f"Write {_ANY}/ for any number of folders and * within a name",
                              code=Code.CONFIG_VALUE)
        if names[-1:] == (_ANY,):
            names += ("*",)  # all files in these folders
        return cls(names, frozenset()).moved({0})

    def moved(self, at: set[int]) -> PathPattern:
        """Return the pattern after ``at`` names were used; ``**`` also matches no folder."""
        for number, name in enumerate(self.names):
            if name == _ANY and number in at:
                at.add(number + 1)
        return PathPattern(self.names, frozenset(at))

    def below(self, name: str) -> PathPattern:
        """Return the pattern after one more path ``name``."""
        return self.moved({number if self.names[number] == _ANY else number + 1 for number in self.at
                           if number < len(self.names) and (
                               self.names[number] == _ANY or fnmatch.fnmatchcase(name, self.names[number]))})

    @property
    def matches(self) -> bool:
        """Whether the path read so far matches as a whole."""
        return len(self.names) in self.at

    @property
    def goes_on(self) -> bool:
        """Whether a longer path may match."""
        return any(number < len(self.names) for number in self.at)
