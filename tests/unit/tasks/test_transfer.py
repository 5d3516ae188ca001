"""Zero-shot transfer: the training items, the excluded ones, and the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.generate import TINY_MODEL, TOPICS, make_documents, write_language
from tests.tiny import write_bert
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.modeling.variants import ARMS, MODEL_FOLDER
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import read_rows, write_rows
from vernacular.provenance.document import short_digest
from vernacular.tasks import stage
from vernacular.tasks.stage_results import TransferScores
from vernacular.tasks.stages import stages
from vernacular.tasks.transfer import TransferItems, transfer_items
from vernacular.text.words import plain_words

SIDE = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
GENRE: dict[str, Any] = {"kind": "sequence_classification", "train": 12, "dev": 8, "test": 12, "labels": {
    "kind": "document_group", "groups": {topic: [f"text/text/{topic}/*"] for topic in TOPICS}}}
NAMES: dict[str, Any] = {"kind": "token_classification", "labels": {"kind": "capitalised"}, "train": 12, "dev": 8,
                         "test": 12}
THROUGH = {"train_language": "eng", "through": "translations", "train": 20}


def english_of(line: str) -> str:
    """The translation of an invented line: other letters, the same capitals."""
    return line.translate(str.maketrans("aeioustkl", "eioampxqd"))


def work_of(tmp_path: Path, messages: list[str], **tasks: Any) -> StageContext:
    """A stage's work on tiny arms, with splits of an invented text and its translations."""
    documents = make_documents(12)  # four of each topic
    every = [text for texts in documents.values() for text in texts]
    model = {**TINY_MODEL, "alignment": {"translations": [{"source": {**SIDE, "name": "ours", "files": "ours.txt"},
                                                           "translation": {**SIDE, "name": "theirs",
                                                                           "files": "theirs.txt"}}]}}
    tasks = json.loads(json.dumps(tasks))  # PyYAML would write a repeated object as an alias
    folder = write_language(tmp_path / "languages", documents=3, tasks=tasks, models={"tiny": model})
    (folder / "ours.txt").write_text("\n\n".join(every), encoding="utf-8")
    (folder / "theirs.txt").write_text("\n\n".join(map(english_of, every)), encoding="utf-8")
    inputs = {"corpus/splits": tmp_path / "splits"}
    inputs["corpus/splits"].mkdir()
    for part, first, last in (("train", 0, 2), ("dev", 2, 3), ("test", 3, 4)):
        write_rows(inputs["corpus/splits"] / f"{part}.parquet", [
            {"id": f"{topic}-{part}-{at}", "source": "text", "path": f"text/{topic}/text.txt", "text": text,
             "raw_digest": short_digest(text)}
            for topic, texts in documents.items() for at, text in enumerate(texts[first:last])])
    for seed, name in enumerate(("base", "model/tiny", "model/tiny_control")):
        write_bert(folder / "base" if name == "base" else tmp_path / name / MODEL_FOLDER, head=True, seed=seed)
        inputs[name] = tmp_path / name
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir()
    return StageContext(load_language(folder), {}, inputs, {}, tmp_path / "out", tmp_path / "scratch", 1,
                        messages.append, *[tmp_path] * 3)


def learned(work: StageContext, task: str) -> TransferItems:
    found = transfer_items(work, work.language.models["tiny"], task, stage.items_of(work, task))
    assert found is not None
    return found


def texts_in(work: StageContext, part: str) -> list[str]:
    rows = read_rows(work.inputs["corpus/splits"] / f"{part}.parquet")
    return [line for row in rows for line in row["text"].split("\n")]


def test_a_label_is_carried_to_the_translations_of_training_lines(tmp_path: Path) -> None:
    work = work_of(tmp_path, [], genre={**GENRE, "transfer": THROUGH})
    found = learned(work, "genre")
    assert found.language == "eng" and len(found.items) == 20
    names, training = sorted(TOPICS), {english_of(line) for line in texts_in(work, "train")}
    for item in found.items:
        assert item.text in training and item.document.startswith(f"{names[item.labels[0]]}-train-")


def test_capitals_are_those_of_the_translation(tmp_path: Path) -> None:
    work = work_of(tmp_path, [], names={**NAMES, "transfer": THROUGH})
    training = {english_of(line).lower() for line in texts_in(work, "train")}
    assert all(item.text in training and item.text.islower() for item in learned(work, "names").items)


