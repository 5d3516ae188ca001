"""Pairs are learned on either kind of model; vectors do not depend on the batch; contrast and scores by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tiny import write_bert, write_llama
from vernacular.config.tasks import Task
from vernacular.config.training import Lora
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item, Row
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tasks.adapter_model import load, save
from vernacular.tasks.base import class_of
from vernacular.tasks.finetune import fine_tune
from vernacular.tasks.sentence_retrieval.kind import SentenceRetrieval, contrast, same_text

TASK = Task.model_validate({"kind": "sentence_retrieval", "data": {"kind": "files", "train": "t.tsv"}})
SETTINGS = Lora(rank=4, alpha=8, epochs=40, learning_rate=1e-2, max_length=32, batch_size=8, least_steps=1)
ITEMS = [Item("the red fox", second="over a river"), Item("a green market", second="jumps"),
         Item("the dog", second="looks and flies"), Item("every bird", second="sings")]


@pytest.mark.parametrize(("objective", "write"), [("masked", write_bert), ("causal", write_llama)])
def test_pairs_are_learned_and_survive_saving(objective, write, tmp_path):
    write(tmp_path / "base")
    tokenizer, kind = load_tokenizer(tmp_path / "base"), class_of(TASK)(TASK, [])
    model = load_model(tmp_path / "base", objective)
    before = kind.untrained(objective, model, tokenizer, [], ITEMS, 32, [1])["0_shot"][0]
    network = fine_tune(kind, model, tokenizer, ITEMS, [], SETTINGS, 1).network
    assert kind.predict(network, tokenizer, ITEMS, 32) == [[1, 1, row] for row in range(4)] != before
    save(network, tmp_path / "adapter")
    again = load(kind.bare(load_model(tmp_path / "base", objective), tokenizer.pad_token_id), tmp_path / "adapter")
    assert kind.predict(again, tokenizer, ITEMS, 32) == [[1, 1, row] for row in range(4)]


@pytest.mark.parametrize("csls", [False, True])
def test_ranks_do_not_depend_on_the_order(csls, tmp_path):
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    kind = SentenceRetrieval(TASK.model_copy(update={"csls": csls}), [])
    forwards, backwards = (kind.untrained("masked", model, tokenizer, [], items, 32, [1])["0_shot"][0]
                           for items in (ITEMS, ITEMS[::-1]))
    assert [ranks[:2] for ranks in backwards] == [ranks[:2] for ranks in forwards[::-1]]


def test_the_prefix_is_read(tmp_path):
    tokenizer = load_tokenizer(write_bert(tmp_path))
    plain, query = (SentenceRetrieval(TASK.model_copy(update={"prefix": prefix}), []).encode(
        ITEMS[:1], tokenizer, 32)[0] for prefix in ("", "a dog "))
    for texts in ((plain.tokens, query.tokens), (plain.target.tokens, query.target.tokens)):
        assert tokenizer.decode(texts[1], skip_special_tokens=True) == (
            f"a dog {tokenizer.decode(texts[0], skip_special_tokens=True)}")


def test_scores_by_hand():
    kind = SentenceRetrieval(TASK, [])
    assert kind.scores(ITEMS, [[1, 1], [2, 1], [4, 2], [1, 4]]) == {
        "accuracy_at_1": 0.5, "mrr": pytest.approx((1 + .5 + .25 + 1 + 1 + 1 + .5 + .25) / 8),
        "accuracy_at_1_from_source": 0.5, "accuracy_at_1_from_target": 0.5}


def test_floors_are_chance_and_spelling():
    items = [Item(f"number {number} here", second=f"nambala {number} apa") for number in range(100, 300)]
    floors = SentenceRetrieval(TASK, []).floors([], items, 1)
    kind = SentenceRetrieval(TASK, [])
    assert kind.score(items, floors["majority"]) < 0.05 and kind.score(items, floors["tfidf_characters"]) > 0.9


def test_contrast_by_hand():
    sources, targets = torch.eye(2), torch.eye(2)
    apart = torch.zeros((2, 2), dtype=torch.bool)
    assert float(contrast(sources, targets, apart)) < 1e-6
    assert float(contrast(sources, targets.flip(0), apart)) == pytest.approx(20, abs=1e-3)
    assert float(contrast(sources, targets.flip(0), ~torch.eye(2, dtype=torch.bool))) == 0  # no negative is left


def test_the_same_text_is_no_negative():
    pairs = [Item("a", second="x"), Item("a", second="y"), Item("b", second="z")]
    assert same_text(pairs).tolist() == [[False, True, False], [True, False, False], [False, False, False]]


def test_a_row_needs_both_sides():
    kind = SentenceRetrieval(TASK, [])
    assert kind.item(Row("t.tsv:1", {"source": " a ", "target": "b"})) == Item("a", document="t.tsv:1", second="b")
    with pytest.raises(Problem, match=r"t.tsv:2: .*VN-DATA-EMPTY"):
        kind.item(Row("t.tsv:2", {"source": "a", "target": " "}))
    assert np.allclose(kind.measures(np.zeros(5))["mrr"], 0)
