"""The three stages together, on an invented language with damage written into its text."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.generate import make_documents, write_language
from vernacular.artifacts import Artifact, Store
from vernacular.config.load import load_language
from vernacular.corpus import stages
from vernacular.corpus.splits import no_contamination
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl, write_jsonl
from vernacular.stages import run_stage

ENGLISH = "The committee will publish the results of this meeting on the first day of next month."


def run_all(folder: Path, store: Store) -> dict[str, Artifact]:
    language = load_language(folder)
    return {stage.name: run_stage(stage, language, store) for stage in stages(language)}


def counts(artifact: Artifact) -> dict[str, float]:
    return {name: count.value for name, count in artifact.manifest.report.counts.items()}


def test_clean_text_passes_whole(language_folder: Path, tmp_path: Path) -> None:
    done = run_all(language_folder, Store(tmp_path / "artifacts"))
    documents, clean, splits = (counts(done[f"corpus/{name}"]) for name in ("documents", "clean", "splits"))
    assert documents["documents"] == clean["documents"] == splits["documents"] == 60
    assert documents["words"] == clean["words_kept"] == splits["words"]
    assert clean["words_rejected"] == 0
    gates = {gate.name: gate for artifact in done.values() for gate in artifact.manifest.report.gates}
    assert all(gate.passed for gate in gates.values())
    assert {name for name, gate in gates.items() if gate.blocking} == {"some_text_left", "no_contamination"}


def test_each_kind_of_damage_is_dropped_by_its_rule_and_kept_with_the_reason(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages")
    good = make_documents(3, seed=9)["river"][0].split("\n")
    damage = [ENGLISH, "это совсем другая письменность", "*** 12 ***", "la la la la la la la la mi", "a\ufffdb ndi",
              good[0], good[0], good[1], good[1].replace(".", " nda."), "lembani kwa a.phiri@example.org", "x"]
    (folder / "text" / "market" / "more.txt").write_text("\n".join(damage) + "\n\n***\n", encoding="utf-8")
    store = Store(tmp_path / "artifacts")
    language = load_language(folder)
    first, second = stages(language)[:2]
    run_stage(first, language, store)
    artifact = run_stage(second, language, store)
    rejects = list(read_jsonl(artifact.folder / "rejects.jsonl"))
    assert Counter(row["rule"] for row in rejects) == {
        "identification": 1, "script": 1, "empty": 2, "repetition": 1, "encoding": 1, "duplicate": 1,
        "near_duplicate": 1}
    assert all(set(row) == {"id", "line", "rule", "reason", "text"} for row in rejects)
    found = counts(artifact)
    assert found["lines_rejected_identification"] == 1 and found["words_rejected_identification"] == 16
    assert found["words_read"] == found["words_kept"] + found["words_rejected"] + found["words_masked"]
    assert found["masked_email"] == 1 and found["documents_emptied"] == 1
    text = (artifact.folder / "documents.jsonl").read_text(encoding="utf-8")
    assert "example.org" not in text and "<email>" in text
    for plot in artifact.manifest.report.plots.values():
        assert 0 < (artifact.folder / plot).stat().st_size < 100_000


def test_the_same_input_gives_the_same_bytes(language_folder: Path, tmp_path: Path) -> None:
    one, two = (run_all(language_folder, Store(tmp_path / name)) for name in ("one", "two"))
    assert {name: artifact.manifest.data_version for name, artifact in one.items()} == {
        name: artifact.manifest.data_version for name, artifact in two.items()}


def test_nothing_in_the_own_script_stops_at_the_gate(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", script="Ethi")
    with pytest.raises(Problem, match="did not pass its gate 'some_text_left'"):
        run_all(folder, Store(tmp_path / "artifacts"))


def test_an_unverified_licence_and_a_religious_corpus_are_warned_of(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=30)
    path = folder / "language.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("register: other", "register: religious").replace(
        "licence: CC0-1.0\n  consent", "licence: unverified\n  consent"), encoding="utf-8")
    gates = {gate.name: gate for gate in
             run_all(folder, Store(tmp_path / "artifacts"))["corpus/clean"].manifest.report.gates}
    assert not gates["licence_verified"].passed and "text" in gates["licence_verified"].reason
    assert not gates["source_mix"].passed and gates["source_mix"].value == 1.0
    assert not gates["licence_verified"].blocking and not gates["source_mix"].blocking


def test_shared_text_leaves_training(language_folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    done = run_all(language_folder, store)
    test_rows = list(read_jsonl(done["corpus/splits"].folder / "test.jsonl"))
    shared = [" ".join(row["text"].split("\n")[:2]) for row in test_rows]
    (language_folder / "text" / "river" / "more.txt").write_text(
        "\n\n".join(f"nda {text}\nnda nda{number}" for number, text in enumerate(shared)), encoding="utf-8")
    splits = run_all(language_folder, store)["corpus/splits"]
    assert splits.manifest.report.counts["lines_rejected_contamination"].value >= 1
    assert splits.manifest.report.gates[0].passed
    folder = tmp_path / "mixed"
    folder.mkdir()
    for part in ("train", "dev", "test"):
        write_jsonl(folder / f"{part}.jsonl", read_jsonl(splits.folder / f"{part}.jsonl"))
    with (folder / "train.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"text": test_rows[0]["text"].split("\n")[0]}) + "\n")
    assert not no_contamination(folder, 13).passed


def test_thirty_short_documents_are_enough_and_two_are_not(tmp_path: Path) -> None:
    done = run_all(write_language(tmp_path / "languages", "qaa", documents=30), Store(tmp_path / "artifacts"))
    assert all(done["corpus/splits"].manifest.report.counts[f"documents_{part}"].value > 0
               for part in ("train", "dev", "test"))
    folder = write_language(tmp_path / "languages", "qab", documents=0)
    (folder / "text" / "river" / "text.txt").write_text("nda one two\n\nnda three four\n", encoding="utf-8")
    with pytest.raises(Problem, match="too little text: 2 documents"):
        run_all(folder, Store(tmp_path / "artifacts"))
