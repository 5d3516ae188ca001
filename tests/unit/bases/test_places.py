"""Bases on this machine, and models whose family lacks a classifier that their tasks need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.generate import TINY_MODEL, write_language
from vernacular.bases.places import classifiers_lacking, place_of
from vernacular.bases.table import candidate_of
from vernacular.config.load import load_language
from vernacular.core.codes import Code

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def lacking(tmp_path: Path, base: dict[str, Any], config: dict[str, Any] | None = None, **model: Any) -> list[str]:
    settings = {**TINY_MODEL, "objective": "causal", "base": {**base, "licence": "CC0-1.0"}, **model}
    folder = write_language(tmp_path / "languages", documents=3, models={"tiny": settings})
    if config is not None:
        (folder / "base").mkdir()
        (folder / "base" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    problems = [*classifiers_lacking(load_language(folder))]
    assert all(problem.code == Code.MODEL_KIND for problem in problems)
    return [name for problem in problems for name in ("names", "genre") if name in problem.what]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put(cache: Path, base: str, commit: str, **files: str) -> Path:
    folder = cache / f"models--{base.replace('/', '--')}"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit, encoding="utf-8")
    for name, text in files.items():
        (snapshot / f"{name}.json").write_text(text, encoding="utf-8")
    return snapshot


@pytest.mark.parametrize(("config", "tasks"), [
    ({"model_type": "llama"}, []), ({"model_type": "gemma3_text"}, ["names"]), ({"model_type": "apertus"}, ["genre"]),
    ({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}, ["names"]),
    ({"model_type": "granite"}, ["names", "genre"]), ({"model_type": "no such family"}, []), (None, [])])
def test_the_configuration_of_a_folder(tmp_path: Path, config: dict[str, Any] | None, tasks: list[str]) -> None:
    assert lacking(tmp_path, {"path": "base"}, config) == tasks


def test_only_the_tasks_of_the_model_count(tmp_path: Path) -> None:
    assert not lacking(tmp_path, {"path": "base"}, {"model_type": "apertus"}, tasks=["names"])


def test_a_disabled_model_is_not_asked(tmp_path: Path) -> None:
    assert not lacking(tmp_path, {"path": "base"}, {"model_type": "granite"}, enabled=False)


@pytest.mark.parametrize(("hub", "tasks"), [
    ("google/gemma-3-1b-pt", ["names"]), ("Qwen/Qwen3-0.6B-Base", []), ("someone/unknown", [])])
def test_a_hub_model_that_is_not_fetched_is_known_by_the_table(
        tmp_path: Path, cache: Path, hub: str, tasks: list[str]) -> None:
    assert lacking(tmp_path, {"hub": hub, "revision": COMMIT}) == tasks


def test_a_fetched_hub_model_is_known_by_its_configuration(tmp_path: Path, cache: Path) -> None:
    put(cache, "someone/unknown", COMMIT, config='{"model_type": "xglm"}')
    assert lacking(tmp_path, {"hub": "someone/unknown", "revision": COMMIT}) == ["names", "genre"]


def test_a_name_on_the_hub_gives_the_family_of_a_gguf_file(tmp_path: Path) -> None:
    folder = tmp_path / "languages" / "qaa"
    folder.mkdir(parents=True)
    (folder / "base.gguf").write_bytes(b"GGUF")
    assert lacking(tmp_path, {"path": "base.gguf", "name_on_hub": "google/gemma-3-270m"}) == ["names"]


def test_places(cache: Path) -> None:
    pinned, unpinned = candidate_of("FacebookAI/xlm-roberta-base"), candidate_of("Davlan/afro-xlmr-base")
    assert pinned is not None and pinned.revision is not None and unpinned is not None
    assert place_of(pinned) is None and place_of(unpinned) is None
    snapshot = put(cache, pinned.id, pinned.revision, tokenizer="{}")
    assert place_of(pinned) == snapshot
    assert place_of(unpinned) is None
    snapshot = put(cache, unpinned.id, COMMIT, tokenizer="{}")
    assert place_of(unpinned) == snapshot
