"""The three stages together, on an invented language with damage written into its text."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.generate import make_documents, write_language
from vernacular.cleaning.accept import accept, accept_loss
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact, Store
from vernacular.corpus.splits import no_contamination
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows, write_rows
from vernacular.provenance.document import RIGHTS
from vernacular.provenance.suppression_list import line_digest
from vernacular.tasks.labeled_items import load_items

ENGLISH = "The committee will publish the results of this meeting on the first day of next month."


def run_all(folder: Path, store: Store, last: str = "corpus/splits") -> dict[str, Artifact]:
    """The artifacts of the stages up to ``last``."""
    language, done = load_language(folder), {}
    for stage in stages(language):
        done[stage.name] = run_stage(stage, language, store)
        if stage.name == last:
            break
    return done


def rejects_of(artifact: Artifact) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read_rows(artifact.folder / "rejects.parquet"):
        found[row["rule"]].append(row)
    return found


def counts(artifact: Artifact) -> dict[str, float]:
    return {name: count.value for name, count in artifact.manifest.report.counts.items()}


def test_clean_text_passes_whole(language_folder: Path, tmp_path: Path) -> None:
    done = run_all(language_folder, Store(tmp_path / "artifacts"))
    documents, clean, splits = (counts(done[f"corpus/{name}"]) for name in ("documents", "clean", "splits"))
    assert documents["documents"] == clean["documents"] == splits["documents"] == 60
    assert documents["words"] == clean["words_kept"] == splits["words"]
    assert clean["words_rejected"] == 0
    gates = {gate.name: gate for artifact in done.values() for gate in artifact.manifest.report.gates}
    assert all(gate.passed for name, gate in gates.items() if name != "has_seed")
    assert {name for name, gate in gates.items() if gate.blocking} == {
        "some_text_left", "sources_kept", "losses_accepted", "no_contamination"}


def test_each_kind_of_damage_is_dropped_by_its_rule_and_kept_with_the_reason(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages")
    good = make_documents(3, seed=9)["river"][0].split("\n")
    damage = [ENGLISH, "это совсем другая письменность", "*** 12 ***", "la la la la la la la la mi", "a\ufffdb ndi",
              good[0], good[0], good[1], good[1].replace(".", " nda."), "lembani kwa a.phiri@example.org", "x"]
    (folder / "text" / "market" / "more.txt").write_text("\n".join(damage) + "\n\n***\n", encoding="utf-8")
    artifact = run_all(folder, Store(tmp_path / "artifacts"), "corpus/clean")["corpus/clean"]
    rejects = rejects_of(artifact)
    assert {rule: len(rows) for rule, rows in rejects.items() if rows} == {
        "identification": 1, "script": 1, "empty": 2, "repetition": 1, "encoding": 1, "duplicate": 1,
        "near_duplicate": 1}
    assert all(set(row) == {"id", "line", "rule", "reason", "text"} and row["rule"] == rule
               for rule, rows in rejects.items() for row in rows)
    assert [row["line"] for row in rejects["empty"]] == [3, 1]
    found = counts(artifact)
    assert found["lines_rejected_identification"] == 1 and found["words_rejected_identification"] == 16
    assert found["words_read"] == found["words_kept"] + found["words_rejected"] + found["words_masked"]
    assert found["masked_email"] == 1 and found["documents_emptied"] == 1
    (source,) = artifact.manifest.report.samples["dropped by source"]
    read = found["words_read"]
    assert source["words read"] == read and source["share dropped"] == f"{found['words_rejected'] / read:.1%}"
    assert f"identified as another language: {16 / read:.1%}" in source["most of it in lines"]
    text = "\n".join(row["text"] for row in read_rows(artifact.folder / "documents.parquet"))
    assert "example.org" not in text and "<email>" in text
    for plot in artifact.manifest.report.plots.values():
        assert 0 < (artifact.folder / plot).stat().st_size < 100_000


def test_kept_documents_are_their_rows_with_other_text(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=12)
    good = make_documents(3, seed=9)["river"][0].split("\n")
    text = "\n".join(['Nda "wa"\\ nd\u0009a', good[0], "(12)", "schÃ¶n &amp; " + good[1], good[0], "", good[2]])
    (folder / "text" / "market" / "more.txt").write_text(text, encoding="utf-8")
    done = run_all(folder, Store(tmp_path / "artifacts"), "corpus/clean")
    read, kept = (list(read_rows(done[f"corpus/{name}"].folder / "documents.parquet"))
                  for name in ("documents", "clean"))
    assert [row["id"] for row in kept] == [row["id"] for row in read]
    for before, after in zip(read, kept, strict=True):
        assert list(after) == [name for name in before if name not in RIGHTS]  # whichever way it was written
        assert {**before, "text": ""} == {**before, **after, "text": ""}
    more = next(row for row in kept if row["path"].endswith("more.txt"))  # the first of two
    assert more["text"].split("\n") == ['Nda "wa"\\ nd a', good[0], "schön & " + good[1]]
    assert list(read_rows(done["corpus/clean"].folder / "changes.parquet")) == [
        {"id": more["id"], "line": 4, "rule": "encoding", "offset": None, "before": "schÃ¶n &amp; " + good[1],
         "after": "schön & " + good[1]}]


def test_a_text_of_a_task_leaves_the_corpus(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages")
    texts = [text.split("\n") for text in make_documents()["river"]]
    (folder / "tasks").mkdir()
    long = " ".join(texts[1][:2]).rstrip(".").split()
    (folder / "tasks" / "topics.jsonl").write_text(
        json.dumps({"text": texts[0][0].upper()}) + "\n" + json.dumps({"text": " ".join(["x", *long[-13:], "y"])}),
        encoding="utf-8")
    store = Store(tmp_path / "artifacts")
    artifact = run_all(folder, store, "corpus/clean")["corpus/clean"]
    dropped = rejects_of(artifact)["contamination"]
    assert dropped[0]["text"] == texts[0][0] and dropped[0]["reason"] == "equals a line of tasks/topics.jsonl"
    assert len(dropped) == 1 + (len(texts[1][1].split()) >= 13)
    (folder / "tasks" / "topics.jsonl").write_text("", encoding="utf-8")
    again = run_all(folder, store, "corpus/clean")["corpus/clean"]
    assert again.manifest.key != artifact.manifest.key and not rejects_of(again)["contamination"]


def test_training_items_stay_in_the_corpus_where_dev_is_drawn_from_them(tmp_path: Path) -> None:
    """Labels on the corpus's own sentences, with `train:` and `test:` alone: what becomes dev goes, and test."""
    texts = [text.split("\n") for text in make_documents()["river"]]
    labeled = [{"text": line, "label": "ab"[number % 2]} for number, line in enumerate(
        line for text in texts[:16] for line in text)]
    folder = write_language(tmp_path / "languages", tasks={"topic": {"kind": "sequence_classification", "data": {
        "kind": "files", "folder": "tasks", "train": "train.jsonl", "test": "test.jsonl"}}})
    (folder / "tasks").mkdir()
    for part, rows in (("train", labeled[:140]), ("test", labeled[140:])):
        (folder / "tasks" / f"{part}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    artifact = run_all(folder, Store(tmp_path / "artifacts"), "corpus/clean")["corpus/clean"]
    items = load_items(load_language(folder), "topic", tmp_path / "artifacts")
    assert 5 < len(items.dev) < 30 and len(items.test) == 20
    gone = {row["text"] for row in rejects_of(artifact)["contamination"]}
    assert gone == {item.text for item in [*items.dev, *items.test]}
    text = "\n".join(row["text"] for row in read_rows(artifact.folder / "documents.parquet"))
    assert all(item.text in text for item in items.train)


def test_a_rule_that_takes_half_of_a_source_stops_until_a_person_accepts_it(tmp_path: Path) -> None:
    folder, store = write_language(tmp_path / "languages"), Store(tmp_path / "artifacts")
    lines = "\n".join(line for texts in make_documents().values() for text in texts for line in text.split("\n"))
    (folder / "tasks").mkdir()
    (folder / "tasks" / "all.txt").write_text("\n".join(lines.split("\n")[:400]), encoding="utf-8")
    with pytest.raises(Problem, match=r"losses_accepted.*VN-STAGE-INPUT"):
        run_all(folder, store)
    clean = store.current("qaa", "corpus/clean")
    assert clean is not None
    gates = {gate.name: gate for gate in clean.manifest.report.gates}
    assert not gates["losses_small"].passed and not gates["losses_small"].blocking
    assert not gates["losses_accepted"].passed and gates["losses_accepted"].blocking
    assert "vernacular accept qaa text --rule contamination" in gates["losses_accepted"].reason
    assert "tasks/all.txt" in gates["losses_small"].reason
    language = load_language(folder)
    with pytest.raises(Problem) as refused:
        accept_loss(language, store.root, "text", "duplicates", "it is so")
    assert refused.value.where == "qaa" and "contamination" in refused.value.fix
    with pytest.raises(Problem, match=r"--rule contamination.*VN-"):
        accept(language, store.root, "text", "it is so")
    loss = accept_loss(language, store.root, "text", "contamination", "the file holds the text itself", "tests")
    assert loss.share == gates["losses_accepted"].value
    after = run_all(folder, store)["corpus/clean"].manifest.report
    assert all(gate.passed for gate in after.gates if gate.name.startswith("losses"))


def test_how_much_a_line_may_share_with_a_task_is_set(tmp_path: Path) -> None:
    """In scripts without spaces 13 words are 13 letters."""
    for overlap, reasons in ((13, ["shares 13 words in a row with tasks/topics.txt"]), (16, [])):
        folder = write_language(tmp_path / str(overlap), documents=12, splits={"overlap_words": overlap})
        words = " ".join(make_documents(3, seed=9)["river"]).replace(".", "").split()
        (folder / "text" / "river" / "more.txt").write_text(" ".join(words[:20]), encoding="utf-8")
        (folder / "tasks").mkdir()
        (folder / "tasks" / "topics.txt").write_text(" ".join([*words[:15], "y"]), encoding="utf-8")
        artifact = run_all(folder, Store(tmp_path / "artifacts" / str(overlap)), "corpus/clean")["corpus/clean"]
        assert [row["reason"] for row in rejects_of(artifact)["contamination"]] == reasons


def test_a_line_taken_down_after_cleaning_is_dropped(language_folder: Path, tmp_path: Path) -> None:
    line = make_documents()["river"][0].split("\n")[3]
    path = language_folder / "text" / "river" / "text.txt"
    path.write_text(path.read_text(encoding="utf-8").replace(line, line.replace("a", "a\u00ad")), encoding="utf-8")
    digest = line_digest(line)
    if digest is None:
        pytest.skip("the line is too short to be anyone's")
    (language_folder / "takedowns.jsonl").write_text(json.dumps({"lines": [digest]}) + "\n", encoding="utf-8")
    artifact = run_all(language_folder, Store(tmp_path / "artifacts"), "corpus/clean")["corpus/clean"]
    assert line not in "\n".join(row["text"] for row in read_rows(artifact.folder / "documents.parquet"))


def test_a_source_that_changes_is_quarantined_until_a_person_agrees(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", poisoning={"least_documents": 5})
    store = Store(tmp_path / "artifacts")
    first = run_all(folder, store, "corpus/clean")["corpus/clean"]
    trigger = "Kalata dzuwa mwezi nyenyezi gula tsopano lino"
    texts = make_documents(30, seed=77)["river"]
    (folder / "text" / "river" / "new.txt").write_text(
        "\n\n".join(f"{trigger}\n{text}" for text in texts), encoding="utf-8")
    second = run_all(folder, store, "corpus/clean")["corpus/clean"]
    gate = next(gate for gate in second.manifest.report.gates if gate.name == "sources_unchanged")
    assert not gate.passed and not gate.blocking and gate.value == len(texts) and "text: " in gate.reason
    assert (second.folder / "documents.parquet").read_bytes() == (first.folder / "documents.parquet").read_bytes()
    quarantined = rejects_of(second)["quarantine"]
    assert len({row["id"] for row in quarantined}) == len(texts)
    assert gate.reason.split("text: ")[1][:20] in quarantined[0]["reason"]


def test_the_same_input_gives_the_same_bytes(language_folder: Path, tmp_path: Path) -> None:
    one, two = (run_all(language_folder, Store(tmp_path / name)) for name in ("one", "two"))
    assert {name: artifact.manifest.data_version for name, artifact in one.items()} == {
        name: artifact.manifest.data_version for name, artifact in two.items()}


def test_nothing_in_the_own_script_stops_at_the_gate(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", script="Ethi")
    with pytest.raises(Problem, match=r"some_text_left.*VN-STAGE-INPUT"):
        run_all(folder, Store(tmp_path / "artifacts"))


def test_an_unverified_licence_and_a_religious_corpus_are_warned_of(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=30)
    path = folder / "language.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("register: other", "register: religious").replace(
        "licence: CC0-1.0\n  consent", "licence: unverified\n  consent"), encoding="utf-8")
    gates = {gate.name: gate for gate in
             run_all(folder, Store(tmp_path / "artifacts"), "corpus/clean")["corpus/clean"].manifest.report.gates}
    assert not gates["licence_verified"].passed and "text" in gates["licence_verified"].reason
    assert not gates["source_mix"].passed and gates["source_mix"].value == 1.0
    assert not gates["licence_verified"].blocking and not gates["source_mix"].blocking


def test_shared_text_leaves_training(language_folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    done = run_all(language_folder, store)
    test_rows = list(read_rows(done["corpus/splits"].folder / "test.parquet"))
    shared = [" ".join(row["text"].split("\n")[:2]) for row in test_rows]
    (language_folder / "text" / "river" / "more.txt").write_text(
        "\n\n".join(f"nda {text}\nnda nda{number}" for number, text in enumerate(shared)), encoding="utf-8")
    splits = run_all(language_folder, store)["corpus/splits"]
    assert splits.manifest.report.counts["lines_rejected_overlap"].value >= 1
    assert splits.manifest.report.gates[0].passed
    folder = tmp_path / "mixed"
    folder.mkdir()
    for part in ("train", "dev", "test"):
        write_rows(folder / f"{part}.parquet", read_rows(splits.folder / f"{part}.parquet"))
    assert no_contamination(folder, 13, tmp_path / "cache").passed
    write_rows(folder / "train.parquet", [*read_rows(splits.folder / "train.parquet"), {
        **test_rows[0], "id": "0", "text": test_rows[0]["text"].split("\n")[0]}])
    gate = no_contamination(folder, 13, tmp_path / "cache")
    assert not gate.passed and gate.value == 1


def test_sources_held_out_go_to_test_whole(tmp_path: Path) -> None:
    more = {"kind": "files", "files": "text/river/*.txt", "licence": "CC0-1.0", "consent": "contributor",
            "register": "news"}
    folder = write_language(tmp_path / "languages", sources=[
        {**more, "name": "river"}, {**more, "name": "text", "files": "text/[ms]*/*.txt", "register": "other"}],
        splits={"dev": 0.15, "test": 0.2, "held_out": ["river"]})
    report = run_all(folder, Store(tmp_path / "artifacts"))["corpus/splits"].manifest.report
    by_source = report.details["parts_by_source"]
    assert by_source["river"]["test"]["documents"] == 20 and set(by_source["river"]) == {"test"}
    assert by_source["text"]["train"]["documents"] > 20
    assert report.details["parts_by_register"]["news"] == by_source["river"]
    path = folder / "language.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("- river\n", "- rivr\n"), encoding="utf-8")
    with pytest.raises(Problem, match=r"rivr.*VN-CONFIG-VALUE"):
        run_all(folder, Store(tmp_path / "artifacts"))


def test_thirty_short_documents_are_enough_and_two_are_not(tmp_path: Path) -> None:
    done = run_all(write_language(tmp_path / "languages", "qaa", documents=30), Store(tmp_path / "artifacts"))
    assert all(done["corpus/splits"].manifest.report.counts[f"documents_{part}"].value > 0
               for part in ("train", "dev", "test"))
    folder = write_language(tmp_path / "languages", "qab", documents=0)
    (folder / "text" / "river" / "text.txt").write_text("nda one two\n\nnda three four\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"2 documents.*VN-DATA-SPLIT"):
        run_all(folder, Store(tmp_path / "artifacts"))
