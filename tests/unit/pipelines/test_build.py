"""The code location that language folders give: keys, groups, edges, checks, versions, broken ones."""

from __future__ import annotations

import os
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import AssetKey, AssetSelection, Definitions

from pipelines.build import build_definitions
from pipelines.language import job_name
from tests.generate import TINY_MODEL, write_language
from tests.within import within
from vernacular.core.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    models = {"tiny": TINY_MODEL, "spare": deepcopy(TINY_MODEL) | {"enabled": False}}
    write_language(tmp_path / "languages", "qaa", models=models)
    return Project(home=tmp_path, languages=tmp_path / "languages", artifacts=tmp_path / "artifacts")


def names(definitions: Definitions) -> set[str]:
    return {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}


def edit(project: Project, change: dict[str, Any], code: str = "qaa") -> None:
    path = project.languages / code / "language.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(settings | change), encoding="utf-8")


def versions(definitions: Definitions) -> dict[str, str | None]:
    graph = definitions.resolve_asset_graph()
    return {key.to_user_string(): graph.get(key).code_version for key in graph.materializable_asset_keys}


def test_keys_and_groups(project: Project) -> None:
    definitions = build_definitions(project)
    assert names(definitions) >= {
        "qaa/source/text", "qaa/corpus/documents", "qaa/corpus/clean", "qaa/corpus/splits", "qaa/tokenizer/tiny",
        "qaa/model/tiny", "qaa/model/tiny_control", "qaa/task/names_tiny", "qaa/task/genre_tiny", "qaa/release/tiny"}
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).group_name == "/".join(key.path[:2])
    everything = AssetSelection.from_string('group:"qaa/*"').resolve(graph)  # leaves out what is only observed
    assert everything == graph.materializable_asset_keys - {AssetKey(["overview"])}


def test_edges(project: Project) -> None:
    graph = build_definitions(project).resolve_asset_graph()
    assert graph.get(AssetKey(["qaa", "corpus", "documents"])).parent_keys == {AssetKey(["qaa", "source", "text"])}
    assert AssetKey(["qaa", "corpus", "splits"]) in graph.get(AssetKey(["qaa", "model", "tiny"])).parent_keys
    assert not graph.unexecutable_asset_keys, "a stage reads what no stage makes"
    assert len(graph.toposorted_asset_keys) == len(graph.get_all_asset_keys())  # raises where there is a circle


def test_gates_are_checks(project: Project) -> None:
    graph = build_definitions(project).resolve_asset_graph()
    checks = {key.name: graph.get_check_spec(key) for key in graph.asset_check_keys
              if key.asset_key == AssetKey(["qaa", "tokenizer", "tiny"])}
    assert checks["old_ids_unchanged"].blocking
    assert not checks["base_text_unchanged"].blocking


def test_the_job_makes_all_that_can_be_made(project: Project) -> None:
    definitions = build_definitions(project)
    made = definitions.resolve_job_def("qaa").asset_layer.executable_asset_keys
    assert made == definitions.resolve_asset_graph().materializable_asset_keys - {AssetKey(["overview"])}


def test_a_disabled_model_is_there_when_asked_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "qaa/model/spare" not in names(build_definitions(project))
    monkeypatch.setenv("VERNACULAR_MODELS", "zxx:tiny,qaa:spare")
    chosen = names(build_definitions(project))
    assert "qaa/model/spare" in chosen
    assert "qaa/model/tiny" not in chosen
    monkeypatch.setenv("VERNACULAR_MODELS", "qaa:spore")
    assert "qaa/config_error" in names(build_definitions(project))


def test_a_broken_folder_shows_its_message_and_spares_the_others(project: Project) -> None:
    broken = project.languages / "qab"
    shutil.copytree(project.languages / "qaa", broken)
    edit(project, {"sourcs": []}, "qab")
    definitions = build_definitions(project)
    assert "qaa/release/tiny" in names(definitions)
    assert {name for name in names(definitions) if name.startswith("qab/")} == {"qab/config_error"}
    shown = definitions.resolve_asset_graph().get(AssetKey(["qab", "config_error"])).description
    assert shown is not None
    assert shown.startswith("**unknown key 'sourcs', did you mean 'sources'?")
    assert "languages/qab/language.yaml" in shown
    assert AssetKey(["qab", "config_error"]) not in definitions.resolve_asset_graph().materializable_asset_keys


@pytest.mark.parametrize("file", ["names", "fairness"])
def test_a_broken_behaviour_file_is_its_languages_error_alone(project: Project, file: str) -> None:
    behaviour = project.languages / "qab" / "behaviour"
    shutil.copytree(project.languages / "qaa", behaviour.parent)
    behaviour.mkdir()
    (behaviour / f"{file}.yaml").write_text("tsts: []\n", encoding="utf-8")
    definitions = build_definitions(project)
    assert "qaa/release/tiny" in names(definitions)
    assert {name for name in names(definitions) if name.startswith("qab/")} == {"qab/config_error"}
    shown = definitions.resolve_asset_graph().get(AssetKey(["qab", "config_error"])).description
    assert f"languages/qab/behaviour/{file}.yaml:1" in (shown or "")
    assert "tsts" in (shown or "")


@pytest.mark.parametrize("file", ["language.yaml", "behaviour/names.yaml"])
def test_a_pipe_in_a_folder_is_its_languages_error_and_nobody_waits_for_it(project: Project, file: str) -> None:
    pipe = project.languages / "qab" / file
    shutil.copytree(project.languages / "qaa", project.languages / "qab")
    pipe.parent.mkdir(exist_ok=True)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with within(60):
        definitions = build_definitions(project)
    assert {name for name in names(definitions) if name.startswith("qab/")} == {"qab/config_error"}
    shown = definitions.resolve_asset_graph().get(AssetKey(["qab", "config_error"])).description
    assert "ordinary file" in (shown or "") and "qaa/release/tiny" in names(definitions)


def test_an_edit_changes_the_version_of_what_reads_it_alone(project: Project) -> None:
    before = versions(build_definitions(project))
    edit(project, {"cleaning": {"min_words": 3}})
    after = versions(build_definitions(project))
    assert {name for name in before if before[name] != after[name]} == {"qaa/corpus/clean"}
    edit(project, {"models": {"tiny": {**TINY_MODEL, "lora": {**TINY_MODEL["lora"], "rank": 4}}}})
    last = versions(build_definitions(project))
    changed = {name for name in after if name in last and after[name] != last[name]}
    assert changed >= {"qaa/task/names_tiny", "qaa/task/genre_tiny"}
    assert not [name for name in changed if name.split("/")[1] in ("corpus", "tokenizer", "model")]


@pytest.mark.parametrize("code", ["as", "is", "or", "zh-Hant"])
def test_codes_that_dagster_refuses_as_names(tmp_path: Path, code: str) -> None:
    write_language(tmp_path / "languages", code, documents=3)
    definitions = build_definitions(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"))
    slug = code.replace("-", "_")
    assert f"{slug}/release/tiny" in names(definitions)
    assert definitions.resolve_job_def(job_name(slug)).name == job_name(slug)
