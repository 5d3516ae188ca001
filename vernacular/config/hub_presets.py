"""Datasets on the hub with text in many languages: a table of facts, each with its source."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, model_validator

from vernacular.config.licences import Licence
from vernacular.config.strict import Name, Strict

Fact = Literal["dataset", "config", "columns", "licence", "quality", "notes"]
_TABLE = "hub_presets.yaml"


class Columns(Strict):
    """The columns of a dataset by role; the first nonempty one is used."""

    text: tuple[str, ...]
    path: tuple[str, ...] = ("url", "id")
    title: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class FactSource(Strict):
    """Where facts are stated."""

    url: str = Field(pattern=r"^https://\S+$")
    facts: tuple[Fact, ...] = Field(min_length=1)


class Preset(Strict):
    """A dataset. A fact that is not set is unknown."""

    name: Name
    title: str
    use: Literal["text", "translations"]  # by `hub`; or pairs, which are saved as a table first
    dataset: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$")  # None: any
    config: str | None = None  # pattern of the name of a language's configuration
    columns: Columns
    no_url: bool = False  # whether rows lack the address of their page
    licence: Licence | None = None
    quality: str | None = None  # what is known of small languages
    notes: str | None = None
    sources: tuple[FactSource, ...]

    @model_validator(mode="after")
    def _stated(self) -> Preset:
        stated = {fact for source in self.sources for fact in source.facts}
        named = {fact for fact in ("dataset", "config", "licence", "quality") if getattr(self, fact) is not None}
        if not named <= stated:
            raise ValueError(f"no source states {', '.join(sorted(named - stated))} of {self.name}")
        return self


@cache
def read_presets() -> dict[str, Preset]:
    """Return name -> preset, in the order of the table."""
    data: Any = yaml.load(files("vernacular.config").joinpath(_TABLE).read_bytes(), yaml.CSafeLoader)
    found = [Preset.model_validate(row) for row in data["presets"]]
    return {preset.name: preset for preset in found}


def _known(name: str) -> str:
    names = text_presets()
    if name not in names:
        raise ValueError(f"there is no preset '{name}'; use one of: {', '.join(names)}")
    return name


def text_presets() -> list[str]:
    """Return the names of the presets that a source of kind ``hub`` reads."""
    return [name for name, preset in read_presets().items() if preset.use == "text"]


def _with_names(schema: dict[str, Any]) -> None:
    schema["enum"] = text_presets()


PresetName = Annotated[str, AfterValidator(_known), Field(json_schema_extra=_with_names)]
