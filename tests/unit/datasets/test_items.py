"""From files and datasets to the parts of a task: what is rejected, removed, divided and held out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from tests.generate import TINY_MODEL, write_language
from vernacular.cleaning.holdout_texts import held_out_items, versions
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem, Problems
from vernacular.datasets.labeled import fetch, not_fetched
from vernacular.pipeline.stage import silent
from vernacular.tasks.labeled_items import load_items
from vernacular.tasks.stage_results import LabelsApart

WORDS = ["mwana", "galu", "nyumba", "madzi", "moto", "mtengo", "mbalame", "nsomba"]


def language_with(tmp_path: Path, files: dict[str, str | bytes], models: dict[str, Any] | None = None,
                  **task: Any) -> Language:
    """A language with the task ``t`` on ``files`` of its folder ``tasks/t``."""
    models = models or {"tiny": {**TINY_MODEL, "objective": "causal" if task["kind"] == "generation" else "masked"}}
    folder = write_language(tmp_path / "languages", documents=3, tasks={"t": task}, models=models)
    for name, content in files.items():
        path = folder / "tasks" / "t" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_language(folder)


def lines(first: int, count: int) -> list[dict[str, str]]:
    return [{"text": f"{WORDS[n % 8]} wachi {n} ndi uyu", "label": "ab"[n % 2]} for n in range(first, first + count)]


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


TOPIC: dict[str, Any] = {"kind": "sequence_classification", "data": {
    "kind": "files", "folder": "tasks/t", "train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"}}
ONE_FILE: dict[str, Any] = {"kind": "sequence_classification", "data": {
    "kind": "files", "folder": "tasks/t", "train": "*.jsonl"}}


def test_what_is_scored_is_not_learned_from(tmp_path: Path) -> None:
    files = {"train.jsonl": jsonl([*lines(0, 30), {"text": "MWANA wachi 100, ndi uyu!", "label": "a"}, *lines(60, 2)]),
             "dev.jsonl": jsonl([*lines(60, 10), *lines(101, 1)]), "test.jsonl": jsonl(lines(96, 12))}
    files["test.jsonl"] += jsonl([{"text": "mwana wachi 100 ndi uyu", "label": "a"}])
    items = load_items(language_with(tmp_path, files, **TOPIC), "t", tmp_path)
    assert items.notes == {"train_also_in_test": 1, "train_also_in_dev": 2, "dev_also_in_test": 1}
    assert (len(items.train), len(items.dev), len(items.test)) == (30, 10, 13)
    assert items.kind.labels == ["a", "b"]


@pytest.mark.parametrize("kind", ["generation", "sentence_retrieval"])
@pytest.mark.parametrize("data", [ONE_FILE["data"], TOPIC["data"]])
def test_nor_is_one_text_of_a_pair(tmp_path: Path, kind: str, data: dict[str, Any]) -> None:
    """Verses with two sources and two targets each, all four as pairs."""
    def pairs(first: int, count: int) -> list[dict[str, str]]:
        return [{"source": f"{WORDS[n % 8]} {source} {n}", "target": f"{n} {target} {WORDS[n % 8]}"}
                for n in range(first, first + count) for source in "pq" for target in "xy"]

    parts = {"train.jsonl": pairs(0, 100)} if data is ONE_FILE["data"] else {
        "train.jsonl": pairs(0, 60), "dev.jsonl": pairs(5, 5)[::4] + pairs(80, 10), "test.jsonl": pairs(0, 10)[::4]}
    prompt = {"prompt": {"format": "English: {source}\nChichewa: {target}"}} if kind == "generation" else {}
    language = language_with(tmp_path, {name: jsonl(rows) for name, rows in parts.items()}, kind=kind, data=data,
                             **prompt)
    items = load_items(language, "t", tmp_path)
    for learned, scored in ((items.train, items.test), (items.train, items.dev), (items.dev, items.test)):
        assert learned and not {item.text for item in learned} & {item.text for item in scored}
        assert not {item.second for item in learned} & {item.second for item in scored}
    if data is TOPIC["data"]:  # of a scored verse the pair itself and the two that share a text with it
        assert (items.notes["train_also_in_test"], items.notes["dev_also_in_test"]) == (30, 5)


def test_missing_parts_are_divided_by_content_alone(tmp_path: Path) -> None:
    rows = lines(0, 200)
    one = load_items(language_with(tmp_path / "one", {"a.jsonl": jsonl(rows)}, **ONE_FILE), "t", tmp_path)
    files = {"a.jsonl": jsonl(rows[150:]), "b.jsonl": jsonl(rows[:150] + rows[:5])}
    two = load_items(language_with(tmp_path / "two", files, **ONE_FILE), "t", tmp_path)
    for part in ("train", "dev", "test"):
        assert {item.text for item in getattr(one, part)} == {item.text for item in getattr(two, part)}
    assert 10 < len(one.dev) < 32 and 25 < len(one.test) < 58 and len(one.train) + len(one.dev) + len(one.test) == 200
    assert one.notes["dev_taken_from_train"] == len(one.dev) and one.notes["test_taken_from_train"] == len(one.test)


def test_no_more_than_asked_for(tmp_path: Path) -> None:
    task = {**ONE_FILE, "data": {**ONE_FILE["data"], "most": {"test": 9, "train": 20}}}
    items = load_items(language_with(tmp_path, {"a.jsonl": jsonl(lines(0, 200))}, **task), "t", tmp_path)
    assert (len(items.train), len(items.test)) == (20, 9)


NER: dict[str, Any] = {"kind": "token_classification", "data": {
    "kind": "files", "folder": "tasks/t", "train": "train.txt", "format": "conll"}}
SENTENCES = "".join(f"Mwana{n} B-PER\nwa O\nku O\nZomba B-LOC\nTown I-LOC\n. O\n\n" for n in range(60))


def test_entities_with_a_mark_in_front_and_windows_line_ends(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + SENTENCES.replace("\n", "\r\n").encode()
    items = load_items(language_with(tmp_path, {"train.txt": content}, **NER), "t", tmp_path)
    assert items.kind.labels == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    item = items.train[0]
    assert [item.text[start:stop] for start, stop in item.spans][1:] == ["wa", "ku", "Zomba", "Town", "."]
    assert item.labels == (3, 0, 0, 1, 2, 0)


def test_tags_that_are_not_iob2_are_rejected_with_their_line_or_repaired(tmp_path: Path) -> None:
    content = SENTENCES + "ku O\nZomba I-LOC\n\nBlantyre S-LOC\nMoses B-PER\nBusher E-PER\n\nMoses NOUN\nku X\n"
    strict = {**NER, "data": {**NER["data"], "repair_bio": False}}
    for name, task, lines in (("a", strict, [422, 424, 426, 428, 429]), ("b", NER, [428, 429])):
        with pytest.raises(Problems) as caught:
            load_items(language_with(tmp_path / name, {"train.txt": content}, **task), "t", tmp_path)
        assert [(each.file, each.line) for each in caught.value.problems] == [
            ("qaa/tasks/t/train.txt", line) for line in lines]
    sound = content.partition("Moses NOUN")[0]
    items = load_items(language_with(tmp_path / "c", {"train.txt": sound}, **NER), "t", tmp_path)
    assert items.notes["tags_repaired"] == 3 and items.kind.labels == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert [remark.number for remark in items.remarks if remark.code == "tags_repaired"] == [3]


def test_tags_that_mark_no_entities_need_no_setting(tmp_path: Path) -> None:
    sentence = "ku ADP\nZomba PROPN\n. PUNCT\n\n"
    items = load_items(language_with(tmp_path, {"train.txt": "".join(
        sentence.replace("Zomba", f"Zomba{number}") for number in range(60))}, **NER), "t", tmp_path)
    assert items.kind.labels == ["ADP", "PROPN", "PUNCT"]
    assert [*items.kind.scores(items.test, [item.labels for item in items.test])] == ["accuracy", "macro_f1"]


def test_files_of_words_say_their_format_themselves(tmp_path: Path) -> None:
    task = {**NER, "data": {**NER["data"], "format": None}}
    items = load_items(language_with(tmp_path / "a", {"train.txt": SENTENCES}, **task), "t", tmp_path)
    assert items.kind.labels[:2] == ["O", "B-LOC"]
    conllu = "".join(f"# n = {n}\n1\tMwana{n}\t_\tNOUN\t_\t_\t_\t_\t_\t_\n2\tali\t_\tVERB\t_\t_\t_\t_\t_\t_\n\n"
                     for n in range(60))
    items = load_items(language_with(tmp_path / "b", {"train.txt": conllu}, **task), "t", tmp_path)
    assert items.kind.labels == ["NOUN", "VERB"]


def test_all_that_is_wrong_in_all_files_is_found_at_once(tmp_path: Path) -> None:
    task = {"kind": "sequence_classification", "data": {
        "kind": "files", "folder": "tasks/t", "train": "train.tsv", "dev": "dev.tsv", "test": "test.jsonl"}}
    rows = ["text\tlabel", *(f"mawu {number}\t{'ab'[number % 2]}" for number in range(40))]
    wrong = [*rows[:5], "one cell", *rows[6:9], "mawu x\t ", "\ta", *rows[11:]]
    files: dict[str, str | bytes] = {
        "train.tsv": "\n".join(wrong), "dev.tsv": "\n".join([*rows, *["three\tcells\there"] * 15]),
        "test.jsonl": "{\n" + jsonl(lines(100, 20)) + '{"text": "x"}\n'}
    with pytest.raises(Problems) as caught:
        load_items(language_with(tmp_path, files, **task), "t", tmp_path)
    found: dict[str, list[int]] = {}
    for each in caught.value.problems:
        found.setdefault(each.file.rpartition("/")[2], []).append(each.line)
    assert {name: sorted(numbers) for name, numbers in found.items()} == {
        "train.tsv": [6, 10, 11], "dev.tsv": list(range(42, 52)), "test.jsonl": [1, 22]}
    assert caught.value.beyond == {"qaa/tasks/t/dev.tsv": 5} and caught.value.number == 20


@pytest.mark.parametrize(("name", "content", "task", "what"), [
    ("a.jsonl", b'{"text": "caf\xe9 wabwino uyu", "label": "a"}\n', ONE_FILE, "VN-DATA-ENCODING"),
    ("a.jsonl", jsonl([{"text": "  ", "label": "a"}]), ONE_FILE, r"a.jsonl:1: .*VN-DATA-EMPTY"),
    ("a.jsonl", jsonl([{"text": "x", "label": ["a", "b"]}]), ONE_FILE, "multi_label.*VN-DATA-LABEL"),
    ("a.jsonl", jsonl([{"text": "x", "label": ""}]), ONE_FILE, "a.jsonl:1: .*VN-DATA-LABEL"),
    ("a.jsonl", jsonl(lines(0, 4)), ONE_FILE, "VN-DATA-SPLIT"),
    ("a.jsonl", jsonl([{**line, "label": "a"} for line in lines(0, 40)]), ONE_FILE, "'a'.*VN-DATA-LABEL"),
    ("train.jsonl", jsonl(lines(0, 40)), {**TOPIC, "data": {**TOPIC["data"], "train": "train.jsonl", "dev": None,
                                                            "test": "train.jsonl"}},
     "0 items in train, .* 39 .*VN-DATA-SPLIT"),
    ("b.json", "[]", ONE_FILE, r"'\*.jsonl'.*VN-DATA-MISSING"),
    ("train.xyz", "a B-PER\n", {**NER, "data": {**NER["data"], "train": "train.xyz", "format": None}},
     "VN-DATA-FORMAT"),
    ("a.jsonl", jsonl(lines(0, 40)), {**ONE_FILE, "data": {**ONE_FILE["data"], "quoted": True}},
     "VN-DATA-FORMAT"),
    ("train.txt", "a B-PER\n", {**NER, "data": {**NER["data"], "format": "csv"}}, "VN-DATA-FORMAT"),
    ("train.txt", "a B-PER\n", {**NER, "data": {**NER["data"], "columns": {"words": "form"}}}, "VN-DATA-COLUMN"),
    ("train.txt", "1\ta\ta\tNOUN\tN\t_\t_\t_\t_\t_\n", {**NER, "tags": "plain", "data": {
        **NER["data"], "format": "conllu", "columns": {"labels": 4}}}, "VN-DATA-COLUMN"),
])
def test_what_cannot_be_used_is_one_line(tmp_path: Path, name: str, content: bytes | str, task: dict[str, Any],
                                         what: str) -> None:
    with pytest.raises(Problem, match=what) as caught:
        load_items(language_with(tmp_path, {name: content}, **task), "t", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("train", "test", "what"), [
    ("aa", "ab", "VN-DATA-LABEL"),
    ("ab", "xy", r"\(x, y\).*\(a, b\).*VN-DATA-LABEL")])
def test_parts_whose_labels_do_not_meet_are_refused(tmp_path: Path, train: str, test: str, what: str) -> None:
    files = {f"{part}.jsonl": jsonl([{"text": f"{part} {n}", "label": labels[n % 2]} for n in range(20)])
             for part, labels in (("train", train), ("dev", "ab"), ("test", test))}
    with pytest.raises(Problem, match=what):
        load_items(language_with(tmp_path, files, **TOPIC), "t", tmp_path)


ASKED: dict[str, Any] = {"format": "{source}\nMutu: {target}", "shots": [0, 2]}


def test_words_for_a_label_that_no_item_has_are_refused(tmp_path: Path) -> None:
    rows = [{**row, "label": {"a": "sports", "b": "politics"}[row["label"]]} for row in lines(0, 120)]
    wrong = asked(tmp_path / "one", rows, label_words={"politics": "ndale", "sprots": "masewera"})
    with pytest.raises(Problem, match=r"'sprots'.*'sports'.*VN-DATA-LABEL") as caught:
        load_items(wrong, "t", tmp_path)
    assert caught.value.where == "qaa tasks.t" and "\n" not in str(caught.value)
    assert load_items(asked(tmp_path / "two", rows, label_words={"sports": "masewera"}), "t", tmp_path)


def test_more_examples_than_there_are_training_items_are_refused(tmp_path: Path) -> None:
    many = len(load_items(asked(tmp_path / "one", lines(0, 120)), "t", tmp_path).train)
    assert load_items(asked(tmp_path / "two", lines(0, 120), shots=[0, many]), "t", tmp_path)
    message = f"{many + 1} .* {many} .*VN-"
    with pytest.raises(Problem, match=message) as caught:
        load_items(asked(tmp_path / "three", lines(0, 120), shots=[0, many + 1]), "t", tmp_path)
    assert caught.value.where == "qaa tasks.t prompt shots" and "\n" not in str(caught.value)


def asked(tmp_path: Path, rows: list[dict[str, Any]], **prompt: Any) -> Language:
    """A language with causal models that are also asked for labels without fine-tuning."""
    models = {"tiny": {**TINY_MODEL, "objective": "causal"}}
    return language_with(tmp_path, {"a.jsonl": jsonl(rows)}, models, **ONE_FILE, prompt={**ASKED, **prompt})


def test_labels_of_one_part_alone_are_named(tmp_path: Path) -> None:
    files = {f"{part}.jsonl": jsonl([{"text": f"{part} {n}", "label": labels[n % 3]} for n in range(30)])
             for part, labels in (("train", "abc"), ("dev", "abc"), ("test", "aad"))}
    items = load_items(language_with(tmp_path, files, **TOPIC), "t", tmp_path)
    assert items.apart() == LabelsApart(not_scored=["b", "c"], not_learned=["d"])


def test_texts_that_are_labelled_differently_are_named_in_every_part(tmp_path: Path) -> None:
    rows = lines(0, 60)
    other = [{**row, "label": "ba"[n % 2]} for n, row in enumerate(rows)]
    files: dict[str, str | bytes] = {"train.jsonl": jsonl([*rows[:40], rows[1], other[1], rows[1]]),
                                     "dev.jsonl": jsonl(rows[40:50]), "test.jsonl": jsonl([*rows[50:], other[2]])}
    items = load_items(language_with(tmp_path, files, **TOPIC), "t", tmp_path)
    assert [(one.text, one.document, items.labels_of(one), other.document, items.labels_of(other))
            for one, other in items.contradictions] == [
        (rows[1]["text"], "qaa/tasks/t/train.jsonl:2", "b", "qaa/tasks/t/train.jsonl:42", "a"),
        (rows[2]["text"], "qaa/tasks/t/train.jsonl:3", "a", "qaa/tasks/t/test.jsonl:11", "b")]
    assert items.notes["texts_labelled_differently"] == 2


def test_several_labels_and_another_encoding(tmp_path: Path) -> None:
    rows = "zolemba,mawu\n" + "".join(f"café {WORDS[n % 8]} {n},{['a|b', 'b', ''][n % 3]}\n" for n in range(60))
    task = {"kind": "sequence_classification", "multi_label": True, "data": {
        "kind": "files", "folder": "tasks/t", "train": "a.csv", "encoding": "windows-1252",
        "columns": {"text": "zolemba", "label": "mawu"}}}
    items = load_items(language_with(tmp_path, {"a.csv": rows.encode("windows-1252")}, **task), "t", tmp_path)
    assert items.kind.labels == ["a", "b"] and {item.labels for item in items.train} == {(0, 1), (1,), ()}
    assert all(item.text.startswith("café") for item in items.train)


def test_of_several_labels_one_may_be_nought(tmp_path: Path) -> None:
    rows = [{"text": f"{WORDS[n % 8]} wachi {n}", "label": [0, 1, None, [0, 1]][n % 4]} for n in range(60)]
    items = load_items(language_with(tmp_path, {"a.jsonl": jsonl(rows)}, multi_label=True, **ONE_FILE), "t", tmp_path)
    assert items.kind.labels == ["0", "1"] and {item.labels for item in items.train} == {(0,), (1,), (), (0, 1)}


@pytest.mark.parametrize(("label", "what"), [
    ([0, 1, 0], "a.jsonl:1: .*VN-DATA-LABEL"), ([True, False, False], "a.jsonl:1: .*VN-DATA-LABEL"),
    ({"a": True}, "a.jsonl:1: .*VN-DATA-LABEL"), ([["a"]], "VN-DATA-LABEL"), ([], "VN-DATA-LABEL"),
    ([None], "VN-DATA-LABEL")])
def test_several_labels_are_names_and_somewhere_there_is_one(tmp_path: Path, label: Any, what: str) -> None:
    rows = [{**row, "label": label} for row in lines(0, 120)]
    with pytest.raises(Problem, match=what):
        load_items(language_with(tmp_path, {"a.jsonl": jsonl(rows)}, multi_label=True, **ONE_FILE), "t", tmp_path)


def test_the_corpus_may_not_hold_what_tasks_hold_wherever_it_lies(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "train.jsonl").write_text(jsonl(lines(0, 120)), encoding="utf-8")
    task = {**TOPIC, "data": {"kind": "files", "folder": str(outside), "train": "train.jsonl"}}
    language = language_with(tmp_path, {}, **task)
    items = load_items(language, "t", tmp_path)
    assert items.dev and items.test
    assert set(held_out_items(language, tmp_path)) == {("tasks.t", item.text) for item in [*items.dev, *items.test]}
    before = versions(language, tmp_path)
    (outside / "train.jsonl").write_text(jsonl(lines(0, 121)), encoding="utf-8")
    assert set(before) == {"task/t"} and versions(language, tmp_path) != before


def test_the_corpus_may_contain_training_items(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"train.jsonl": jsonl(lines(0, 40)), "dev.jsonl": jsonl(lines(50, 10)),
                                     "test.jsonl": jsonl(lines(70, 10))}
    language = language_with(tmp_path, files, **TOPIC)
    before = versions(language, tmp_path)
    excluded = {text for _, text in held_out_items(language, tmp_path)}
    assert excluded == {row["text"] for row in [*lines(50, 10), *lines(70, 10)]}
    labels = language.folder / "tasks" / "t"
    (labels / "train.jsonl").write_text(jsonl(lines(0, 41)), encoding="utf-8")
    assert versions(language, tmp_path) == before  # training labels do not affect cleaning
    (labels / "dev.jsonl").write_text(jsonl(lines(50, 11)), encoding="utf-8")
    assert versions(language, tmp_path) != before
    (labels / "more.jsonl").write_text(jsonl(lines(90, 1)), encoding="utf-8")  # a file that no setting names
    assert ("tasks/t/more.jsonl", lines(90, 1)[0]["text"]) in held_out_items(language, tmp_path)


def test_files_of_a_task_in_its_folder_are_excluded_once(tmp_path: Path) -> None:
    language = language_with(tmp_path, {"a.jsonl": jsonl(lines(0, 120))}, **ONE_FILE)
    excluded, items = held_out_items(language, tmp_path), load_items(language, "t", tmp_path)
    assert len(excluded) == len(items.dev) + len(items.test) and {name for name, _ in excluded} == {"tasks.t"}


@pytest.mark.parametrize(("data", "drawn"), [
    ({"train": "train.jsonl", "test": "test.jsonl"}, "dev"), ({"train": "train.jsonl", "dev": "test.jsonl"}, "test"),
    ({"train": "train.jsonl", "test": "test.jsonl", "dev_share": 0.3}, "dev")])
def test_only_the_drawn_part_of_train_is_excluded(tmp_path: Path, data: dict[str, Any], drawn: str) -> None:
    files: dict[str, str | bytes] = {"train.jsonl": jsonl(lines(0, 200)), "test.jsonl": jsonl(lines(300, 10))}
    language = language_with(tmp_path, files, kind="sequence_classification",
                             data={"kind": "files", "folder": "tasks/t", **data})
    items, excluded = load_items(language, "t", tmp_path), {text for _, text in held_out_items(language, tmp_path)}
    assert 8 <= len(getattr(items, drawn)) < 100
    assert excluded == {item.text for item in [*items.dev, *items.test]}
    assert excluded.isdisjoint(item.text for item in items.train)


def test_another_share_of_train_changes_the_version(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.jsonl": jsonl(lines(0, 100))}
    one, other = (versions(language_with(tmp_path, files, kind="sequence_classification", data={
        **ONE_FILE["data"], "dev_share": share}), tmp_path) for share in (0.1, 0.2))
    assert one != other


@pytest.mark.parametrize("path", ["../x", "/x"])
def test_a_glob_stays_in_its_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(Problem, match="VN-CONFIG-PATH"):
        language_with(tmp_path, {}, **{**ONE_FILE, "data": {**ONE_FILE["data"], "train": path}})


def hub_language(tmp_path: Path, rows: dict[str, list[dict[str, Any]]], schema: Any = None) -> Language:
    task = {"kind": "token_classification", "data": {
        "kind": "hub", "dataset": "./set", "train": "train", "test": "test", "columns": {"labels": "ner_tags"}}}
    language = language_with(tmp_path, {}, **task)
    (language.folder / "set").mkdir()
    for split, found in rows.items():
        parquet.write_table(pyarrow.Table.from_pylist(found), language.folder / "set" / f"{split}.parquet")
    return language


def test_a_dataset_is_fetched_once_and_read_from_the_mirror(tmp_path: Path) -> None:
    rows = {split: [{"tokens": [WORDS[n % 8], str(n), "wa", "Zomba"], "ner_tags": ["O", "O", "O", "B-LOC"], "id": n}
                    for n in range(first, first + 20)] for split, first in (("train", 0), ("test", 18))}
    language = hub_language(tmp_path, rows)
    assert not_fetched(language, tmp_path) == ["t"]
    with pytest.raises(Problem, match="VN-SOURCE-MISSING"):
        load_items(language, "t", tmp_path)
    fetch(language, tmp_path, silent)
    assert not_fetched(language, tmp_path) == []
    items = load_items(language, "t", tmp_path)
    assert items.notes["train_also_in_test"] == 2 and len(items.train) + len(items.dev) == 18 and len(items.test) == 20
    excluded = {text for _, text in held_out_items(language, tmp_path)}
    assert excluded >= {item.text for item in [*items.dev, *items.test]}
    assert excluded.isdisjoint(item.text for item in items.train)
    fetch(language, tmp_path, lambda line: pytest.fail("fetched again"))


def test_numbers_of_classes_become_their_names(tmp_path: Path) -> None:
    import datasets
    language = hub_language(tmp_path, {})
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")),
                                  "ner_tags": datasets.List(datasets.ClassLabel(names=["O", "B-PER", "I-PER"]))})
    for split, first in (("train", 0), ("test", 30)):
        found = [{"tokens": ["Mwana", str(n)], "ner_tags": [1, 2]} for n in range(first, first + 30)]
        datasets.Dataset.from_list(found, features=features).to_parquet(language.folder / "set" / f"{split}.parquet")
    fetch(language, tmp_path, silent)
    items = load_items(language, "t", tmp_path)
    assert items.kind.labels == ["O", "B-PER", "I-PER"] and items.test[0].labels == (1, 2)


def test_labels_that_are_kept_back_are_no_labels(tmp_path: Path) -> None:
    import datasets
    language = hub_language(tmp_path, {})
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")),
                                  "ner_tags": datasets.List(datasets.ClassLabel(names=["O", "B-PER"]))})
    for split, label in (("train", 1), ("test", -1)):
        datasets.Dataset.from_list([{"tokens": ["Mwana"], "ner_tags": [label]}] * 9, features=features).to_parquet(
            language.folder / "set" / f"{split}.parquet")
    with pytest.raises(Problem, match="VN-DATA-LABEL"):
        fetch(language, tmp_path, silent)


def test_a_dataset_without_the_split_is_one_line(tmp_path: Path) -> None:
    language = hub_language(tmp_path, {"train": [{"tokens": ["a"], "ner_tags": ["O"]}]})
    with pytest.raises(Problem, match="VN-SOURCE-NETWORK") as caught:
        fetch(language, tmp_path, silent)
    assert "\n" not in str(caught.value)
