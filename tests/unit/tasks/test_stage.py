"""The stage of a task on three tiny arms: the curve, what is stored, what a kill leaves, and the report."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tests.generate import TINY_MODEL, make_documents, write_language
from tests.tiny import write_bert, write_llama
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl
from vernacular.datasets.items import Item
from vernacular.modeling.variants import ARMS, MODEL_FOLDER
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import write_rows
from vernacular.provenance.document import short_digest
from vernacular.tasks import stage
from vernacular.tasks.base import class_of
from vernacular.tasks.predictor import load_predictor
from vernacular.tasks.stage_results import TaskResult

TASK: dict[str, Any] = {"kind": "sequence_classification", "curve": [8, 16, "all"], "data": {
    "kind": "files", "folder": "labelled", "train": "a.jsonl"}}


def work_of(tmp_path: Path, task: dict[str, Any], messages: list[str], objective: str = "masked",
            **lora: Any) -> StageContext:
    """A stage's work on a language whose three arms are tiny models of different seeds."""
    tuning = {**TINY_MODEL["lora"], "seeds": [1, 2], "looks": 1, **lora}
    models = {"tiny": {**TINY_MODEL, "objective": objective, "lora": tuning}}
    folder = write_language(tmp_path / "languages", documents=3, tasks={"topic": task}, models=models)
    (folder / "labelled").mkdir(exist_ok=True)
    rows = [{"text": line, "label": topic} for topic, texts in make_documents(12).items() for text in texts
            for line in text.split("\n")]
    (folder / "labelled" / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    inputs = {}
    for seed, name in enumerate(("base", "model/tiny", "model/tiny_control")):
        place = folder / "base" if name == "base" else tmp_path / name / MODEL_FOLDER
        if not place.exists():
            write_bert(place, head=True, seed=seed) if objective == "masked" else write_llama(place, seed)
        inputs[name] = tmp_path / name
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir(exist_ok=True)
    language = load_language(folder)
    return StageContext(language, {}, inputs, {}, tmp_path / "out", tmp_path / "scratch", 1, messages.append, tmp_path,
                        tmp_path,
                        tmp_path)


def test_a_curve_of_three_arms(tmp_path: Path) -> None:
    messages: list[str] = []
    work = work_of(tmp_path, TASK, messages)
    report = stage.run(work, "tiny", work.language.models["tiny"], "topic")
    details, curve = report.details, report.details["curve"]
    sizes = [point["train_items"] for point in curve]
    assert sizes[:2] == [8, 16] and details["train_items"] == sizes[2] > 60
    assert len(messages) == 3 * 3 * 2
    assert all([row["seed"] for row in point["scores"][arm]] == [1, 2] for point in curve for arm in ARMS)
    assert details["scores"] == curve[-1]["scores"] and details["metric"] == "macro_f1"
    assert set(curve[0]["floors"]) == {"majority", "tfidf_logistic"}
    assert set(curve[0]["intervals"]) == {
        "adapted_minus_base", "adapted_minus_control", "control_minus_base"}
    for point in curve:
        assert point["arm_intervals"].keys() == set(ARMS) and point["floor_intervals"].keys() == point["floors"].keys()
        for means, ranges in (("means", "arm_intervals"), ("floors", "floor_intervals")):
            for name, (low, mean, high) in point[ranges].items():
                assert low <= mean <= high and mean == pytest.approx(point[means][name])
    rows = list(read_jsonl(work.out / "predictions.jsonl"))
    assert len(rows) == details["test_items"] and set(rows[0]) == {
        "text", "labels", *(f"{arm}_{seed}" for arm in ARMS for seed in (1, 2))}
    assert (work.out / report.plots["topic by training items"]).stat().st_size < 100_000
    assert "macro_f1_adapted_8" in report.counts and "macro_f1_adapted" in report.counts
    predictor = load_predictor("adapted", "tiny", work.language.models["tiny"], "topic",
                               {**work.inputs, "task/topic_tiny": work.out}, work.language, 2)
    again = [[int(table.argmax())] for table in predictor.probabilities([row["text"] for row in rows])]
    assert _alike(again, [row["adapted_2"] for row in rows])
    calibration = report.read_result(TaskResult, "task/topic_tiny").calibration
    assert calibration is not None and sum(calibration.shares.values()) == pytest.approx(1)
    one = {arm: calibration.arms[arm][1].calibration for arm in ARMS}["adapted"]
    loss = -np.mean([math.log(table[row["labels"][0]]) for table, row in zip(
        predictor.probabilities([row["text"] for row in rows]), rows, strict=True)])
    assert one.after.log_loss == pytest.approx(loss, abs=0.02)  # of what is saved
    assert one.decisions == min(details["dev_items"], details["train_items"]) and one.temperature != 1


def test_dead_seeds_are_named_at_their_size(tmp_path: Path) -> None:
    """One label is nearly all there is: nothing is learned beyond it."""
    work = work_of(tmp_path, {**TASK, "curve": [8, "all"]}, [], seeds=[3])
    path = work.language.folder / "labelled" / "a.jsonl"
    rows = [{**row, "label": "rare" if number % 40 == 0 else "common"} for number, row in enumerate(read_jsonl(path))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = stage.run(work, "tiny", work.language.models["tiny"], "topic")
    alive = next(gate for gate in report.gates if gate.name == "every_seed_alive")
    assert not alive.passed and "base seed 3, 8 items" in alive.reason and report.details["curve"][0]["dead"]


def test_a_killed_stage_resumes_where_it_was(tmp_path: Path) -> None:
    class KillError(Exception):
        pass

    messages: list[str] = []
    work = work_of(tmp_path, {**TASK, "curve": [8, 16]}, messages)

    def kill(line: str) -> None:
        messages.append(line)
        if len(messages) == 5:
            raise KillError

    model = work.language.models["tiny"]
    with pytest.raises(KillError):
        stage.run(StageContext(**{**work.__dict__, "progress": kill}), "tiny", model, "topic")
    shutil.rmtree(work.out)
    work.out.mkdir()
    report = stage.run(work, "tiny", model, "topic")
    assert len(messages) == 5 + 12 - 4 and messages[4] == messages[5]
    for name in ("out", "scratch"):
        shutil.rmtree(tmp_path / name)
        (tmp_path / name).mkdir()
    wanted = stage.run(work, "tiny", model, "topic")
    assert [point["means"] for point in report.details["curve"]] == [
        point["means"] for point in wanted.details["curve"]]


def test_trainings_side_by_side_give_the_same(tmp_path: Path) -> None:
    work, before, found = work_of(tmp_path, {**TASK, "curve": [8]}, []), torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            stage.run(work, "tiny", work.language.models["tiny"], "topic")
            found.append((work.out / "predictions.jsonl").read_bytes())
            for name in ("out", "scratch"):
                shutil.rmtree(tmp_path / name)
                (tmp_path / name).mkdir()
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_a_model_trained_whole_is_kept_whole(tmp_path: Path) -> None:
    work = work_of(tmp_path, {**TASK, "curve": ["all"]}, [], method="full", seeds=[1, 2])
    stage.run(work, "tiny", work.language.models["tiny"], "topic")
    rows = list(read_jsonl(work.out / "predictions.jsonl"))
    predictor = load_predictor("base", "tiny", work.language.models["tiny"], "topic",
                               {**work.inputs, "task/topic_tiny": work.out}, work.language, 2)
    again = [[int(table.argmax())] for table in predictor.probabilities([row["text"] for row in rows])]
    assert _alike(again, [row["base_2"] for row in rows])


@pytest.mark.parametrize(("task", "part", "lines"), [
    ("genre", "train", (7, 20)), ("genre", "test", (20, 7)), ("names", "test", (20, 7))])
def test_too_few_derived_items_are_refused_by_name(tmp_path: Path, task: str, part: str,
                                                   lines: tuple[int, int]) -> None:
    language = load_language(write_language(tmp_path / "languages", documents=3))
    texts = [(topic, line) for topic, texts in make_documents(6).items() for line in texts[0].split("\n")]
    texts = [texts[at % 3 * 10 + at // 3] for at in range(30)]  # of every topic in turn
    for name, count in (("train", lines[0]), ("dev", 20), ("test", lines[1])):
        write_rows(tmp_path / f"{name}.parquet", [
            {"id": f"{name}{at}", "source": "text", "path": f"text/{topic}/{at}", "text": line}
            for at, (topic, line) in enumerate(texts[:count])])
    work = StageContext(language, {}, {"corpus/splits": tmp_path}, {}, *[tmp_path] * 2, 1, print, *[tmp_path] * 3)
    with pytest.raises(Problem, match=rf"qaa tasks.{task}: \d .* {part} .*VN-DATA-SPLIT"):
        stage.items_of(work, task)


def test_pairs_answer_no_single_line(tmp_path: Path) -> None:
    work = work_of(tmp_path, {"kind": "sentence_pairs", "data": {
        "kind": "files", "folder": "labelled", "train": "a.jsonl", "columns": {"second": "text"}}}, [],
        seeds=[1], max_length=16)
    path = work.language.folder / "labelled" / "a.jsonl"
    row = next(row for row in read_jsonl(path) if row["label"] == "market")
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**row, "label": "river"}) + "\n")
    report = stage.run(work, "tiny", work.language.models["tiny"], "topic")
    found, = report.samples["labelled differently"]
    assert found["text"] == found["second"] == row["text"]
    assert (found["labels"], found["other labels"]) == ("market", "river")
    assert report.counts["texts_labelled_differently"].value == 1
    assert report.counts["test_items_cut_base"].value == report.details["test_items"]
    with pytest.raises(Problem, match="VN-DATA-LABEL"):
        load_predictor("base", "tiny", work.language.models["tiny"], "topic",
                       {**work.inputs, "task/topic_tiny": work.out}, work.language)


def test_a_causal_model_is_also_asked_without_fine_tuning(tmp_path: Path) -> None:
    """It chooses label words after no example and after one, in a way that a killed stage need not repeat."""
    prompt = {"format": "{source}\nTopic: {target}", "shots": [0, 1]}
    work = work_of(tmp_path, {**TASK, "curve": [8], "prompt": prompt}, [], objective="causal")
    model = work.language.models["tiny"]
    report = stage.run(work, "tiny", model, "topic")
    asked = report.details["untrained"]
    assert list(asked) == ["0_shot", "1_shot"]
    assert [len(asked[name]["scores"][arm]) for name in asked for arm in ARMS] == [1, 1, 1, 2, 2, 2]
    assert all(0 <= asked[name]["means"][arm] <= 1 for name in asked for arm in ARMS)
    low, _, high = asked["1_shot"]["intervals"]["adapted_minus_base"]
    assert low <= high
    low, mean, high = asked["1_shot"]["arm_intervals"]["base"]
    assert low <= mean <= high and mean == pytest.approx(asked["1_shot"]["means"]["base"])
    assert "macro_f1_adapted_1_shot" in report.counts
    kept = tmp_path / "scratch" / "base-untrained.json"
    answers = json.loads(kept.read_text(encoding="utf-8"))
    kept.write_text(json.dumps({**answers, "1_shot": [[[0]] * len(answers["0_shot"][0])] * 2}), encoding="utf-8")
    shutil.rmtree(work.out)
    work.out.mkdir()
    again = stage.run(work, "tiny", model, "topic").details["untrained"]
    assert len(set(again["1_shot"]["scores"]["base"])) == 1 and again["0_shot"] == asked["0_shot"]


ASKED = {"prompt": {"format": "{source}\n{target}", "shots": [1], "longest_answer": 10}}


@pytest.mark.parametrize(("kind", "objective", "more", "floor"), [
    ("sentence_retrieval", "masked", {}, "tfidf_characters"), ("generation", "causal", ASKED, "nearest")])
def test_pairs_of_texts_go_the_whole_way(kind: str, objective: str, more: dict[str, Any], floor: str,
                                         tmp_path: Path) -> None:
    data = {"kind": "files", "folder": "labelled", "train": "train.*", "format": "parallel",
            "most": {"train": 16, "dev": 8, "test": 12}, "columns": {"source": "en", "target": "qaa"}}
    work = work_of(tmp_path, {"kind": kind, "data": data, **more}, [], objective=objective, seeds=[1, 2])
    lines = [f"number {number}" for number in range(120)]
    for ending, text in (("en", lines), ("qaa", [line.upper() for line in lines])):
        (work.language.folder / "labelled" / f"train.{ending}").write_text("\n".join(text), encoding="utf-8")
    report = stage.run(work, "tiny", work.language.models["tiny"], "topic")
    assert report.details["floors"].keys() >= {"majority", floor} and report.details["untrained"]
    row = next(read_jsonl(work.out / "predictions.jsonl"))
    assert row["second"] == row["text"].upper() and row["adapted_2"]
    with pytest.raises(Problem, match="VN-DATA-LABEL"):
        load_predictor("base", "tiny", work.language.models["tiny"], "topic",
                       {**work.inputs, "task/topic_tiny": work.out}, work.language)


def test_questions_go_the_whole_way(tmp_path: Path) -> None:
    work = work_of(tmp_path, {"kind": "question_answering", "data": {
        "kind": "files", "folder": "labelled", "train": "q.jsonl", "most": {"train": 16, "test": 12}}}, [], seeds=[1])
    rows = [{"context": text, "question": text.split()[0], "answers": [
        {"text": text.split()[3], "answer_start": len(" ".join(text.split()[:3])) + 1}]}
        for texts in make_documents(12).values() for document in texts for text in document.split("\n")]
    (work.language.folder / "labelled" / "q.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = stage.run(work, "tiny", work.language.models["tiny"], "topic")
    assert report.details["metric"] == "token_f1" and set(report.details["floors"]) == {"majority", "nearest_span"}
    assert "untrained" not in report.details


CHAPTERS = 14
SEARCH: dict[str, Any] = {"kind": "sentence_retrieval", "labels": {"kind": "translations"}, "fine_tune": False,
                          "test": 20, "dev": 8}


def with_translations(tmp_path: Path, task: dict[str, Any]) -> StageContext:
    """As ``work_of``, with a text of chapters, held out or not, and its translation."""
    work = work_of(tmp_path, TASK, [])
    folder, splits = work.language.folder, tmp_path / "splits"
    parts: dict[str, list[dict[str, str]]] = {"train": [], "dev": [], "test": []}
    side = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
    for chapter in range(CHAPTERS):
        verses = [f"chapter {chapter} speaks of animal {verse}" for verse in range(6)]
        for name, texts in (("theirs", verses), ("ours", [verse.translate(str.maketrans("aeiou", "eioua"))
                                                          for verse in verses])):
            path = folder / name / f"{chapter}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(texts), encoding="utf-8")
        parts["test" if chapter % 3 == 0 else "dev" if chapter == 1 else "train"].append({
            "id": f"chapter-{chapter}", "raw_digest": short_digest("\n".join(texts)), "text": "\n".join(texts)})
    splits.mkdir(exist_ok=True)
    for part, rows in parts.items():
        write_rows(splits / f"{part}.parquet", rows)
    settings = yaml.safe_load((folder / "language.yaml").read_text(encoding="utf-8"))
    settings["models"]["tiny"]["alignment"] = {"translations": [{
        role: {**side, "name": name, "files": f"{name}/*.json",
               "key": {"kind": "path", "pattern": f"{name}/{{chapter}}.json"}}
        for role, name in (("source", "ours"), ("translation", "theirs"))}]}
    settings["models"]["other"], settings["tasks"]["topic"] = TINY_MODEL, task
    (folder / "language.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return replace(work, language=load_language(folder), inputs={**work.inputs, "corpus/splits": splits})


def test_a_search_of_translations_is_scored_without_training(tmp_path: Path) -> None:
    """By pairs of held-out documents alone, drawn alike for every model; no adapter is left, and no seed counts."""
    work = with_translations(tmp_path, SEARCH)
    model = work.language.models["tiny"]
    report = stage.run(work, "tiny", model, "topic")
    details, rows = report.details, list(read_jsonl(work.out / "predictions.jsonl"))
    assert details["fine_tuned"] is False and details["train_items"] == 0 and details["test_items"] == len(rows) == 20
    assert {int(row["second"].split()[1]) % 3 for row in rows} == {0} and details["test_texts"] == 5
    assert set(rows[0]) == {"text", "second", "labels", *ARMS} and not any(path.is_dir() for path in work.out.iterdir())
    kind = class_of(work.language.tasks["topic"])(work.language.tasks["topic"], [])
    items = [Item(row["text"], second=row["second"]) for row in rows]
    for arm in ARMS:
        assert details["means"][arm] == pytest.approx(kind.score(items, [row[arm] for row in rows]))
        low, mean, high = details["arm_intervals"][arm]
        assert low <= mean <= high and set(details["more_intervals"][arm]) >= {"accuracy_at_1_from_target"}
        assert all(rows[row[arm][2]]["second"] == row["second"] for row in rows if row[arm][0] == 1)
    by_direction = [details["more_differences"]["adapted_minus_base"][f"accuracy_at_1_from_{side}"][1]
                    for side in ("source", "target")]
    assert sum(by_direction) / 2 == pytest.approx(details["intervals"]["adapted_minus_base"][1])
    assert set(details["more_floor_intervals"]["tfidf_characters"]) == set(details["more_intervals"]["base"])
    assert set(details["floors"]) == {"majority", "tfidf_characters"} and "untrained" not in details
    assert [gate.name for gate in report.gates] == ["every_seed_alive", "adapted_beats_base"]
    assert report.gates[1].value == pytest.approx(details["means"]["adapted"] - details["means"]["base"])
    assert "base" not in details["dead"] and "train_items" not in report.counts
    items_of_parts = stage.items_of(work, "topic", model)
    assert [(item.text, item.second) for item in items_of_parts.test] == [(row["text"], row["second"]) for row in rows]
    assert {item.document for item in items_of_parts.dev} == {"chapter-1"} and not items_of_parts.train
    trained = {item.document for item in stage.items_of(
        with_translations(tmp_path, {**SEARCH, "fine_tune": True}), "topic", model).train}
    assert trained and not trained & {item.document for item in (*items_of_parts.dev, *items_of_parts.test)}


def test_only_models_with_translations_are_asked_to_find_them(tmp_path: Path) -> None:
    language = with_translations(tmp_path, SEARCH).language
    assert "topic" in language.tasks_of("tiny") and "topic" not in language.tasks_of("other")
    with pytest.raises(Problem) as raised:
        work_of(tmp_path / "none", SEARCH, [])
    assert "language.yaml" in raised.value.where


@pytest.mark.parametrize("wrong", [
    {"kind": "sequence_classification"}, {"curve": [8]}, {"labels": {"kind": "capitalised"}}, {"language": "eng"},
    {"kind": "sequence_classification", "labels": {"kind": "document_group", "groups": {"a": ["*"], "b": ["*"]}}}])
def test_what_cannot_be_scored_without_training_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(Problem) as raised:
        with_translations(tmp_path, {**SEARCH, **wrong})
    assert "language.yaml" in raised.value.where


def _alike(found: list[list[int]], scored: list[list[int]]) -> bool:
    """Whether most answers agree: a predictor uses mixed precision, which turns near ties of a random model."""
    return sum(map(list.__eq__, found, scored)) >= 0.85 * len(scored)
