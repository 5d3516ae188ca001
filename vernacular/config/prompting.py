"""How a causal model is asked: a plain format with ``{source}`` and ``{target}``, and how many examples it is shown.

No template engine: the two names are replaced once, so braces in a text stay as they are. An answer is one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from vernacular.config.strict import Strict

_NAME = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Template:
    """A format cut where the answer begins.

    Attributes:
        before: what stands before the source.
        between: what stands between source and answer, without white space at its end.
        gap: that white space, which belongs to the answer: most tokenizers join a space to the word after it.
        after: what stands behind the answer, at least a line break; separates examples.
    """

    before: str
    between: str
    gap: str
    after: str

    def prompt(self, source: str) -> str:
        """What the model reads before it answers."""
        return self.before + source + self.between

    def answer(self, target: str) -> str:
        """What it should write, up to and with the line break that ends it."""
        return f"{self.gap}{target}\n"

    def example(self, source: str, target: str) -> str:
        """A source with its answer, as an example."""
        return self.prompt(source) + self.gap + target + self.after


def parse(text: str) -> Template:
    r"""The template that ``text`` describes, such as ``"English: {source}\nChichewa: {target}"``.

    Raises:
        ValueError: it lacks ``{source}`` or ``{target}``, has one twice, another name, or text behind ``{target}``.
    """
    if _NAME.findall(text) != ["source", "target"]:
        raise ValueError("a prompt needs {source} and then {target}, each once and nothing else in braces, such as "
                         "\"English: {source}\\nChichewa: {target}\"")
    before, rest = text.split("{source}")
    between, after = rest.split("{target}")
    if after.strip():
        raise ValueError(f"'{after.strip()}' stands behind {{target}}; the answer must end the prompt")
    if not between.strip() and "\n" not in between:
        raise ValueError("a prompt needs something between {source} and {target}, or nobody can tell where one ends")
    kept = between.rstrip(" \t")
    return Template(before, kept, between[len(kept):], after if "\n" in after else f"{after}\n")


class Prompting(Strict):
    """How a causal model is asked to write, or to choose a label."""

    format: str = Field(description=(
        "What the model is shown: text with {source} and then {target}, each once, in double quotes so that \\n breaks "
        "the line. Its answer is one line."), examples=["English: {source}\nBemba: {target}"])
    shots: list[Annotated[int, Field(ge=0)]] = Field(default_factory=lambda: [0, 4], description=(
        "Numbers of examples that the model is shown, without fine-tuning; 0 is zero-shot. Each number is scored for "
        "each seed."), examples=[[0, 4, 16]])
    longest_answer: int = Field(300, ge=1, examples=[1000], description=(
        "Characters after which an answer is cut (`generation` only)."))
    label_words: dict[str, str] = Field(default_factory=dict, description=(
        "Words of the language for the labels (`sequence_classification` only). Empty: the labels themselves."),
        examples=[{"sports": "masewera", "politics": "ndale"}])

    @field_validator("format")
    @classmethod
    def _can_be_parsed(cls, value: str) -> str:
        parse(value)
        return value

    @property
    def template(self) -> Template:
        """The format, cut where the answer begins."""
        return parse(self.format)
