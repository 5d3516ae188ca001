"""Pictures of a task: its stage, what it refuses, its release as Sentence Transformers and CLIPModel load it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import AutoImageProcessor, CLIPModel, SiglipModel

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_bert
from tests.tiny_pictures import write_pictures, write_tower
from vernacular.config.load import load_language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, Problems
from vernacular.core.jsonl import read_jsonl
from vernacular.datasets.aligned_pairs import Learned, Projection
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.picture_towers import load_tower_folder
from vernacular.modeling.state_distillation import embed_texts
from vernacular.modeling.variants import ARMS, MODEL_FOLDER
from vernacular.pipeline.stage import StageContext
from vernacular.release.export import TOWER, export_projection, export_task, export_tower
from vernacular.tasks import stage
from vernacular.tasks.image_retrieval.finder import PictureFinder
from vernacular.tasks.image_retrieval.kind import ImageRetrieval
from vernacular.tasks.image_retrieval.vectors import VECTORS
from vernacular.tasks.predictor import adapter_folder
from vernacular.tasks.stage_results import TaskResult

TOWER_BASE = {"path": "tower", "licence": "MIT"}
TASK: dict[str, Any] = {"kind": "image_retrieval", "tower": TOWER_BASE, "data": {
    "kind": "files", "folder": "pictures", "train": "captions.tsv", "test_share": 0.3}}
SIDE = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other", "files": "a.txt"}


def work_of(tmp_path: Path, task: dict[str, Any], family: str = "clip", **model: Any) -> StageContext:
    """A stage's work on a language with pictures, whose three arms are tiny models of different seeds."""
    lora = {**TINY_MODEL["lora"], "seeds": [1], "looks": 1, "least_steps": 4, "epochs": 0.1}
    folder = write_language(tmp_path / "languages", documents=3, tasks={"look": task}, models={
        "tiny": {**TINY_MODEL, "objective": "masked", "lora": lora, **model}})
    rows = write_pictures(folder / "pictures", each=2)
    (folder / "pictures" / "captions.tsv").write_text("text\tpicture\n" + "".join(
        f"{text} {number % 2}\t{name}\n" for number, (text, name) in enumerate(rows)), encoding="utf-8")
    write_tower(folder / "tower", family)
    inputs = {}
    for seed, name in enumerate(("base", "model/tiny", "model/tiny_control")):
        write_bert(folder / "base" if name == "base" else tmp_path / name / MODEL_FOLDER, head=True, seed=seed)
        inputs[name] = tmp_path / name
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir()
    return StageContext(load_language(folder), {}, inputs, {}, tmp_path / "out", tmp_path / "scratch", 1,
                        lambda _: None, tmp_path, tmp_path, tmp_path)


@pytest.mark.parametrize(("family", "model_class"), [("clip", CLIPModel), ("siglip", SiglipModel)])
def test_a_task_on_pictures_and_its_release(tmp_path: Path, family: str, model_class: Any) -> None:
    work = work_of(tmp_path, TASK, family)
    model = work.language.models["tiny"]
    report = stage.run(work, "tiny", model, "look")
    result = report.read_result(TaskResult, "task/look_tiny")
    assert result.metric == "recall_at_10" and set(result.floors) == {"majority", "tfidf_characters"}
    assert result.words_of_texts == 4 and set(result.means) == set(ARMS)
    rows = list(read_jsonl(work.out / "predictions.jsonl"))
    assert len(rows) == result.test_items and all(row["second"].endswith(".png") for row in rows)

    work.inputs["task/look_tiny"] = work.out
    items = stage.items_of(work, "look", model)  # its vectors are those that were kept
    kind, release, to = items.kind, tmp_path / "model/tiny" / MODEL_FOLDER, tmp_path / "release"
    assert isinstance(kind, ImageRetrieval)
    export_task(kind, adapter_folder(work.out, "adapted", 1), release, "masked", 64, {}, to)
    export_tower(load_tower_folder(work.language.folder / "tower"), to)
    texts = SentenceTransformer(str(to), device="cpu").encode([item.text for item in items.test])
    same = [ours == theirs for ours, theirs in zip(kind.ranks(texts, items.test), (row["adapted_1"] for row in rows),
                                                   strict=True)]
    assert sum(same) >= 0.7 * len(rows)  # pictures of a random model are hardly apart
    name = items.test[0].second
    pixels = AutoImageProcessor.from_pretrained(to / TOWER)(
        [Image.open(work.language.folder / "pictures" / name).convert("RGB")], return_tensors="pt")
    with torch.no_grad():
        found = model_class.from_pretrained(to / TOWER).get_image_features(**pixels)
    vector = torch.nn.functional.normalize(getattr(found, "pooler_output", found), dim=-1)
    assert np.allclose(vector.numpy()[0], kind.vectors[name], atol=1e-4)
    finder = PictureFinder("adapted", "tiny", model, "look", work.inputs, work.language)
    found = finder.find(items.test[0].text, 3)
    best = kind.ranks(kind.embed(finder._network, finder._tokenizer, items.test, 64), items.test)[0][2]
    assert found[0][0] == best and len(found) == 3 and found[0][1] >= found[1][1]
    assert str(tmp_path) not in "".join(path.read_text() for path in to.rglob("*.json"))


