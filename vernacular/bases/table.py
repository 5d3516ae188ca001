"""The table of candidates: its schema, and reading it.

A fact that no source states is None, or left out: unknown. Each fact names its source, which a
validator checks.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import yaml
from pydantic import Field, field_validator, model_validator

from vernacular.config.licences import UNVERIFIED
from vernacular.config.strict import Strict
from vernacular.config.tasks import KindName

Fact = Literal["revision", "licence", "parameters", "family", "objective", "sentences", "languages", "count",
               "tokenizer", "vocabulary", "max_length", "shape"]
# A license's id on the hub -> whether an adapted model may be released under it. Others are unknown.
Release = Literal["open", "terms", "restricted", "unknown"]
_RELEASE: dict[str, Release] = {
    "mit": "open", "apache-2.0": "open", "cc-by-4.0": "open", "cc-by-sa-4.0": "open",
    "gemma": "terms", "llama3.1": "terms", "llama3.2": "terms", "bigscience-bloom-rail-1.0": "terms",
    "cc-by-nc-4.0": "restricted", "research-only": "restricted"}


class SourceOfFacts(Strict):
    """Where some facts of a row are from."""

    url: str = Field(pattern=r"^https://\S+$", description="Page, paper or file that states them.")
    facts: list[Fact] = Field(min_length=1, description="The facts.")


class KnownScores(Strict):
    """Published scores of one benchmark, by language."""

    dataset: str = Field(description="The benchmark.")
    task: KindName = Field(description="Its kind of task.")
    measure: str = Field(description="Such as F1.")
    url: str = Field(pattern=r"^https://\S+$", description="Where they are published.")
    values: dict[str, float] = Field(description="ISO 639-3 code of a language -> score between 0 and 1.")

    @field_validator("values")
    @classmethod
    def _shares(cls, values: dict[str, float]) -> dict[str, float]:
        if not all(0 < value < 1 for value in values.values()):
            raise ValueError("a score is between 0 and 1")
        return values


class Shape(Strict):
    """What the memory of a training depends on."""

    width: int = Field(ge=1, description="Of the states.")
    layers: int = Field(ge=1, description="Their number.")
    heads: int = Field(ge=1, description="Attention heads of a layer.")
    tied: bool = Field(description="Whether input and output embeddings are one table.")


class InPackage(Strict):
    """A package on PyPI that contains the model."""

    name: str = Field(description="Its name.")
    path: str = Field(description="The model's folder or .gguf file in it.")


class Candidate(Strict):
    """A model that people start from; None where no source states a fact."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.{}-]+$", description="Owner and name on the hub.")
    per_language: bool = Field(False, description="A model for each language; `id` is a pattern.")
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$", description="A commit of it.")
    licence: str | None = Field(None, description="As on the hub; `research-only` if its page allows no other use.")
    parameters: int | None = Field(None, ge=1, description="Their number.")
    family: str | None = Field(None, description="`model_type` of transformers.")
    objective: Literal["masked", "causal"] = Field(description="Encoder or decoder.")
    sentences: bool = Field(False, description="Whether it was trained to compare sentences.")
    languages: list[str] = Field(description="ISO 639-3 codes that the source names.")
    count: int | None = Field(None, ge=1, description="How many languages, if it does not name all.")
    tokenizer: Literal["Unigram", "WordPiece", "BPE"] | None = Field(None, description="Kind of tokenizer.")
    vocabulary: int | None = Field(None, ge=1, description="Its tokens.")
    max_length: int | None = Field(None, ge=1, description="Most tokens that it reads at once.")
    shape: Shape | None = Field(None, description="Its sizes.")
    package: InPackage | None = Field(None, description="A package that contains it.")
    sources: list[SourceOfFacts] = Field(min_length=1, description="Of the facts.")
    scores: list[KnownScores] = Field(default_factory=list, description="Published ones.")

    @model_validator(mode="after")
    def _every_fact_has_a_source(self) -> Candidate:
        stated = {name for name in get_args(Fact) if getattr(self, name) not in (None, False)}
        sourced = [fact for source in self.sources for fact in source.facts]
        if set(sourced) != stated or len(sourced) != len(stated):
            raise ValueError(f"{self.id}: facts and sources differ: {sorted(stated ^ set(sourced))}")
        return self

    @property
    def release(self) -> Release:
        """Whether an adapted model may be released: freely, under terms, not for all uses, or unknown."""
        return _RELEASE.get(self.licence or "", "unknown")

    @property
    def spdx(self) -> str:
        """The license as language.yaml writes it."""
        if self.licence is None:
            return UNVERIFIED
        return self.licence if self.release == "open" else f"LicenseRef-{self.licence}"


@cache
def read_table() -> tuple[Candidate, ...]:
    """Return the candidates, in the order of the file."""
    text = files("vernacular.bases").joinpath("candidates.yaml").read_bytes()
    data: Any = yaml.load(text, yaml.CSafeLoader)  # safe, and ten times faster than SafeLoader
    lists = data["lists"]
    return tuple(Candidate.model_validate(row if not isinstance(row["languages"], str) else
                                          {**row, "languages": lists[row["languages"]]})
                 for row in data["candidates"])


def candidate_of(base_id: str) -> Candidate | None:
    """Return the candidate with this id on the hub, or None."""
    return next((candidate for candidate in read_table() if candidate.id.casefold() == base_id.casefold()), None)
