"""``vernacular bases``: advice with and without a folder, tokens measured on its text; and advice in a new folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.generate import write_language
from tests.tiny import write_bert
from vernacular.bases.places import place_of
from vernacular.bases.table import candidate_of, read_table
from vernacular.cli.main import app
from vernacular.config.load import load_language
from vernacular.core.codes import Code
from vernacular.modeling.base_models import load_tokenizer
from vernacular.text.words import words

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["bases", *words])


def found(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "languages").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("VERNACULAR_LANGUAGES", "VERNACULAR_ROOT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def folder(project: Path) -> Path:
    made = write_language(project / "languages", code="nya", documents=6)
    write_bert(made / "base")
    return made


def test_a_language_without_a_folder() -> None:
    data = found("nya", "--quick")
    assert {one["memory"] for one in data["advice"]} == {"laptop", "8", "24", "80"}
    assert {one["task"] for one in data["advice"]} == {"token_classification", "sentence_retrieval", "generation"}
    assert all(one["first"] for one in data["advice"])
    assert len(data["candidates"]) == len(read_table())
    assert data["candidates"][0]["knows"] == "language"


def test_one_task_and_one_memory() -> None:
    data = found("fao", "--quick", "--task", "generation", "--memory", "8")
    advice, = data["advice"]
    assert (advice["task"], advice["memory"]) == ("generation", "8")
    assert advice["first"]["id"] == data["candidates"][0]["id"] == "goldfish-models/fao_latn_full"


def test_tokens_are_measured_on_the_text_of_the_folder(folder: Path) -> None:
    data = found("nya")
    lines = [line for path in sorted((folder / "text").rglob("*.txt")) for line in path.read_text("utf-8").split("\n")]
    text = [line for line in lines if line.strip()]
    tokenizer = load_tokenizer(folder / "base").backend_tokenizer
    tokens = sum(len(one.ids) for one in tokenizer.encode_batch(text, add_special_tokens=False))
    assert data["tokens_per_word"]["base"] == pytest.approx(tokens / sum(len(words(line)) for line in text), rel=.2)
    assert data["tokens_per_word"]["base"] > 1
    assert [one["task"] for one in data["advice"]][::4] == ["token_classification", "sequence_classification"]


def test_an_installed_package_is_at_hand(folder: Path) -> None:
    candidate = candidate_of(MINILM)
    assert candidate is not None
    if place_of(candidate) is None:
        pytest.skip("the package of the quickstart's base is not installed")
    data = found("nya")
    row, = (row for row in data["candidates"] if row["id"] == MINILM)
    assert row["here"] and row["tokens_per_word"] == data["tokens_per_word"][MINILM] > 1
    assert MINILM in run("nya").stdout


@pytest.mark.parametrize(("arguments", "code"), [
    (["nya", "--memory", "9"], Code.COMMAND_OPTION), (["nya", "--task", "dancing"], Code.COMMAND_OPTION),
    (["../nya"], Code.CONFIG_CODE), (["no such language"], Code.CONFIG_CODE)])
def test_refused(arguments: list[str], code: Code) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and f"[{code}]" in result.output


@pytest.mark.parametrize("code", ["bem", "qaa-x-mine", "zh-Hant"])
def test_a_new_folder_has_the_advice_and_its_own_base(project: Path, code: str) -> None:
    result = CliRunner().invoke(app, ["new", code])
    assert result.exit_code == 0, result.output
    first = found(code, "--quick", "--task", "token_classification", "--memory", "24")["advice"][0]["first"]["id"]
    text = (project / "languages" / code / "language.yaml").read_text(encoding="utf-8")
    assert f"hub: {first}" in text and first in text
    models = load_language(project / "languages" / code).models
    assert [model.base.name_on_hub for model in models.values()] == [MINILM]


def test_the_model_in_the_comment_loads_once_its_commit_is_there(project: Path) -> None:
    CliRunner().invoke(app, ["new", "bem"])
    path = project / "languages" / "bem" / "language.yaml"
    before, mark, after = path.read_text(encoding="utf-8").partition("#  larger:")
    settings = "\n".join(line.removeprefix("#") for line in (mark + after).rstrip().split("\n"))
    path.write_text(before + settings.replace("COMMIT", 40 * "0") + "\n", encoding="utf-8")
    assert load_language(path.parent).models["larger"].base.hub is not None
