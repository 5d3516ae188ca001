"""Prompts for causal models: a plain format with ``{source}`` and ``{target}``, and the number of examples.

There is no template engine: the two names are replaced once, so braces in a text are kept. An
answer is one line.
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
    """A prompt format, split where the answer begins."""

    before: str  # text before the source
    between: str  # text between source and answer, without trailing white space
    # that white space; it belongs to the answer, since most tokenizers join a space to the next word
    gap: str
    after: str  # text after the answer, at least a line break; separates examples

    def prompt(self, source: str) -> str:
        """Return what the model reads before it answers."""
        return self.before + source + self.between

    def answer(self, target: str) -> str:
        """Return the expected answer, including the final line break."""
        return f"{self.gap}{target}\n"

    def example(self, source: str, target: str) -> str:
        """Return a source with its answer, as an example."""
        return self.prompt(source) + self.gap + target + self.after


def parse(text: str) -> Template:
    r"""Parse a format such as ``"English: {source}\nChichewa: {target}"``.

    Raises:
        ValueError: ``{source}`` or ``{target}`` is missing or repeated, another name is used, or
            text follows ``{target}``.
    """
    if _NAME.findall(text) != ["source", "target"]:
        raise ValueError("a prompt needs {source} and then {target}, each once and no other braces, such as "
                         "\"English: {source}\\nChichewa: {target}\"")
    before, rest = text.split("{source}")
    between, after = rest.split("{target}")
    if after.strip():
        raise ValueError(f"'{after.strip()}' follows {{target}}; the answer must end the prompt")
    if not between.strip() and "\n" not in between:
        raise ValueError("a prompt needs text between {source} and {target} to separate them")
    kept = between.rstrip(" \t")
    return Template(before, kept, between[len(kept):], after if "\n" in after else f"{after}\n")


class Prompting(Strict):
    """How a causal model is prompted to write a text or choose a label."""

    format: str = Field(description=(
        "Prompt format: text with {source} and then {target}, each once, in double quotes so that \\n breaks the "
        "line. An answer is one line."), examples=["English: {source}\nBemba: {target}"])
    shots: list[Annotated[int, Field(ge=0)]] = Field(default_factory=lambda: [0, 4], description=(
        "Numbers of in-context examples, without fine-tuning; 0 is zero-shot. Each "
        "number is scored for each seed."), examples=[[0, 4, 16]])
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
        """The format, split where the answer begins."""
        return parse(self.format)
