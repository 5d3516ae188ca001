"""Each kind learns what can be learned from a tiny model, gives each word its states, and survives saving."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from tests.tiny import write_bert, write_llama
from tests.unit.tasks.made import items_of, kind_of, names_kind, tagged, task_of, topics
from vernacular.config.training import Lora
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.device import has_bf16
from vernacular.tasks.adapter_model import encode, encode_pairs, load, save, without_adapter
from vernacular.tasks.finetune import fine_tune, grouped, head_start, steps_of
from vernacular.tasks.predictor import Predictor
from vernacular.text.words import word_spans, words

SETTINGS = Lora(rank=4, alpha=8, epochs=15, least_steps=1, learning_rate=1e-2, full_learning_rate=1e-2, max_length=32,
                batch_size=8, looks=0)
TOPICS = [Item("the red fox jumps", (0,)), Item("a green river market", (1,))] * 8


def learned(kind, folder, items, objective="masked", **more):
    """The trained network, the tokenizer, and the answers to the items it was trained on."""
    settings = SETTINGS.model_copy(update=more)
    model, tokenizer = load_model(folder, objective), load_tokenizer(folder)
    head = head_start(kind, model, tokenizer, items, settings)
    tuned = fine_tune(kind, model, tokenizer, items, [], settings, 1, head)
    return tuned, tokenizer, kind.predict(tuned.network, tokenizer, items, 32)


@pytest.mark.parametrize(("objective", "write"), [("masked", write_bert), ("causal", write_llama)])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_it_learns_and_survives_saving(objective, write, method, tmp_path) -> None:
    write(tmp_path / "base")
    kind = topics("a", "b")
    tuned, tokenizer, answers = learned(kind, tmp_path / "base", TOPICS, objective, method=method)
    assert kind.score(TOPICS, answers) == 1.0
    save(tuned.network, tmp_path / "adapter")
    again = load(kind.bare(load_model(tmp_path / "base", objective), tokenizer.pad_token_id), tmp_path / "adapter")
    texts = [item.text for item in TOPICS[:2]]
    before, after = (Predictor(kind, network, tokenizer, 32).probabilities(texts) for network in (tuned.network, again))
    assert np.allclose(np.stack(before), np.stack(after), atol=1e-2)


def test_the_same_training_in_two_places_gives_the_same_bytes(tmp_path) -> None:
    saved = []
    write_bert(tmp_path / "here" / "base")
    shutil.copytree(tmp_path / "here", tmp_path / "there" / "below")
    for place in (tmp_path / "here", tmp_path / "there" / "below"):
        tuned, _, _ = learned(topics("a", "b"), place / "base", TOPICS, epochs=1)
        save(tuned.network, place / "adapter")
        saved.append({path.name: path.read_bytes() for path in (place / "adapter").iterdir()})
    assert saved[0] == saved[1]
    modules = json.loads(saved[0]["adapter_config.json"])["target_modules"]
    assert len(modules) > 1 and modules == sorted(modules)


def test_several_labels_are_learned(tmp_path) -> None:
    kind = topics("a", "b", "c", multi_label=True)
    items = [Item("the red fox", (0,)), Item("a river", (1,)), Item("the red river", (0, 1)), Item("dogs", ())] * 6
    _, _, answers = learned(kind, write_bert(tmp_path), items, epochs=40)
    assert kind.score(items, answers) == 1.0


def test_pairs_are_learned(tmp_path) -> None:
    task = task_of("sentence_pairs")
    kind = type(kind_of(task, []))(task, ["no", "yes"])
    items = [Item("the red fox", (int(fox == "red"),), second=f"a {fox} fox") for fox in ("red", "green", "lazy")] * 6
    _, _, answers = learned(kind, write_bert(tmp_path), items, epochs=40)
    assert kind.score(items, answers) == 1.0


def test_words_are_learned_one_by_one(tmp_path) -> None:
    items = [Item("the fox looks", (0, 1, 0)), Item("a dog flies", (0, 1, 0))] * 8
    tuned, tokenizer, answers = learned(names_kind(), write_bert(tmp_path), items)
    assert names_kind().score(items, answers) == 1.0
    tables = Predictor(names_kind(), tuned.network, tokenizer, 32).probabilities(["the dog looks", "a fox"])
    assert [table.shape for table in tables] == [(3, 2), (2, 2)]


def test_entities_are_learned_on_the_tokens_of_the_file(tmp_path) -> None:
    rows = tagged("the/O red/B-LOC river/I-LOC ./O", "a/O quick-dog/B-PER 's/O school/O") * 8
    kind = kind_of(task_of("token_classification"), rows)
    items = items_of(kind, rows)
    _, _, answers = learned(kind, write_bert(tmp_path), items, epochs=30)
    assert len(answers[1]) == 4 and kind.score(items, answers) == 1.0


def test_lora_leaves_the_model_as_it_was_and_no_gradient_to_the_embeddings(tmp_path) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tuned = fine_tune(topics("a", "b"), model, tokenizer, TOPICS, [], SETTINGS, 1)
    trained = {name for name, parameter in tuned.network.named_parameters() if parameter.requires_grad}
    assert trained and all("lora_" in name or name.startswith("head.") for name in trained)
    without_adapter(tuned.network)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_the_same_seed_gives_the_same_answers(tmp_path) -> None:
    write_bert(tmp_path)
    kind, tables = topics("a", "b"), []
    for _ in range(2):
        tuned, tokenizer, _ = learned(kind, tmp_path, TOPICS)
        tables.append(Predictor(kind, tuned.network, tokenizer, 32).probabilities(["the dog"])[0])
    assert np.array_equal(*tables)


def test_the_point_that_is_best_on_dev_is_kept(tmp_path) -> None:
    """Training on wrong labels harms the start, which is right: the start is kept."""
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    kind = topics("a", "b")
    head = head_start(kind, model, tokenizer, TOPICS, SETTINGS)
    wrong = [Item(item.text, (1 - item.labels[0],)) for item in TOPICS]
    settings = SETTINGS.model_copy(update={"looks": 3})
    tuned = fine_tune(kind, model, tokenizer, wrong, TOPICS, settings, 1, head)
    assert tuned.chosen == 0 and tuned.looks[0] == (0, 1.0) and tuned.looks[-1][1] < 1
    assert [step for step, _ in tuned.looks] == [0, 10, 20, 30]
    assert kind.score(TOPICS, kind.predict(tuned.network, tokenizer, TOPICS, 32)) == 1.0


@pytest.mark.parametrize(("right", "chosen"), [([12, 14, 13], 3), ([12, 14, 2], 2), ([12, 2, 11], 3), ([14, 1, 2], 1)])
def test_an_earlier_point_is_kept_only_if_it_was_better_by_more_than_chance(right, chosen, tmp_path,
                                                                            monkeypatch) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    kind, dev = topics("a", "b"), [Item("the red fox", (0,))] * 20
    output = iter([[[1]] * 20, *([[int(row >= hits)] for row in range(20)] for hits in right)])
    monkeypatch.setattr(kind, "predict", lambda *_: next(output))
    settings = SETTINGS.model_copy(update={"looks": 3, "epochs": 1.2})
    tuned = fine_tune(kind, model, tokenizer, TOPICS * 2, dev, settings, 1)
    assert [step for step, _ in tuned.looks] == [0, 2, 3, 5] and tuned.chosen == [0, 2, 3, 5][chosen]


@pytest.mark.parametrize(("size", "chosen"), [(1, 3), (4, 3), (5, 2)])
def test_of_less_than_five_dev_items_none_decides(size, chosen, tmp_path, monkeypatch) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    kind = topics("a", "b")
    output = iter([[[label]] * size for label in (1, 0, 0, 1)])  # right in the middle, all wrong at the end
    monkeypatch.setattr(kind, "predict", lambda *_: next(output))
    settings = SETTINGS.model_copy(update={"looks": 3, "epochs": 1.2})
    tuned = fine_tune(kind, model, tokenizer, TOPICS * 2, [Item("the red fox", (0,))] * size, settings, 1)
    assert [step for step, _ in tuned.looks] == [0, 2, 3, 5] and tuned.chosen == [0, 2, 3, 5][chosen]


def test_looks_are_in_mixed_precision_and_what_is_scored_is_not(tmp_path, monkeypatch) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    kind, mixed = topics("a", "b"), []
    logits = kind.logits
    monkeypatch.setattr(kind, "logits", lambda *rest: mixed.append(torch.is_autocast_enabled("cpu")) or logits(*rest))
    tuned = fine_tune(kind, model, tokenizer, TOPICS, TOPICS, SETTINGS.model_copy(update={"looks": 1}), 1)
    assert mixed == [has_bf16()] * 2
    kind.predict(tuned.network, tokenizer, TOPICS, 32)
    assert mixed[2:] == [False]


def test_few_labels_get_more_epochs() -> None:
    settings = Lora(epochs=8, least_steps=200, batch_size=16)
    assert steps_of(settings, 50) == 200 and steps_of(settings, 6250) == 3125


def test_a_batch_holds_like_lengths_and_an_epoch_every_row() -> None:
    lengths = [int(length) for length in np.random.default_rng(0).integers(1, 60, 640)]
    batches = grouped(lengths, 16, np.random.default_rng(1))
    assert sorted(row for batch in batches for row in batch) == list(range(640))
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    assert padded < 1.2 * sum(lengths)


@pytest.mark.parametrize("write", [write_bert, write_llama])
def test_each_token_belongs_to_its_word(write, tmp_path) -> None:
    write(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    text = "the ng'ombe, looks (over) zzz"
    encoded = encode([text], tokenizer, 64, [word_spans(text)])[0]
    for index, word in enumerate(words(text)):
        pieces = [token for token, unit in zip(encoded.tokens, encoded.units, strict=True) if unit == index]
        spelled = tokenizer.decode(pieces).replace(" ", "").replace("##", "")
        assert spelled == word


def test_a_word_behind_the_cut_still_gets_an_answer(tmp_path) -> None:
    items = [Item("the fox looks", (0, 1, 0))] * 8
    tuned, tokenizer, _ = learned(names_kind(), write_bert(tmp_path), items)
    assert len(Predictor(names_kind(), tuned.network, tokenizer, 16).probabilities(["the fox " * 40])[0]) == 80


def test_a_long_text_is_cut_as_transformers_cuts_it(tmp_path) -> None:
    write_bert(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    text = "the fox looks over " * 10
    wanted = tokenizer(text, truncation=True, max_length=16)["input_ids"]
    pair = tokenizer("a dog", text, truncation=True, max_length=16)
    tokenizer.backend_tokenizer.no_truncation()
    assert encode([text], tokenizer, 16)[0].tokens == wanted
    joined = encode_pairs([("a dog", text)], tokenizer, 16)[0]
    assert joined.tokens == pair["input_ids"] and len(joined.units) == len(joined.types) == 16


def test_a_causal_model_reads_a_pair_as_two_lines(tmp_path) -> None:
    write_llama(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.decode(encode_pairs([("a dog", "the fox")], tokenizer, 32)[0].tokens) == "a dog\nthe fox"


def test_an_orphan_inside_tag_begins_an_entity() -> None:
    kind = kind_of(task_of("token_classification"), tagged("a/B-X b/I-X c/B-Y d/I-Y e/O"))
    numbers = {label: number for number, label in enumerate(kind.labels)}
    output = np.eye(5)[[numbers[label] for label in ("I-X", "I-X", "I-Y", "O", "I-X")]]
    assert [kind.labels[label] for label in kind.decoded(output)] == ["B-X", "I-X", "B-Y", "O", "B-X"]
    assert kind.decoded(output[:0]) == []


def test_b_tags_are_learned_only_where_an_entity_follows_one_of_its_type() -> None:
    kind = kind_of(task_of("token_classification"), tagged("a/B-X b/I-X c/B-X d/B-Y e/O f/B-Y"))
    labels = [kind.labels.index(tag) for tag in ("B-X", "I-X", "B-X", "B-Y", "O", "B-Y")]
    learned = kind.learned(labels)
    assert [kind.labels[label] for label in learned] == ["I-X", "I-X", "B-X", "I-Y", "O", "I-Y"]
    assert kind.repaired(learned) == labels
    assert names_kind().learned([0, 1, -100]) == [0, 1, -100]
