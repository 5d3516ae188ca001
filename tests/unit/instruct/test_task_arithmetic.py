"""The difference is added by token: ids that differ, tied embeddings, shards; what does not fit is refused."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaForCausalLM

from tests.tiny import write_instruct, write_llama
from tests.unit.instruct.adapted import NEW, write_adapted
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.instruct.chat_tokenizer import check_siblings, join, match_rows
from vernacular.instruct.checkpoint import Checkpoint, in_safetensors
from vernacular.instruct.task_arithmetic import Three, check_same_shape, tables_in, write_settings, write_sum
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.chat import end_of_turn, format_tokens, replies


def combine(places: dict[str, Path], scale: float, out: Path, shard_bytes: int = 10**9) -> Any:
    """Write the sum into ``out``; the joined tokenizer."""
    tokenizers = {name: load_tokenizer(path) for name, path in places.items()}
    check_siblings(tokenizers["base"], tokenizers["instruct"], "here")
    own = tokenizers["adapted"].get_vocab()
    joined = join(load_tokenizer(places["adapted"]), tokenizers["instruct"], "here")
    with ExitStack() as stack:
        adapted, base, instruct = (stack.enter_context(Checkpoint(places[name]))
                                   for name in ("adapted", "base", "instruct"))
        three, tables = Three(adapted, base, instruct), tables_in(
            LlamaForCausalLM.from_pretrained(places["adapted"]).config) & adapted.shapes.keys()
        check_same_shape(three, tables, "here")
        rows = match_rows(joined, own, tokenizers["base"].get_vocab(), tokenizers["instruct"],
                          adapted.shapes["model.embed_tokens.weight"][0])
        write_sum(three, tables, rows, scale, out, shard_bytes)
    write_settings(places["instruct"], joined, rows, {}, "float32", out)
    return joined


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    return made(tmp_path, tied=True)


def made(tmp_path: Path, tied: bool, **instruct: Any) -> dict[str, Path]:
    base = write_llama(tmp_path / "base", turns=True, tied=tied)
    return {"base": base, "adapted": write_adapted(base, tmp_path / "adapted"),
            "instruct": write_instruct(base, tmp_path / "instruct", **instruct)}


@pytest.mark.parametrize("tied", [True, False])
def test_the_difference_is_added_and_new_rows_are_the_adapted_models(tmp_path: Path, tied: bool) -> None:
    places = made(tmp_path, tied)
    combine(places, 0.5, tmp_path / "out")
    models = {name: load_model(path, "causal").state_dict() for name, path in places.items()}
    found = load_model(tmp_path / "out", "causal")
    assert found.config.tie_word_embeddings == tied
    layer = "model.layers.1.mlp.up_proj.weight"
    expected = models["instruct"][layer] + 0.5 * (models["adapted"][layer] - models["base"][layer])
    assert torch.allclose(found.state_dict()[layer], expected, atol=1e-6)
    size = len(models["base"]["model.embed_tokens.weight"])
    for table in ("model.embed_tokens.weight", "lm_head.weight"):
        rows = found.state_dict()[table]
        assert torch.equal(rows[size:], models["adapted"][table][size:]) and len(rows) == size + NEW
        word = load_tokenizer(places["base"]).get_vocab()["e"]
        adapted, before, instruct = (models[name][table][word] for name in ("adapted", "base", "instruct"))
        expected = instruct + 0.5 * (adapted - before)
        assert torch.allclose(rows[word], expected, atol=1e-6)
        over = load_tokenizer(places["base"]).get_vocab()["<|over|>"]  # of the chat format: its own row
        assert torch.equal(rows[over], models["instruct"][table][over])


def test_without_a_difference_it_is_the_instruct_model(tmp_path: Path, places: dict[str, Path]) -> None:
    combine({**places, "adapted": places["base"]}, 1.0, tmp_path / "out")
    found, before = load_model(tmp_path / "out", "causal"), load_model(places["instruct"], "causal")
    assert all(torch.equal(one, before.state_dict()[name]) for name, one in found.state_dict().items())
    assert found.generation_config.eos_token_id == before.generation_config.eos_token_id
    asked = [[{"role": "user", "content": "the red fox"}], [{"role": "user", "content": "a"}]]
    both = [list(replies(model, load_tokenizer(path), asked, "here", most=8))
            for model, path in ((found, tmp_path / "out"), (before, places["instruct"]))]
    assert both[0] == both[1]


def test_shards_hold_the_same_weights(tmp_path: Path, places: dict[str, Path]) -> None:
    combine(places, 0.7, tmp_path / "one")
    combine(places, 0.7, tmp_path / "many", shard_bytes=20_000)
    assert len([*(tmp_path / "many").glob("model-*.safetensors")]) > 2
    one, many = (load_model(tmp_path / name, "causal").state_dict() for name in ("one", "many"))
    assert one.keys() == many.keys() and all(torch.equal(one[name], many[name]) for name in one)


def test_tokens_that_only_the_instruct_model_has_get_its_rows(tmp_path: Path) -> None:
    base = write_llama(tmp_path / "base")
    template = ("{% for message in messages %}<|ask|>{{ message['content'] }}<|done|>{% endfor %}"
                "{% if add_generation_prompt %}<|ask|>{% endif %}")
    places = {"base": base, "adapted": write_adapted(base, tmp_path / "adapted"), "instruct": write_instruct(
        base, tmp_path / "instruct", template, added=("<|ask|>", "<|done|>"))}
    joined = combine(places, 1.0, tmp_path / "out")
    before, after = load_tokenizer(places["instruct"]), load_tokenizer(tmp_path / "out")
    assert format_tokens(before, "") == format_tokens(after, "") and len(joined) == len(before) + NEW
    ids = [tokenizer.get_vocab()["<|done|>"] for tokenizer in (before, after)]
    assert ids[1] == ids[0] + NEW and end_of_turn(after, "") == ids[1]
    rows = [load_model(path, "causal").get_input_embeddings().weight for path in (places["instruct"], tmp_path / "out")]
    assert torch.equal(rows[0][ids[0]], rows[1][ids[1]])
    new = [index for piece, index in load_tokenizer(places["adapted"]).get_vocab().items()
           if index >= len(load_tokenizer(base))]
    assert torch.equal(rows[1][new], load_model(places["adapted"], "causal").get_input_embeddings().weight[new])


@pytest.mark.parametrize("changed", ["hidden", "layers", "tied"])
def test_another_architecture_is_refused(tmp_path: Path, places: dict[str, Path], changed: str) -> None:
    model = LlamaForCausalLM.from_pretrained(places["instruct"])
    more = {"hidden": {"intermediate_size": 80}, "layers": {"num_hidden_layers": 3}, "tied": {
        "tie_word_embeddings": False}}[changed]
    LlamaForCausalLM(type(model.config)(**{**model.config.to_dict(), **more})).save_pretrained(places["instruct"])
    with pytest.raises(Problem) as refused:
        combine(places, 1.0, tmp_path / "out")
    assert refused.value.code == Code.MODEL_SIBLING


def test_another_tokenizer_is_refused(tmp_path: Path, places: dict[str, Path]) -> None:
    write_llama(tmp_path / "other")  # without the tokens of turns, so that ids differ
    with pytest.raises(Problem) as refused:
        combine({**places, "instruct": write_instruct(tmp_path / "other", tmp_path / "sibling")}, 1.0, tmp_path / "out")
    assert refused.value.code == Code.MODEL_SIBLING


@pytest.mark.parametrize("template", [None, "{% for message in messages %}{{ message['content'] }}{% endfor %}",
                                      "{{ raise_exception('no') }}", "x" * 300_000])
def test_a_model_without_a_usable_chat_format_is_refused(tmp_path: Path, template: str | None) -> None:
    base = write_llama(tmp_path / "base", turns=True)
    instruct = load_tokenizer(write_instruct(base, tmp_path / "instruct", template))
    with pytest.raises(Problem) as refused:
        join(load_tokenizer(base), instruct, "here")
    assert refused.value.code == Code.MODEL_KIND


def test_weights_in_another_format_are_converted_once(tmp_path: Path, places: dict[str, Path]) -> None:
    with Checkpoint(places["base"]) as base:
        names = {*base.shapes}
    assert in_safetensors(places["base"], names, tmp_path / "made") == places["base"]
    weights = LlamaForCausalLM.from_pretrained(places["base"]).state_dict()
    (places["base"] / "model.safetensors").unlink()
    torch.save(weights, places["base"] / "pytorch_model.bin")
    assert in_safetensors(places["base"], names, tmp_path / "made") == tmp_path / "made"
    with Checkpoint(tmp_path / "made") as found:
        assert found.shapes.keys() == names
        assert torch.equal(found.read("model.norm.weight"), weights["model.norm.weight"])
