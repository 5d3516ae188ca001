"""The table of datasets on the hub: each fact has a source, and presets fill in what they know."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from vernacular.config.hub_presets import Preset, read_presets, text_presets
from vernacular.config.sources import HubSource
from vernacular.reference.datasets_page import datasets_page

HUB = {"name": "web", "kind": "hub", "licence": "unverified", "consent": "unknown", "register": "web",
       "revision": "a" * 40}


def test_the_page_lists_every_dataset_with_its_sources() -> None:
    page = datasets_page()
    for preset in read_presets().values():
        if preset.dataset is not None:
            assert f"`{preset.name}`" in page and preset.dataset in page and preset.sources
            assert all(source.url in page for source in preset.sources)


def test_a_fact_without_a_source_is_refused() -> None:
    row: dict[str, Any] = {"name": "x", "title": "X", "use": "text", "columns": {"text": ["text"]},
                           "licence": "CC0-1.0", "sources": [{"url": "https://example.org", "facts": ["quality"]}]}
    with pytest.raises(ValidationError):
        Preset.model_validate(row)
    row["sources"][0]["facts"] = ["licence"]
    assert Preset.model_validate(row).dataset is None


def test_a_preset_names_its_dataset_and_wants_the_configuration_of_the_language() -> None:
    named = HubSource.model_validate({**HUB, "preset": "fineweb2", "config": "nya_Latn"})
    assert named.dataset == "HuggingFaceFW/fineweb-2"
    assert HubSource.model_validate({**HUB, "preset": "fineweb2", "dataset": "./data"}).config is None
    assert "opus100" not in text_presets()


@pytest.mark.parametrize(("more", "place"), [
    ({"preset": "fineweb2"}, ()), ({}, ()), ({"preset": "opus100"}, ("preset",)), ({"preset": "plain"}, ())])
def test_what_a_preset_cannot_fill_in_is_refused(more: dict[str, str], place: tuple[str, ...]) -> None:
    assert HubSource.model_validate({**HUB, "dataset": "a/b", "config": "nya_Latn"}).dataset == "a/b"
    with pytest.raises(ValidationError) as raised:
        HubSource.model_validate({**HUB, **more})
    assert [error["loc"] for error in raised.value.errors()] == [place]
