"""Texts learn to point to locked pictures: the map, the training, ranks and scores by hand, the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.tiny import write_bert
from tests.tiny_pictures import COLORS, SHAPES
from vernacular.config.tasks import Task
from vernacular.config.training import Lora
from vernacular.datasets.aligned_pairs import Projection
from vernacular.datasets.items import Item, Row
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tasks.base import class_of
from vernacular.tasks.finetune import fine_tune, head_start
from vernacular.tasks.head_init import unit_states
from vernacular.tasks.image_retrieval.kind import ImageClassification, ImageRetrieval, _contrast, same_pair

TOWER = {"hub": "openai/clip-vit-base-patch32", "revision": "0" * 40, "licence": "MIT"}
TASK = Task.model_validate({"kind": "image_retrieval", "tower": TOWER, "data": {"kind": "files", "train": "t.tsv"}})
SETTINGS = Lora(rank=4, alpha=8, epochs=6, learning_rate=5e-3, max_length=32, batch_size=8, least_steps=1)
ITEMS = [Item(f"the {color} {shape}", second=f"{color}-{shape}.png") for color in COLORS for shape in SHAPES]


def unit(rows: Any) -> Any:
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def kind_of(task: Task = TASK, width: int = 12) -> ImageRetrieval:
    """A kind whose pictures are the sum of a vector of their color and one of their shape."""
    kind, chance = ImageRetrieval(task, []), np.random.default_rng(1)
    parts = {name: chance.normal(size=width) for name in (*COLORS, *SHAPES)}
    kind.vectors = {f"{color}-{shape}.png": unit(parts[color] + parts[shape] + 2) for color in COLORS
                    for shape in SHAPES}
    kind.set_directions(ITEMS)
    return kind


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = write_bert(tmp_path_factory.mktemp("bert"))
    return load_model(folder, "masked"), load_tokenizer(folder)


def test_unseen_combinations_are_found_by_the_map_and_after_training(base: tuple[Any, Any]) -> None:
    kind, (model, tokenizer) = kind_of(), base
    test = ITEMS[::5]
    train = [item for item in ITEMS if item not in test]
    head = head_start(kind, model, tokenizer, train, SETTINGS)
    assert head is not None
    network = kind.bare(model, tokenizer.pad_token_id)
    network.head.load_state_dict(dict(head))
    mapped = kind.scores(test, kind.predict(network, tokenizer, test, 32))
    tuned = fine_tune(kind, model, tokenizer, train, test, SETTINGS, 1, head)
    trained = kind.scores(test, kind.predict(tuned.network, tokenizer, test, 32))
    assert mapped["recall_at_1"] >= 0.75 and trained["recall_at_1"] >= mapped["recall_at_1"]
    assert tuned.looks[0][0] == 0  # the map alone is among the choices
    tuned.network.body.unload()


def test_a_projection_answers_without_training_and_is_where_the_map_starts(base: tuple[Any, Any]) -> None:
    kind, (model, tokenizer) = kind_of(), base
    assert kind.untrained("masked", model, tokenizer, [], ITEMS, 32, [1]) == {}
    head = head_start(kind, model, tokenizer, ITEMS, SETTINGS)
    assert head is not None
    components = kind.directions / np.square(kind.directions).sum(0)
    to_pictures = torch.from_numpy(components @ components.T).float()
    kind.projection = Projection(to_pictures @ head["weight"], to_pictures @ head["bias"])
    found = kind.untrained("masked", model, tokenizer, [], ITEMS, 32, [1])["0_shot"][0]
    assert kind.scores(ITEMS, found)["recall_at_1"] > 0.9
    again = head_start(kind, model, tokenizer, ITEMS[:2], SETTINGS)
    assert again is not None
    assert float((again["weight"] - head["weight"]).norm()) < 0.15 * float(head["weight"].norm())
    kind.projection = None
    alone = head_start(kind, model, tokenizer, ITEMS[:2], SETTINGS)
    assert alone is not None
    assert float((alone["weight"] - head["weight"]).norm()) > 0.5 * float(head["weight"].norm())


def test_directions_are_half_whitened_without_the_mean_and_count_a_picture_once() -> None:
    kind = kind_of()
    pictures = kind.pictures_of(ITEMS).astype(float)
    mean = pictures.mean(0)
    assert np.abs(mean @ kind.directions).max() < 1e-9 and np.linalg.norm(mean) > 0.5
    rest = pictures - mean
    rest -= np.outer(rest @ mean, mean) / (mean @ mean)
    spread = np.linalg.svd(rest, compute_uv=False)[kind.directions.shape[1] - 1::-1]
    assert np.allclose(np.square(np.linalg.norm(kind.targets_of(ITEMS), axis=0)) / spread, spread[-1])
    before = kind.directions @ kind.directions.T
    kind.set_directions([*ITEMS, *[Item(f"name {number}", second=ITEMS[0].second) for number in range(30)]])
    assert np.allclose(kind.directions @ kind.directions.T, before)


def test_the_mean_picture_in_what_a_teacher_gave_changes_no_rank(base: tuple[Any, Any]) -> None:
    kind, (model, tokenizer), chance = kind_of(), base, np.random.default_rng(1)
    mean = kind.pictures_of(ITEMS).mean(0)
    weight, bias = chance.normal(size=(kind.width, 32)) / 9, kind.pictures_of(ITEMS).std(0)
    texts = [item.text for item in ITEMS[1::2]]

    def answers(much: float) -> list[Any]:
        kind.projection = Projection(torch.tensor(weight + much * np.outer(mean, chance.normal(size=32))).float(),
                                     torch.tensor(bias).float())
        kind.taught = texts, (kind.pictures_of(ITEMS[1::2]) + much * np.outer(
            chance.normal(size=len(texts)), mean)).astype(np.float32)
        return [kind.untrained("masked", model, tokenizer, [], ITEMS, 32, [1])["0_shot"][0],
                kind.floors([], ITEMS, 1)["tfidf_translations"]]

    plain, biased = answers(0), answers(1)
    assert plain == biased
    kind.directions = np.zeros((0, 0))  # of a task without training, whose projection is released as it is
    raw = answers(1)
    assert raw[0] != plain[0] and raw[1] != plain[1]
    assert kind.projection is not None
    network = kind.bare(model, tokenizer.pad_token_id)
    network.head.load_state_dict({"weight": kind.projection.weight, "bias": kind.projection.bias})
    assert raw[0] == kind.predict(network, tokenizer, ITEMS, 32)


def test_a_head_that_gives_the_components_has_no_distance(base: tuple[Any, Any]) -> None:
    kind, (model, tokenizer), items = kind_of(), base, ITEMS[:6]
    network, encoded = kind.bare(model, tokenizer.pad_token_id), kind.encode(items, tokenizer, 32)
    states = np.hstack([unit_states(network, encoded, tokenizer.pad_token_id), np.ones((len(items), 1))])

    def distance(points: NDArray[Any]) -> float:
        solved = torch.tensor(np.linalg.lstsq(states, points, rcond=None)[0].T).float()
        network.head.load_state_dict({"weight": solved[:, :-1], "bias": solved[:, -1]})
        with torch.no_grad():
            loss = kind.loss(network, encoded, items, tokenizer.pad_token_id)
            assert loss is not None
            texts = torch.nn.functional.normalize(network(encoded, tokenizer.pad_token_id).float(), dim=-1)
            return float(loss - _contrast(texts, torch.from_numpy(kind.pictures_of(items)), same_pair(items)))

    targets = kind.targets_of(items)
    assert distance(targets @ kind.directions.T) == pytest.approx(0, abs=5e-3)
    assert distance(3 * targets @ kind.directions.T) == pytest.approx(4, rel=5e-2)
    assert distance(np.zeros((len(items), kind.width))) == pytest.approx(1, rel=1e-3)


def test_a_batch_of_one_has_no_loss_and_gradients_reach_the_map(base: tuple[Any, Any]) -> None:
    kind, (model, tokenizer) = kind_of(), base
    network = kind.bare(model, tokenizer.pad_token_id)
    encoded = kind.encode(ITEMS, tokenizer, 32)
    assert kind.loss(network, encoded[:1], ITEMS[:1], tokenizer.pad_token_id) is None
    loss = kind.loss(network, encoded, ITEMS, tokenizer.pad_token_id)
    assert loss is not None
    torch.autograd.backward(loss)
    assert network.head.weight.grad is not None and float(network.head.weight.grad.abs().sum()) > 0
    model.zero_grad()


def test_ranks_count_distinct_pictures_and_any_right_one() -> None:
    kind = ImageRetrieval(TASK, [])
    kind.vectors = {"a": unit([1, 0, 0]), "b": unit([0, 1, 0]), "c": unit([0, 0, 1])}
    items = [Item("one", second="a"), Item("one", second="b"), Item("two", second="c"), Item("three", second="c")]
    vectors = np.array([[1, 3, 2], [1, 3, 2], [0, 2, 1], [0, 0, 9.0]])
    assert kind.ranks(vectors, items) == [[1, 1, "b"], [1, 2, "b"], [2, 1, "b"], [1, 1, "c"]]
    assert kind.ranks(np.ones((4, 3)), items) == [[2, 3, "a"], [2, 3, "a"], [3, 2, "a"], [3, 2, "a"]]  # ties score last
    assert [answer[0] for answer in kind.ranks(np.full((4, 3), np.nan), items)] == [2, 2, 3, 3]
    assert kind.together(items[0]) == "a"
    assert same_pair(items).tolist() == [[False, True, False, False], [True, False, False, False],
                                         [False, False, False, True], [False, False, True, False]]


def test_scores_by_hand() -> None:
    kind = ImageRetrieval(TASK, [])
    scores = kind.scores(ITEMS[:2], [[1, 4, "x"], [20, 10, "y"]])
    assert next(iter(scores)) == "recall_at_10" and scores["recall_at_10"] == 0.75
    assert scores["recall_at_1"] == 0.25 and scores["recall_at_5"] == 0.5
    assert scores["mrr"] == pytest.approx((1 + 1 / 20 + 1 / 4 + 1 / 10) / 4)
    assert scores["recall_at_10_to_picture"] == 0.5 and scores["recall_at_10_to_text"] == 1
    classes = ImageClassification(TASK.model_copy(update={"kind": "image_classification"}), [])
    assert classes.scores(ITEMS[:2], [[1, 4, "x"], [20, 1, "y"]]) == {
        "accuracy": 0.5, "accuracy_at_5": 1.0, "mrr": 0.625}


def test_a_class_is_the_text_and_classes_are_not_shared_between_parts() -> None:
    task = Task.model_validate({**TASK.model_dump(exclude_unset=True), "kind": "image_classification"})
    kind = class_of(task)(task, [])
    item = kind.item(Row("a:1", {"label": "fox", "picture": "1.png"}))
    assert (item.text, item.second, item.labels) == ("fox", "1.png", ())


def test_the_baseline_finds_pictures_by_parts_of_words_and_chance_does_not() -> None:
    kind = kind_of()
    test, train = ITEMS[::5], [item for item in ITEMS if item not in ITEMS[::5]]
    floors = kind.floors(train, test, 1)
    assert kind.scores(test, floors["tfidf_characters"])["mrr"] > kind.scores(test, floors["majority"])["mrr"] + 0.2
    assert set(kind.floors([], test, 1)) == {"majority"}
    kind.taught = [item.text for item in train], kind.pictures_of(train)
    floors = kind.floors([], test, 1)
    assert kind.scores(test, floors["tfidf_translations"])["mrr"] > kind.scores(test, floors["majority"])["mrr"] + 0.2


@pytest.mark.parametrize("change", [
    {"tower": None}, {"kind": "sentence_retrieval"}, {"labels": {"kind": "translations"}, "data": None},
    {"tower": {**TOWER, "precision": "bfloat16"}}, {"tower": {**TOWER, "licence": "unverified"}}, {"csls": True}])
def test_settings_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Task.model_validate({**TASK.model_dump(exclude_unset=True), **change})


def test_pictures_need_an_encoder(tmp_path: Path) -> None:
    assert TASK.fits("masked") and not TASK.fits("causal")
