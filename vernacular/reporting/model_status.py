"""A row of the table of all languages, as data; ``status_table`` reads it off the artifacts."""

from __future__ import annotations

from dataclasses import dataclass

from vernacular.core.result import SampleRow


@dataclass(frozen=True)
class ModelStatus:
    """A row: what is known of one model of a language; None and empty: not yet."""

    language: str  # code and name
    model: str = ""  # its name
    words: float | None = None  # of the corpus
    hours: float | None = None  # of transcribed speech
    base_fertility: float | None = None  # base_fertility and extended_fertility: tokens a word
    extended_fertility: float | None = None
    likelihood: str = ""  # what was gained on held-out text
    tasks: str = ""  # what was gained on each task
    red: str = ""  # how many gates are red, and which
    newest_text: str = ""  # when text was last read
    release: str = ""  # when it was made, and what is odd about it

    def cells(self) -> SampleRow:
        """The row for a table; what is not known is empty."""
        return {"language": self.language, "model": self.model, "words": _cell(self.words),
                "hours of speech": _cell(self.hours),
                "tokens a word, base": _cell(self.base_fertility), "extended": _cell(self.extended_fertility),
                "held-out negative log-likelihood, against base": self.likelihood,
                "tasks, against base": self.tasks, "red": self.red, "newest text": self.newest_text,
                "release": self.release}


def _cell(value: float | None) -> float | str:
    return "" if value is None else value