def test_what_a_teacher_taught_is_scored_without_training_and_released(tmp_path: Path) -> None:
    aligned = {"translations": [{"source": {**SIDE, "name": "a"}, "translation": {**SIDE, "name": "b"}}],
               "teacher": {**TOWER_BASE, "name_on_hub": "a/clip"}}  # the same model, with a name
    work = work_of(tmp_path, {**TASK, "kind": "image_classification", "fine_tune": False, "data": {
        **TASK["data"], "columns": {"label": "text"}}}, alignment=aligned)
    torch.manual_seed(1)
    projection = Projection(torch.randn(24, 32), torch.randn(24))
    (tmp_path / "aligned").mkdir()
    Learned([], torch.zeros(0, 24), [], torch.zeros(0, 24), projection).write(tmp_path / "aligned")
    work.inputs["alignment/tiny"] = tmp_path / "aligned"
    report = stage.run(work, "tiny", work.language.models["tiny"], "look")
    result = report.read_result(TaskResult, "task/look_tiny")
    assert result.metric == "accuracy" and not result.fine_tuned
    work.inputs["task/look_tiny"] = work.out
    items = stage.items_of(work, "look", work.language.models["tiny"])
    assert isinstance(items.kind, ImageRetrieval)
    release = tmp_path / "model/tiny" / MODEL_FOLDER
    export_projection(items.kind, release, 64, {}, tmp_path / "to")
    texts = SentenceTransformer(str(tmp_path / "to"), device="cpu").encode([item.text for item in items.test])
    model = load_model(tmp_path / "to", "masked")  # the model itself is still one
    states = embed_texts(model.base_model, load_tokenizer(tmp_path / "to"), [item.text for item in items.test], 64)
    ours = torch.nn.functional.normalize(projection(states), dim=-1)
    assert np.allclose(texts, ours.numpy(), atol=1e-4)


def test_pictures_of_test_are_not_learned_under_another_name(tmp_path: Path) -> None:
    work = work_of(tmp_path, TASK, "vit")
    folder = work.language.folder / "pictures"
    rows = (folder / "captions.tsv").read_text().splitlines()
    copies = []
    for number, row in enumerate(rows[1:]):
        text, name = row.split("\t")
        (folder / f"copy-{number}.png").write_bytes((folder / name).read_bytes())
        copies.append(f"again {text}\tcopy-{number}.png")
    (folder / "captions.tsv").write_text("\n".join([*rows, *copies]) + "\n")
    items = stage.items_of(work, "look", work.language.models["tiny"])
    kind = items.kind
    assert isinstance(kind, ImageRetrieval) and items.notes["pictures_also_scored"] > 5
    learned, scored = kind.pictures_of(items.train), kind.pictures_of([*items.dev, *items.test])
    assert (learned @ scored.T).max() < 1 - 1e-6
    distinct = np.stack([kind.vectors[name] for name in {item.second: 0 for item in items.train}])
    assert kind.directions.size and np.abs(distinct.mean(0) @ kind.directions).max() < 1e-5


def test_every_bad_picture_is_named_and_nothing_is_kept(tmp_path: Path) -> None:
    work = work_of(tmp_path, TASK)
    folder = work.language.folder / "pictures"
    (folder / "red-fox-0.png").write_bytes(b"no picture")
    (folder / "red-dog-0.png").unlink()
    (folder / "captions.tsv").open("a").write("the way out\t../../../secret.png\n")
    with pytest.raises(Problems) as caught:
        stage.items_of(work, "look", work.language.models["tiny"])
    codes = {problem.code for problem in caught.value.problems}
    assert {Code.DATA_FORMAT, Code.DATA_MISSING} < codes and len(caught.value.problems) == 3
    assert not (work.out / VECTORS).exists()


def test_damaged_vectors_are_made_again(tmp_path: Path) -> None:
    work = work_of(tmp_path, TASK)
    first = stage.items_of(work, "look", work.language.models["tiny"])
    save_file({"vectors": torch.zeros(3, 24)}, work.out / VECTORS)
    again = stage.items_of(work, "look", work.language.models["tiny"])
    assert isinstance(first.kind, ImageRetrieval) and isinstance(again.kind, ImageRetrieval)
    assert np.array_equal(first.kind.pictures_of(first.test), again.kind.pictures_of(again.test))


def test_a_task_without_training_needs_a_teacher(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        work_of(tmp_path, {**TASK, "fine_tune": False})
    assert caught.value.code == Code.CONFIG_RULE
