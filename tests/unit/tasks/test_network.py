"""Whose states a head reads, and that what is saved says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tiny import write_bert, write_llama
from tests.unit.tasks.made import kind_of, names_kind, task_of, topics
from vernacular.config.schema import Lora
from vernacular.models import load_model, load_tokenizer
from vernacular.tasks.finetune import fine_tune, head_start
from vernacular.tasks.kind import Item
from vernacular.tasks.network import HEAD, Network, encode, load, save
from vernacular.tasks.predictor import Predictor

SETTINGS = Lora(rank=4, alpha=8, epochs=15, least_steps=1, learning_rate=1e-2, max_length=32, batch_size=8, looks=0)
NAMES = [Item("the fox looks", (0, 1, 0)), Item("a dog flies", (0, 1, 0)), Item("the red crow", (0, 0, 1))] * 6
BASES = pytest.mark.parametrize(("objective", "write"), [("masked", write_bert), ("causal", write_llama)])


def test_items_that_are_not_read_to_their_end_are_counted(tmp_path: Path) -> None:
    write_bert(tmp_path)
    tokenizer, items = load_tokenizer(tmp_path), [Item("the fox"), Item("the red fox looks")]
    for kind in (topics("a", "b"), names_kind()):
        assert [kind.cut(items, tokenizer, longest) for longest in (3, 4, 6)] == [2, 1, 0]
    pairs = kind_of(task_of("sentence_retrieval"), [])
    assert pairs.cut([Item("the fox", second="the red fox looks")], tokenizer, 4) == 1


@BASES
def test_all_layers_count_alike_and_the_embeddings_are_none(objective: str, write: Any, tmp_path: Path) -> None:
    write(tmp_path)
    model, tokenizer = load_model(tmp_path, objective).eval(), load_tokenizer(tmp_path)
    batch = encode(["the red fox", "a dog"], tokenizer, 32)
    with torch.no_grad():
        found = {layers: Network(model.base_model, 32, 2, model, layers).token_states(batch, tokenizer.pad_token_id)
                 for layers in ("last", "all")}
        tokens = torch.tensor([batch[0].tokens])
        states = model.base_model(input_ids=tokens, output_hidden_states=True).hidden_states
    assert len(states) == 3 and torch.allclose(found["last"][:1, :tokens.shape[1]], states[-1], atol=1e-5)
    normal = [(one - one.mean(-1, keepdim=True)) / one.std(-1, correction=0, keepdim=True) for one in states[1:]]
    assert torch.allclose(found["all"][:1, :tokens.shape[1]], sum(normal) / 2, atol=3e-2)


@BASES
def test_words_are_learned_though_the_last_layer_tells_none_apart(objective: str, write: Any, tmp_path: Path) -> None:
    write(tmp_path)
    model, tokenizer = load_model(tmp_path, objective), load_tokenizer(tmp_path)
    end = model.base_model.encoder.layer[-1].output.LayerNorm if objective == "masked" else model.base_model.norm
    with torch.no_grad():
        end.weight.zero_()
    kind = names_kind()
    assert kind.layers == topics("a", "b").layers == "all"
    start = head_start(kind, model, tokenizer, NAMES, SETTINGS)
    network = fine_tune(kind, model, tokenizer, NAMES, [], SETTINGS, 1, start).network
    assert kind.score(NAMES, kind.predict(network, tokenizer, NAMES, 32)) == 1.0


@pytest.mark.parametrize("kind", [names_kind(), topics("a", "b")])
def test_what_is_saved_reads_the_same_layers_again(kind: Any, tmp_path: Path) -> None:
    model, tokenizer = load_model(write_bert(tmp_path / "base"), "masked"), load_tokenizer(tmp_path / "base")
    network = kind.network(model, SETTINGS, 1).eval()
    save(network, tmp_path / "adapter")

    def again() -> Network:
        return load(load_model(tmp_path / "base", "masked"), tmp_path / "adapter")

    ours, theirs = (Predictor(kind, one, tokenizer, 32).probabilities(["the dog looks"])[0] for one in
                    (network, again()))
    assert again().layers == kind.layers and np.allclose(ours, theirs, atol=1e-2)
    save_file(load_file(tmp_path / "adapter" / HEAD), tmp_path / "adapter" / HEAD)  # as heads were saved before
    assert again().layers == "last"
