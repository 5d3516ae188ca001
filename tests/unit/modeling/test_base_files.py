"""The files of a base: its family is read safely."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vernacular.modeling.base_files import family_of


@pytest.mark.parametrize(("config", "family"), [
    ({"model_type": "bert"}, "bert"),
    ({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}, "gemma3"),
    ({"model_type": 3}, None), ([], None), ({}, None)])
def test_the_family_of_a_folder(tmp_path: Path, config: object, family: str | None) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert family_of(tmp_path) == family


@pytest.mark.parametrize("data", [b"{", b"[" * 200_000, b" " * 2**21])
def test_hostile_configurations_have_no_family(tmp_path: Path, data: bytes) -> None:
    assert family_of(tmp_path) is None
    (tmp_path / "config.json").write_bytes(data)
    assert family_of(tmp_path) is None
