"""Code locations of a part of the languages each: every language in one, none moved by another, the runs in theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import Definitions

from pipelines import shards
from pipelines.build import build_definitions
from pipelines.code_locations import Location, Shard, location_of, locations, main
from tests.dagster_internals import location_origins_from_yaml_paths
from tests.generate import write_language
from vernacular.core.errors import Problem
from vernacular.core.project import Project

CODES = [f"qaa-x-{letter}" for letter in "abcdefghijkl"]


def test_every_language_is_in_one_shard() -> None:
    for of in (1, 2, 28):
        for code in CODES:
            assert sum(Shard(number, of).holds(code) for number in range(1, of + 1)) == 1
    assert all(any(Shard(number, 2).holds(code) for code in CODES) for number in (1, 2))


def test_the_workspace_that_is_written_is_the_one_dagster_loads(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for code in CODES:
        (tmp_path / "languages" / code).mkdir(parents=True)
        (tmp_path / "languages" / code / "language.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert locations(tmp_path) == [Location()]
    for count in ("3", "1"):
        assert main([count]) == 0
        found = locations(tmp_path)
        assert [location.shard.of for location in found] == [int(count)] * int(count)
        origins = location_origins_from_yaml_paths([str(tmp_path / "workspace.yaml")])
        assert [origin.location_name for origin in origins] == [location.name for location in found]
        for code in CODES:
            assert location_of(code, tmp_path).shard.holds(code)
    assert found == [Location()]
    assert "1 code locations of 12 to 12 languages" in capsys.readouterr().out


@pytest.mark.parametrize("asked", [[], ["0"], ["many"], ["2", "3"]])
def test_a_wrong_number_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                       capsys: pytest.CaptureFixture[str], asked: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(asked) == 2
    assert "is not a number of code locations" in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", [
    "", "[", "load_from: 3", "load_from: [{python_module: {module_name: pipelines.shards, attribute: x}}]"])
def test_a_workspace_that_cannot_be_used_reports_how_to_fix_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Problem, match="VN-CONFIG-YAML"):
        location_of("qaa", tmp_path)


def test_shards_hold_all_languages_a_sensor_each_and_one_the_overview(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")
    for code in CODES[:4]:
        write_language(project.languages, code, documents=3)

    def keys(definitions: Definitions) -> set[str]:
        return {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}

    parts = [build_definitions(project, shard=Shard(number, 2)) for number in (1, 2)]
    assert keys(parts[0]) | keys(parts[1]) == keys(build_definitions(project))
    assert not keys(parts[0]) & keys(parts[1]) and keys(parts[0]) and keys(parts[1])
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(project.languages))
    monkeypatch.setenv("VERNACULAR_ROOT", str(project.artifacts))
    assert keys(shards.shard_2_of_2) == keys(parts[1])
    with pytest.raises(AttributeError):
        _ = shards.nothing
