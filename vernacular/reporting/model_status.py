"""A row of the table of all languages, as data; ``status_table`` reads it off the artifacts."""

from __future__ import annotations

from dataclasses import dataclass

from vernacular.core.result import SampleRow


@dataclass(frozen=True)
class ModelStatus:
    """A row: what is known of one model of a language; None and empty: not yet.

    Attributes:
        language: code and name.
        model: its name.
        words: of the corpus.
        base_fertility, extended_fertility: tokens a word.
        likelihood: what was gained on held-out text.
        tasks: what was gained on each task.
        red: how many gates are red, and which.
        newest_text: when text was last read.
        release: when it was made, and what is odd about it.
    """

    language: str
    model: str = ""
    words: float | None = None
    base_fertility: float | None = None
    extended_fertility: float | None = None
    likelihood: str = ""
    tasks: str = ""
    red: str = ""
    newest_text: str = ""
    release: str = ""

    def cells(self) -> SampleRow:
        """The row for a table; what is not known is empty."""
        return {"language": self.language, "model": self.model, "words": _cell(self.words),
                "tokens a word, base": _cell(self.base_fertility), "extended": _cell(self.extended_fertility),
                "held-out negative log-likelihood, against base": self.likelihood,
                "tasks, against base": self.tasks, "red": self.red, "newest text": self.newest_text,
                "release": self.release}


def _cell(value: float | None) -> float | str:
    return "" if value is None else value
