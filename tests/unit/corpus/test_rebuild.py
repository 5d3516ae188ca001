"""The corpus made anew beside the one that grew: the same, or named document by document."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate import make_documents, write_language
from vernacular.artifacts import Artifact, Store
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.corpus import stages
from vernacular.corpus.rebuild import NAME, differences, outcome_of, rebuild
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl, write_jsonl
from vernacular.stages import run_stage, silent


@pytest.fixture
def grown(tmp_path: Path) -> tuple[Language, Store, dict[str, Artifact]]:
    """A corpus that came in two parts, the second from the cache for the most part."""
    folder = write_language(tmp_path / "languages", documents=12, poisoning={"least_documents": 3},
                            cleaning={"reject_languages": []})
    store = Store(tmp_path / "artifacts")
    for name in ("", "more"):
        if name:
            text = make_documents(6, seed=5, lines=4)["market"]
            (folder / "text" / "market" / "more.txt").write_text("\n\n".join(text) + "\n", encoding="utf-8")
        made = {stage.name: run_stage(stage, load_language(folder), store) for stage in stages(load_language(folder))}
    return load_language(folder), store, made


def files(store: Store) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(store.root.rglob("*"))
            if path.is_file() and NAME not in str(path)}


def test_what_grew_is_what_is_made_anew_and_nothing_else_is_touched(
        grown: tuple[Language, Store, dict[str, Artifact]]) -> None:
    language, store, made = grown
    before, said = files(store), list[str]()
    outcome = rebuild(language, store, said.append)
    documents = made["corpus/splits"].manifest.report.counts["documents"].value
    assert (outcome.differing, outcome.documents, outcome.key) == (0, documents, made["corpus/splits"].manifest.key)
    clean = made["corpus/documents"].manifest.report.counts["documents"].value
    assert any(f"{clean} of {clean} documents are new" in line for line in said), said  # nothing was kept
    assert files(store) == before
    assert outcome_of(store, language.code) == outcome and outcome.done >= outcome.tried > 0
    assert {path.name for path in store.home(language.code, NAME).iterdir()} == {"outcome.json", ".lock"}


def test_documents_that_differ_are_named_without_their_text(grown: tuple[Language, Store, dict[str, Artifact]]) -> None:
    language, store, made = grown
    train = made["corpus/splits"].folder / "train.jsonl"
    rows = list(read_jsonl(train))
    words = rows[0]["text"]
    rows[0]["text"] = "An older result."
    gone = rows.pop(1)
    write_jsonl(train, [*rows, {**rows[0], "id": "from-nowhere"}])
    outcome = rebuild(language, store, silent)
    assert outcome.differing == 3
    assert {(row["file"], row["id"], row["how"]) for row in outcome.first} == {
        ("corpus/splits/train.jsonl", rows[0]["id"], "differs"),
        ("corpus/splits/train.jsonl", gone["id"], "only there anew"),
        ("corpus/splits/train.jsonl", "from-nowhere", "not there anew")}
    assert outcome.line().startswith("3 documents differ") and gone["id"] in outcome.line()
    assert words.split()[0] not in (store.home(language.code, NAME) / "outcome.json").read_text(encoding="utf-8")


def test_what_is_not_up_to_date_is_not_verified(grown: tuple[Language, Store, dict[str, Artifact]]) -> None:
    language, store, _ = grown
    rebuild(language, store, silent)
    last = outcome_of(store, language.code)
    other = language.model_copy(update={"splits": language.splits.model_copy(update={"dev": 0.3})})
    with pytest.raises(Problem, match="corpus/splits is not up to date"):
        rebuild(other, store, silent)
    now = outcome_of(store, language.code)
    assert now.tried > last.tried and now.model_copy(update={"tried": last.tried}) == last


def test_another_order_is_a_difference(tmp_path: Path) -> None:
    for name, order in (("kept", "abc"), ("made", "acb")):
        (tmp_path / name).mkdir()
        write_jsonl(tmp_path / name / "x.jsonl", ({"id": letter} for letter in order))
    assert list(differences(tmp_path / "kept", tmp_path / "made")) == [("x.jsonl", "b", "stands in another place")]


def test_an_outcome_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert outcome_of(store, "qaa").tried == 0
    file = store.home("qaa", "corpus/rebuilt") / "outcome.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{half", encoding="utf-8")
    with pytest.raises(Problem, match="cannot be read"):
        outcome_of(store, "qaa")
