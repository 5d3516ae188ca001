"""The one kind of error that a person is meant to read: what is wrong, where, and the fix, in one line."""

from __future__ import annotations


class Problem(Exception):
    """Something the user can mend. ``vernacular`` prints it as one line and exits with 2, without a traceback.

    Args:
        what: what is wrong, in plain words.
        where: the file (with line), setting, stage or folder it concerns.
        fix: what to do about it.
    """

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        self.what, self.where, self.fix = (" ".join(part.split()) for part in (what, where, fix))
        super().__init__(f"{self.where}: {self.what}. {self.fix}")
