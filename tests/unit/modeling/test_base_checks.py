"""Checkpoints that do not fit together, and families that do something unexpected: each is refused in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    CTRLConfig,
    CTRLLMHeadModel,
    Gemma4Config,
    Gemma4ForConditionalGeneration,
    MoshiConfig,
    MoshiForCausalLM,
)

from tests.families import batch_of, plan_of, write_family
from tests.family_shapes import CAUSAL, FAMILIES
from tests.tiny import write_bert, write_llama
from vernacular.config.base import Base
from vernacular.config.load import load_language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_checks import looks_ahead
from vernacular.modeling.base_models import load_base, load_model
from vernacular.modeling.objectives import check_reading

WRITERS = {"masked": write_bert, "causal": write_llama}


def configured(**changes: object) -> Callable[[Path], None]:
    """Change config.json; None removes a setting."""
    def change(folder: Path) -> None:
        path = folder / "config.json"
        settings = {**json.loads(path.read_text(encoding="utf-8")), **changes}
        path.write_text(json.dumps({name: value for name, value in settings.items() if value is not None}),
                        encoding="utf-8")
    return change


def weighted(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    """Change the weights."""
    def rewrite(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return rewrite


def without_numbers(weights: dict[str, torch.Tensor]) -> None:
    weights[max(weights)].view(-1)[0] = float("nan")


def narrower(weights: dict[str, torch.Tensor]) -> None:
    name = max(name for name in weights if weights[name].ndim == 2)
    weights[name] = weights[name][:, 1:].clone()


def without_tokenizer(folder: Path) -> None:
    for path in folder.glob("*token*"):
        path.unlink()


def with_tokens(added: bool) -> Callable[[Path], None]:
    """One more token without a row: added for images, or among those of texts."""
    def change(folder: Path) -> None:
        path = folder / "tokenizer.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        vocabulary = data["model"]["vocab"]
        one = {"id": max(vocabulary.values()) + 1, "content": "<image>", "single_word": False, "lstrip": False,
               "rstrip": False, "normalized": False, "special": True}
        if added:
            data["added_tokens"].append(one)
        else:
            vocabulary["image"] = one["id"]
        path.write_text(json.dumps(data), encoding="utf-8")
    return change


def marked(**changes: object) -> Callable[[Path], None]:
    """Change tokenizer_config.json."""
    def change(folder: Path) -> None:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    return change


def half_a_checkpoint(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    save_file(weights, folder / "model-00001-of-00002.safetensors", metadata={"format": "pt"})
    places = dict.fromkeys(weights, "model-00001-of-00002.safetensors") | {
        max(weights): "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}),
                                                         encoding="utf-8")


def load(language_folder: Path, objective: str, change: Callable[[Path], None]) -> Any:
    change(WRITERS[objective](language_folder / "base", **({"head": True} if objective == "masked" else {})))
    base = Base(path="base", licence="CC0-1.0")  # type: ignore[call-arg]
    return load_base(base, objective, load_language(language_folder))


@pytest.mark.parametrize("objective", WRITERS)
@pytest.mark.parametrize(("change", "code"), [
    pytest.param(configured(vocab_size=None), Code.MODEL_FILES, id="no vocab_size"),
    pytest.param(configured(vocab_size=-1), Code.MODEL_FILES, id="rows below zero"),
    pytest.param(configured(num_hidden_layers=4), Code.MODEL_FILES, id="layers without weights"),
    pytest.param(configured(model_type="novel"), Code.MODEL_KIND, id="unknown family"),
    pytest.param(configured(model_type="novel", auto_map={"AutoConfig": "own.Config"}), Code.MODEL_KIND, id="own code"),
    pytest.param(configured(model_type="vit"), Code.MODEL_KIND, id="a model of images"),
    pytest.param(configured(model_type="whisper"), Code.MODEL_KIND, id="an encoder with a decoder"),
    pytest.param(weighted(without_numbers), Code.MODEL_FILES, id="NaN"),
    pytest.param(weighted(narrower), Code.MODEL_FILES, id="another shape"),
    pytest.param(weighted(dict.clear), Code.MODEL_FILES, id="no weights"),
    pytest.param(half_a_checkpoint, Code.MODEL_FILES, id="a shard is missing"),
    pytest.param(without_tokenizer, Code.MODEL_FILES, id="no tokenizer"),
    pytest.param(with_tokens(added=False), Code.MODEL_FILES, id="a token without a row"),
    pytest.param(marked(pad_token="<nowhere>"), Code.MODEL_FILES, id="padding without a row")])
def test_what_does_not_fit_together_is_refused(
        language_folder: Path, objective: str, change: Callable[[Path], None], code: str) -> None:
    with pytest.raises(Problem) as found:
        load(language_folder, objective, change)
    assert found.value.code == code


@pytest.mark.parametrize(("objective", "change"), [
    ("masked", with_tokens(added=True)), ("causal", with_tokens(added=True)),
    ("causal", marked(mask_token="<nowhere>")), ("causal", marked(unk_token="<nowhere>"))])
def test_a_token_that_is_never_read_needs_no_row(
        language_folder: Path, objective: str, change: Callable[[Path], None]) -> None:
    load(language_folder, objective, change)


def test_a_quantized_checkpoint_is_refused(language_folder: Path) -> None:
    pytest.importorskip("bitsandbytes")
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        load(language_folder, "causal", configured(quantization_config={"quant_method": "bitsandbytes",
                                                                        "load_in_4bit": True}))


def test_tables_of_different_sizes_are_refused(tmp_path: Path) -> None:
    config = MoshiConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                         num_key_value_heads=2, ffn_dim=64, max_position_embeddings=64)
    MoshiForCausalLM(config).save_pretrained(tmp_path)
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        load_model(tmp_path, "causal")


def test_composites_with_ids_of_images_and_scaled_tables_are_decoders() -> None:
    text = {**CAUSAL["gemma4_text"], "num_hidden_layers": 2}
    gemma = Gemma4ForConditionalGeneration(Gemma4Config(text_config=text, vision_config=None, audio_config=None))
    ctrl = CTRLLMHeadModel(CTRLConfig(vocab_size=64, n_embd=16, dff=16, n_layer=1, n_head=2))
    assert not looks_ahead(gemma.eval()) and not looks_ahead(ctrl.eval())


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_a_family_that_fails_only_in_training_is_refused_before_it(family: str, tmp_path: Path) -> None:
    model = load_model(write_family(family, tmp_path), FAMILIES[family])

    def fail(module: Any, inputs: Any, outputs: Any) -> None:
        if module.training:
            raise ZeroDivisionError
    hook = model.base_model.register_forward_hook(fail)
    batch = batch_of(0, plan_of(FAMILIES[family]))
    with pytest.raises(Problem) as found:
        check_reading(model, batch)
    assert found.value.code == Code.MODEL_KIND
    assert family in found.value.what and "ZeroDivisionError" in found.value.what
    hook.remove()
    check_reading(model, batch)
    assert not model.training and all(parameter.grad is None for parameter in model.parameters())


def test_the_check_reads_a_text_once(tmp_path: Path) -> None:
    """Reading with eight billion weights in NF4 takes a processor a minute."""
    model, read = load_model(write_llama(tmp_path), "causal"), []
    model.base_model.register_forward_hook(lambda *_: read.append(1))
    assert not looks_ahead(model) and len(read) == 1


def test_a_model_that_keeps_its_last_state_can_be_copied_after_the_check(tmp_path: Path) -> None:
    model = load_model(write_family("recurrent_gemma", tmp_path), "causal")
    assert not looks_ahead(model)
    copy.deepcopy(model)
