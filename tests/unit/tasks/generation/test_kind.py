"""Answers are learned and prompts are not; adapters give the same after loading; examples help a model that copies."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tests.tiny import write_llama
from vernacular.config.tasks import Task
from vernacular.config.training import Lora
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item, Row
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tasks.adapter_model import load, save, trainable
from vernacular.tasks.base import class_of
from vernacular.tasks.finetune import fine_tune
from vernacular.tasks.generation.kind import Generation
from vernacular.tasks.generation.verbalizers import classify

TASK = Task.model_validate({"kind": "generation", "data": {"kind": "files", "train": "t.tsv"}, "prompt": {
    "format": "English: {source}\nGerman: {target}", "shots": [0, 2], "longest_answer": 30}})
SETTINGS = Lora(rank=8, alpha=16, epochs=60, learning_rate=1e-2, max_length=48, batch_size=4, least_steps=160)
ITEMS = [Item("the fox", second="der Fuchs"), Item("the dog", second="der Hund"), Item("a river", second="ein Fluss"),
         Item("every bird", second="jeder Vogel")]
OTHERS = [Item("a market", second="ein Markt"), Item("the market", second="der Markt")]


@pytest.fixture
def loaded(tmp_path):
    write_llama(tmp_path / "base")
    return load_model(tmp_path / "base", "causal"), load_tokenizer(tmp_path / "base")


def test_it_learns_and_survives_saving(loaded, tmp_path):
    model, tokenizer = loaded
    kind = class_of(TASK)(TASK, [])
    network = fine_tune(kind, model, tokenizer, ITEMS, [], SETTINGS, 1).network
    found = kind.predict(network, tokenizer, ITEMS, 48)
    assert [answer["text"] for answer in found] == [item.second for item in ITEMS]
    base = load_model(tmp_path / "base", "causal")
    before = kind.untrained("causal", base, tokenizer, OTHERS, ITEMS, 48, [1])["0_shot"][0]
    given, guessed = kind.scores(ITEMS, found), kind.scores(ITEMS, before)
    assert given["chrf"] == 100 > guessed["chrf"] and given["minus_bits_per_byte"] > guessed["minus_bits_per_byte"]
    save(network, tmp_path / "adapter")
    again = load(kind.bare(load_model(tmp_path / "base", "causal"), tokenizer.pad_token_id), tmp_path / "adapter")
    assert [answer["text"] for answer in kind.predict(again, tokenizer, ITEMS, 48)] == [item.second for item in ITEMS]


def test_only_the_answer_is_learned(loaded):
    model, tokenizer = loaded
    kind = Generation(TASK, [])
    network = trainable(kind.bare(model, tokenizer.pad_token_id), SETTINGS, 1)
    encoded = kind.encode(ITEMS, tokenizer, 48)
    answers = [[token for token, unit in zip(item.tokens, item.units, strict=True) if unit == 0] for item in encoded]
    assert [tokenizer.decode(answer) for answer in answers] == [f" {item.second}\n" for item in ITEMS]
    with torch.no_grad():
        together = float(kind.loss(network, encoded, ITEMS, tokenizer.pad_token_id))
        alone = [float(kind.loss(network, [item], ITEMS, tokenizer.pad_token_id)) for item in encoded]
        scores = model(torch.tensor([encoded[0].tokens])).logits[0, -len(answers[0]) - 1:-1].log_softmax(-1)
    sizes = [len(answer) for answer in answers]
    assert together == pytest.approx(np.average(alone, weights=sizes), rel=1e-3)
    assert alone[0] == pytest.approx(-float(scores.gather(1, torch.tensor(answers[0])[:, None]).mean()), rel=1e-3)


def test_an_answer_ends_where_a_line_break_leaves_no_trace(tmp_path):
    """SentencePiece's usual normalisation, as in XGLM; learned answers end with the end of text."""
    words = {f"▁{word}" for item in ITEMS for word in f"English: German: {item.text} {item.second}".split()}
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *sorted(words)]
    raw = Tokenizer(models.Unigram([(piece, 0.0) for piece in pieces], unk_id=3))
    raw.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    names = {"bos_token": "<s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", **names)
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128, bos_token_id=0, eos_token_id=2, pad_token_id=1))
    kind = Generation(TASK, [])
    answers = [[token for token, unit in zip(item.tokens, item.units, strict=True) if unit == 0]
               for item in kind.encode(ITEMS, tokenizer, 64)]
    assert [tokenizer.decode(answer) for answer in answers] == [f"{item.second}</s>" for item in ITEMS]
    settings = SETTINGS.model_copy(update={"max_length": 64})
    network = fine_tune(kind, model, tokenizer, ITEMS, [], settings, 1).network
    found = kind.predict(network, tokenizer, ITEMS, 64)
    assert [answer["text"] for answer in found] == [item.second for item in ITEMS]
    with torch.no_grad():
        scores = network.whole(torch.tensor([kind.encode(ITEMS, tokenizer, 64)[0].tokens])).logits[0].log_softmax(-1)
    nats = -scores[-len(answers[0]) - 1:-1].gather(1, torch.tensor(answers[0])[:, None]).sum()
    assert found[0]["bits"] == pytest.approx(float(nats) / math.log(2), abs=0.05)
    with pytest.raises(Problem, match="VN-DATA-LABEL"):
        kind.encode(ITEMS, PreTrainedTokenizerFast(tokenizer_object=raw, **names), 64)