def test_the_translation_of_held_out_text_is_not_learned_from(tmp_path: Path) -> None:
    """Though a training line, or an item of labelled data, is the same in that language."""
    work = work_of(tmp_path, [], genre={**GENRE, "transfer": {**THROUGH, "train": 2000}},
                   labelled={**GENRE, "transfer": {"train_language": "eng", "data": {"kind": "files",
                                                                                     "train": "eng.jsonl"}}})
    folder, scored, train = work.language.folder, texts_in(work, "test"), texts_in(work, "train")
    theirs = (folder / "theirs.txt").read_text(encoding="utf-8").replace(english_of(train[0]), english_of(scored[0]))
    (folder / "theirs.txt").write_text(theirs, encoding="utf-8")
    rows = [{"text": english_of(line), "label": TOPICS[number % 3]} for number, line in enumerate([*train, *scored])]
    (folder / "eng.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    known = {plain_words(english_of(line)) for part in ("dev", "test") for line in texts_in(work, part)}
    for task, count in (("genre", len(train) - 1), ("labelled", len(train))):
        found = learned(work, task).items
        assert known.isdisjoint(plain_words(item.text) for item in found) and len(found) == count


def test_labelled_data_in_another_language(tmp_path: Path) -> None:
    messages: list[str] = []
    work = work_of(tmp_path, messages, topic={
        "kind": "sequence_classification", "data": {"kind": "files", "train": "a.jsonl"},
        "transfer": {"train_language": "eng", "train": 10, "data": {
            "kind": "files", "train": "eng.csv", "columns": {"label": "topic"}}}})
    folder = work.language.folder
    rows = [{"text": line, "label": topic} for topic, texts in make_documents(12).items()
            for text in texts for line in text.split("\n")]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scored = stage.items_of(work, "topic").test[0].text
    lines = ["text,topic", f'"{scored}",{TOPICS[0]}', *(f"the fox number {at},{TOPICS[at % 3]}" for at in range(30))]
    (folder / "eng.csv").write_text("\n".join(lines), encoding="utf-8")
    found = learned(work, "topic").items
    assert len(found) == 10 and all(item.text.startswith("the fox") for item in found)
    (folder / "eng.csv").write_text("\n".join([*lines, "the fox,weather"]), encoding="utf-8")
    with pytest.raises(Problem) as raised:
        learned(work, "topic")
    assert raised.value.where == "qaa tasks.topic.transfer" and "weather" in raised.value.what


def test_a_model_without_translations_has_no_score(tmp_path: Path) -> None:
    messages: list[str] = []
    work = work_of(tmp_path, messages, genre={**GENRE, "transfer": THROUGH})
    model = work.language.models["tiny"].model_copy(update={"alignment": None})
    assert transfer_items(work, model, "genre", stage.items_of(work, "genre")) is None and len(messages) == 1


def test_the_stage_scores_every_arm_beside_the_curve(tmp_path: Path) -> None:
    messages: list[str] = []
    work = work_of(tmp_path, messages, genre={**GENRE, "transfer": THROUGH})
    model = work.language.models["tiny"]
    report = stage.run(work, "tiny", model, "genre")
    scores = TransferScores.model_validate(report.details["transfer"])
    assert (scores.train_language, scores.train_items, scores.metric) == ("eng", 20, "macro_f1")
    assert scores.means.keys() == scores.arm_intervals.keys() == set(ARMS)
    assert scores.intervals.keys() == {"adapted_minus_base", "adapted_minus_control", "control_minus_base"}
    assert scores.floors.keys() == scores.floor_intervals.keys() == {"majority", "tfidf_logistic"}
    for arm, (low, mean, high) in scores.arm_intervals.items():
        assert low <= mean <= high and mean == scores.means[arm]
        assert report.counts[f"macro_f1_{arm}_transfer"].value == mean
    assert scores.intervals["adapted_minus_base"][1] == pytest.approx(scores.means["adapted"] - scores.means["base"])
    assert [point["train_items"] for point in report.details["curve"]] == [12]
    trained = [line for line in messages if "to score" in line]
    assert len(trained) == 3 * (1 + len(model.lora.seeds))
    (tmp_path / "again").mkdir()
    again = stage.run(StageContext(**{**vars(work), "out": tmp_path / "again"}), "tiny", model, "genre")
    assert again.details == report.details and trained == [line for line in messages if "to score" in line]


def test_only_a_task_that_transfers_depends_on_it(tmp_path: Path) -> None:
    work = work_of(tmp_path, [], genre={**GENRE, "transfer": THROUGH}, names=NAMES)
    language = work.language

    def settings(changed: Language) -> list[Any]:
        return [one.settings_data(changed) for one in stages(changed, "tiny", changed.models["tiny"])]

    genre, names = settings(language)
    assert genre["task"]["transfer"] and genre["task"]["translations"] and "transfer" not in names["task"]
    tasks = {**language.tasks, "genre": language.tasks["genre"].model_copy(update={"transfer": None})}
    without, same = settings(language.model_copy(update={"tasks": tasks}))
    assert "transfer" not in without["task"] and without != genre and same == names
