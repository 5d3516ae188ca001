"""``vernacular explain``: finding a key by its path, its end or with a slip, and the value that a language has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.generate import write_language
from vernacular.cli.main import app
from vernacular.config.load import read_merged
from vernacular.core.errors import Problem
from vernacular.explain.keys import all_keys
from vernacular.explain.lookup import BUILT_IN, find, values

SOURCE = {"licence": "CC0-1.0", "consent": "contributor", "register": "news"}
RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The language ``qaa`` with two models, the second of which extends the first, and defaults."""
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "languages"))
    made = write_language(tmp_path / "languages", documents=3)
    text = (made / "language.yaml").read_text(encoding="utf-8")
    (made / "language.yaml").write_text(text + """
  second:
    extends: tiny
    lora: {rank: 4}
""", encoding="utf-8")
    (tmp_path / "languages" / "defaults.yaml").write_text(
        "cleaning:\n  min_words: 2\nmodel:\n  lora:\n    dropout: 0.5\n", encoding="utf-8")
    return made


def test_every_key_is_found_by_its_path() -> None:
    for section, key in all_keys():
        name = section.name_of(key)
        assert any(found == key for _, found in find(name).keys) or find(name).below, name


@pytest.mark.parametrize(("asked", "path"), [
    ("models.lora.seeds", "models.lora.seeds"), ("models.minilm.lora.seeds", "models.lora.seeds"),
    ("model.lora.seeds", "models.lora.seeds"), ("seeds", "models.lora.seeds"), ("lora.seeds", "models.lora.seeds"),
    ("models: minilm: lora: seeds:", "models.lora.seeds"), ("sources[0].url", "sources.url"),
    ("sources.crawl.depth", "sources.crawl.depth"), ("sources.depth", "sources.depth"),
    ("models.retention.licence", "models.retention.licence"), ("tests.before.typo.count", "tests.before.typo.count"),
    ("fairness.tasks", "fairness.tasks"), ("cleaning", "cleaning"), ("task.train", "tasks.train")])
def test_a_path_is_found_with_the_names_of_entries_or_without(asked: str, path: str) -> None:
    assert ".".join(find(asked).path) == path


@pytest.mark.parametrize(("asked", "meant"), [
    ("models.lora.sedes", "models.lora.seeds"), ("models.lroa.seeds", "models.lora.seeds"),
    ("seed", "models.seed"), ("cleening.min_words", "cleaning.min_words"), ("most_pags", "most_pages")])
def test_a_slip_names_the_nearest(asked: str, meant: str) -> None:
    with pytest.raises(Problem, match=rf"{re.escape(meant)}.*VN-COMMAND-NAME"):
        find(asked)


def test_a_key_that_is_like_none_is_refused() -> None:
    with pytest.raises(Problem, match="VN-COMMAND-NAME") as caught:
        find("zzzz")
    assert "?" not in str(caught.value)


def origins(folder: Path, key: str) -> list[tuple[str, object, str]]:
    return [(value.path, value.value, value.where.split(":")[0]) for value in values(find(key), read_merged(folder))]


OWN, DEFAULTS = "languages/qaa/language.yaml", "languages/defaults.yaml"


def test_the_value_comes_with_its_place(folder: Path) -> None:
    assert origins(folder, "cleaning.min_words") == [("cleaning.min_words", 2, DEFAULTS)]
    assert origins(folder, "cleaning.max_repeats") == [("cleaning.max_repeats", None, BUILT_IN)]
    assert origins(folder, "poisoning.language_drop") == [("poisoning.language_drop", None, BUILT_IN)]
    assert origins(folder, "name")[0][2] == OWN
    assert origins(folder, "models.lora.dropout") == [("models.tiny.lora.dropout", 0.5, DEFAULTS),
                                                 ("models.second.lora.dropout", 0.5, DEFAULTS)]
    assert origins(folder, "models.second.lora.rank") == [("models.second.lora.rank", 4, OWN)]
    assert origins(folder, "models.second.lora.full_learning_rate") == [
        ("models.second.lora.full_learning_rate", None, BUILT_IN)]
    line = values(find("models.second.lora.rank"), read_merged(folder))[0].where.split(":")[1]
    assert "rank: 4" in (folder / "language.yaml").read_text(encoding="utf-8").splitlines()[int(line) - 1]


def test_entries_of_a_list_and_kinds(tmp_path: Path) -> None:
    write_language(tmp_path / "languages", documents=3, sources=[
        {"name": "a", "kind": "inbox", **SOURCE},
        {"name": "b", "kind": "crawl", "start": ["https://example.org/"], "contact": "a@b.c", "depth": 2, **SOURCE},
        {"name": "c", "kind": "feed", "feeds": ["https://example.org/"], "contact": "a@b.c", **SOURCE}])
    folder = tmp_path / "languages" / "qaa"
    assert [(path, value) for path, value, _ in origins(folder, "sources.kind")] == [
        ("sources.a.kind", "inbox"), ("sources.b.kind", "crawl"), ("sources.c.kind", "feed")]
    assert origins(folder, "sources.depth") == [("sources.b.depth", 2, OWN)]
    assert origins(folder, "sources.crawl.delay_seconds") == [("sources.b.delay_seconds", None, BUILT_IN)]
    assert [path for path, *_ in origins(folder, "sources.delay_seconds")] == ["sources.b.delay_seconds",
                                                                            "sources.c.delay_seconds"]
    assert origins(folder, "sources.b.register")[0][:2] == ("sources.b.register", "news")
    assert origins(folder, "models.retention.licence") == []


def test_the_command(folder: Path) -> None:
    for arguments in ([], ["models"], ["sources.crawl"], ["models.lora.seeds", "--language", "qaa"], ["tests.type"],
                      ["tests.type", "--language", "qaa"], ["sources.depth", "--language", "qaa"]):
        result = RUNNER.invoke(app, ["explain", *arguments])
        assert result.exit_code == 0, result.output
        assert max(map(len, result.stdout.splitlines())) < 160
    assert f"{OWN}:" in RUNNER.invoke(app, ["explain", "lora.rank", "--language", "qaa"]).stdout
    for arguments in (["lora.rnk"], ["lora.rank", "--language", "nix"]):
        result = RUNNER.invoke(app, ["explain", *arguments])
        assert result.exit_code == 2 and result.stderr.count("\n") == 1