def test_what_is_too_long_is_cut(loaded):
    kind = Generation(TASK, [])
    for item in (Item("the fox " * 30, second="der"), Item("the", second="der Fuchs " * 30),
                 Item("the fox " * 30, second="der Fuchs " * 30)):
        encoded = kind.encode([item], loaded[1], 48)[0]
        assert len(encoded.tokens) == len(encoded.units) == 48
        assert 3 <= sum(unit == 0 for unit in encoded.units) <= 45


def test_none_and_a_few_examples_are_scored_without_training(loaded):
    kind = Generation(TASK, [])
    found = kind.untrained("causal", *loaded, OTHERS, ITEMS, 48, [1, 2])
    assert {name: [len(answers) for answers in each] for name, each in found.items()} == {
        "0_shot": [4], "2_shot": [4, 4]}
    assert found["0_shot"][0] != found["2_shot"][0]
    with pytest.raises(Problem, match="VN-DATA-SPLIT"):
        kind.untrained("causal", *loaded, ITEMS, ITEMS, 48, [1])  # each is scored: none may be shown


def test_floors_and_scores_by_hand():
    kind = Generation(TASK, [])
    floors = kind.floors([*OTHERS, Item("the fair", second="der Markt")], ITEMS, 1)
    assert [answer["text"] for answer in floors["majority"]] == ["der Markt"] * 4
    assert [answer["text"] for answer in floors["copy"]] == [item.text for item in ITEMS]
    assert floors["nearest"][2]["text"] == "ein Markt"
    assert kind.scores(ITEMS, floors["copy"])["minus_bits_per_byte"] == -8
    assert kind.scores(ITEMS, [{"text": item.second, "bits": 8.0} for item in ITEMS])["minus_bits_per_byte"] == (
        pytest.approx(-4 * 8 / sum(len(f" {item.second}\n") for item in ITEMS)))


def test_an_item_is_one_line():
    found = Generation(TASK, []).item(Row("t.tsv:1", {"source": "a\nb", "target": " c  d "}))
    assert (found.text, found.second) == ("a b", "c d")


def test_label_words_are_chosen_by_their_likelihood(loaded, tmp_path):
    """A model that learned to write one of two words after a text chooses it, not the label's name."""
    model, tokenizer = loaded
    train = [Item("the river", second="fox"), Item("the market", second="fox"), Item("a bird", second="dog"),
             Item("a green bird", second="dog")]
    network = fine_tune(Generation(TASK, []), model, tokenizer, train, [], SETTINGS, 1).network
    prompting = TASK.prompt.model_copy(update={"label_words": {"place": "fox", "animal": "dog"}})
    labelled = [Item(item.text, (int(item.second == "dog"),)) for item in train]
    assert classify(network.whole, tokenizer, prompting, ["place", "animal"], [], labelled, 0, 1) == [
        list(item.labels) for item in labelled]
