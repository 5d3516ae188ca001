"""What is stale and why, on an invented language with the real stages of the corpus."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.generate import TINY_MODEL, write_language
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.core.jsonl import write_jsonl
from vernacular.core.store import Store
from vernacular.pipeline.stage import run_stage
from vernacular.pipeline.staleness import following, stale
from vernacular.provenance.corpus_tables import read_rows


def write(root: Path) -> Path:
    """A language of which only the corpus is made."""
    return write_language(root / "languages", models={"tiny": {**TINY_MODEL, "enabled": False}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts")


def make(folder: Path, store: Store) -> None:
    language = load_language(folder)
    for stage in stages_of(language).values():
        run_stage(stage, language, store)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language and its artifacts, made once."""
    root = tmp_path_factory.mktemp("finished")
    make(write(root), Store(root / "artifacts"))
    return root


@pytest.fixture
def made(finished: Path, tmp_path: Path) -> tuple[Path, Store]:
    """A copy of them."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True, symlinks=True)
    return tmp_path / "languages" / "qaa", Store(tmp_path / "artifacts")


def causes(folder: Path, store: Store) -> dict[str, str]:
    return {cause.stage: cause.why for cause in stale(stages_of(load_language(folder)), load_language(folder), store)}


def edit(folder: Path, **more: object) -> None:
    file = folder / "language.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text(encoding="utf-8")) | more), encoding="utf-8")


def test_the_first_stage_alone_is_stale_before_anything_was_made(folder: Path, store: Store) -> None:
    assert causes(folder, store) == {"corpus/documents": "never made, or deleted"}


def test_unchanged_is_not_stale(made: tuple[Path, Store]) -> None:
    folder, store = made
    assert causes(folder, store) == {}


def test_new_text_names_its_source(made: tuple[Path, Store]) -> None:
    folder, store = made
    (folder / "text" / "market" / "new.txt").write_text("Mbandi ngolo thambi se wapu.\n", encoding="utf-8")
    assert causes(folder, store) == {"corpus/documents": "new: source/text"}


def test_an_edit_shows_where_it_is_read_and_nowhere_else(made: tuple[Path, Store]) -> None:
    folder, store = made
    edit(folder, splits={"dev": 0.2, "test": 0.2})
    assert causes(folder, store) == {"corpus/splits": "settings changed"}
    edit(folder, name="Another name")
    assert causes(folder, store) == {"corpus/splits": "settings changed"}


def test_a_deleted_artifact_is_missed(made: tuple[Path, Store]) -> None:
    folder, store = made
    shutil.rmtree(store.home("qaa", "corpus/clean"))
    assert causes(folder, store) == {"corpus/clean": "never made, or deleted"}


def test_going_back_to_old_settings_points_to_the_old_artifact_again(made: tuple[Path, Store]) -> None:
    folder, store = made
    before = (folder / "language.yaml").read_text(encoding="utf-8")
    edit(folder, splits={"dev": 0.2, "test": 0.2})
    make(folder, store)
    (folder / "language.yaml").write_text(before, encoding="utf-8")
    assert causes(folder, store) == {"corpus/splits": "settings changed"}


def test_nothing_is_stale_behind_a_red_gate(folder: Path, store: Store) -> None:
    for topic in (folder / "text").iterdir():
        shutil.rmtree(topic)
    (folder / "text" / "market").mkdir()
    (folder / "text" / "market" / "x.txt").write_text("это совсем другая письменность\n" * 200, encoding="utf-8")
    edit(folder, sources=[{"name": "text", "kind": "files", "files": "text/*/*.txt", "licence": "CC0-1.0",
                           "consent": "contributor", "register": "other"}])
    with pytest.raises(Problem, match=r"some_text_left.*VN-STAGE-INPUT"):
        make(folder, store)
    assert causes(folder, store) == {}


def test_what_cannot_be_read_is_no_change(made: tuple[Path, Store]) -> None:
    folder, store = made
    (folder / "text" / "market" / "link.txt").symlink_to("/etc/hostname")
    with pytest.raises(Problem, match="VN-FILE-KIND"):
        causes(folder, store)


def test_what_follows(folder: Path) -> None:
    language = load_language(folder)
    assert following(stages_of(language), ["corpus/clean"]) == ["corpus/clean", "corpus/splits"]
    assert following(stages_of(language), ["corpus/splits", "corpus/identifier"]) == [
        "corpus/identifier", "corpus/clean", "corpus/splits"]


def test_a_licence_that_is_settled_trains_nothing_again(folder: Path, store: Store) -> None:
    """Of sources, bases, texts beside the corpus and labels: only the ledger and the release state it."""
    def settle(licence: str, consent: str) -> None:
        rights = {"licence": licence, "consent": consent}
        beside = {"kind": "files", "files": "text/*/*.txt", "register": "other", **rights}
        labelled = {"kind": "files", "folder": "labels", "train": "train.jsonl", "licence": licence}
        (folder / "labels").mkdir(exist_ok=True)
        write_jsonl(folder / "labels" / "train.jsonl", [{"text": f"mawu {number}", "label": "ab"[number % 2]}
                                                        for number in range(40)])
        edit(folder, sources=[{**beside, "name": "text"}], tasks={
            "topic": {"kind": "sequence_classification", "data": labelled}}, models={"tiny": {
                **TINY_MODEL, "base": {**TINY_MODEL["base"], "licence": licence},
                "retention": [{**beside, "name": "english"}], "pretraining": {
                    "steps": 2, "related": [{"passes": 1, "source": {**beside, "name": "sister"}}]}}})

    def corpus() -> dict[str, str]:
        language = load_language(folder)
        return {name: run_stage(stage, language, store).manifest.data_version
                for name, stage in stages_of(language).items() if name.startswith("corpus/")}

    settle("unverified", "unknown")
    asked, before = stages_of(load_language(folder)), load_language(folder)
    made = corpus()
    settle("CC-BY-4.0", "contributor")
    after = load_language(folder)
    assert {name for name, stage in stages_of(after).items()
            if stage.settings_data(after) != asked[name].settings_data(before)} == {"corpus/documents", "release/tiny"}
    assert {name for name, version in corpus().items() if version != made[name]} == {"corpus/documents"}
    row = next(read_rows(store.current("qaa", "corpus/documents").folder / "documents.parquet"))  # type: ignore[union-attr]
    assert (row["licence"], row["consent"]) == ("CC-BY-4.0", "contributor")
