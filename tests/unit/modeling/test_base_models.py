"""Base models as data: no code that a checkpoint brings along runs."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    LlamaConfig,
    LlamaForCausalLM,
    RobertaConfig,
    RobertaForMaskedLM,
)

from tests.families import write_family
from tests.family_shapes import FAMILIES, TOKENS
from tests.tiny import write_bert, write_llama
from vernacular.config.base import Base
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.modeling import base_files
from vernacular.modeling.base_files import fingerprint, locate
from vernacular.modeling.base_models import load_base, load_model, load_tokenizer, most_positions


class Trap:
    """What runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize(("objective", "token"), [
    ("masked", "mask_token"),
    ("masked", "pad_token"),
    ("causal", "eos_token")])
def test_a_tokenizer_that_lacks_a_token_is_refused_before_anything_is_trained(
        language_folder: Path, objective: str, token: str) -> None:
    folder = language_folder / "base"
    (write_bert if objective == "masked" else write_llama)(folder)
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    for name in (token, "pad_token") if objective == "causal" else (token,):
        settings.pop(name, None)
    path.write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        load_base(Base(path="base", licence="CC0-1.0"), objective, load_language(language_folder))  # type: ignore[call-arg]


def test_a_gguf_file_gives_weights_that_can_be_trained(tmp_path: Path) -> None:
    config = LlamaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                         num_key_value_heads=2, intermediate_size=64, max_position_embeddings=64)
    weights, path = LlamaForCausalLM(config).state_dict(), tmp_path / "base.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(64)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"t{index}" for index in range(64)])
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, 1)
    for name, weight in weights.items():
        writer.add_tensor(str(names.get_name(name, (".weight",))), weight.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model = load_model(path, "causal")
    assert torch.equal(model.get_input_embeddings().weight, weights["model.embed_tokens.weight"])
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_local_base_lies_in_the_language_folder_and_is_no_link(language_folder: Path, tmp_path: Path) -> None:
    base, path = Base(path="linked", licence="CC0-1.0"), language_folder / "language.yaml"  # type: ignore[call-arg]
    with pytest.raises(Problem, match="VN-SOURCE-MISSING"):
        locate(base, load_language(language_folder))
    write_bert(tmp_path / "elsewhere", head=True)
    language = load_language(language_folder)
    for target in (tmp_path / "elsewhere", language_folder / "text"):
        (language_folder / "linked").symlink_to(target)
        with pytest.raises(Problem, match=r"languages/qaa/linked: .*VN-FILE-KIND"):
            locate(base, language)
        (language_folder / "linked").unlink()
    shutil.copytree(tmp_path / "elsewhere", language_folder / "linked")
    load_base(base, "masked", language)
    (language_folder / "linked" / "more.json").symlink_to(tmp_path / "elsewhere" / "config.json")
    with pytest.raises(Problem, match=r"languages/qaa/linked/more.json: .*VN-FILE-KIND"):
        locate(base, language)
    shutil.rmtree(language_folder / "linked")
    written = path.read_text(encoding="utf-8")
    for place in (str(tmp_path / "elsewhere"), "../elsewhere"):
        path.write_text(written.replace("path: base", f"path: {place}"), encoding="utf-8")
        with pytest.raises(Problem, match="VN-CONFIG-PATH"):
            load_language(language_folder)


def test_an_encoder_is_no_causal_base_for_it_sees_what_it_is_to_predict(language_folder: Path) -> None:
    base = Base(path="base", licence="CC0-1.0")  # type: ignore[call-arg]
    write_bert(language_folder / "base", head=True)
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        load_base(base, "causal", load_language(language_folder))
    shutil.rmtree(language_folder / "base")
    write_llama(language_folder / "base")
    load_base(base, "causal", load_language(language_folder))


def test_how_long_a_text_may_be_hangs_on_the_table_of_positions(tmp_path: Path) -> None:
    assert most_positions(load_model(write_bert(tmp_path / "bert"), "masked")) == 64
    assert most_positions(load_model(write_llama(tmp_path / "llama"), "causal")) == math.inf
    roberta = RobertaForMaskedLM(RobertaConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
                                               intermediate_size=8, max_position_embeddings=514, pad_token_id=1))
    assert most_positions(roberta) == 512


def test_a_decoder_with_a_table_of_positions_reads_no_more(tmp_path: Path) -> None:
    for family in ("gpt2", "opt"):
        assert most_positions(load_model(write_family(family, tmp_path / family), "causal")) == 64
    assert most_positions(load_model(write_family("xglm", tmp_path / "xglm"), "causal")) == math.inf  # computed


@pytest.mark.parametrize("family", ["opt", "xglm", "bert"])
def test_a_model_in_training_computes_what_it_computes_else(family: str, tmp_path: Path) -> None:
    """OPT applies dropout without a module for it."""
    model, ids = load_model(write_family(family, tmp_path), FAMILIES[family]), torch.arange(5, 25)[None]
    with torch.no_grad():
        torch.testing.assert_close(model.train()(input_ids=ids).logits, model.eval()(input_ids=ids).logits)


def test_outputs_have_names_whatever_the_configuration_says(tmp_path: Path) -> None:
    config = write_family("bert", tmp_path) / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text(encoding="utf-8")), "return_dict": False}),
                      encoding="utf-8")
    with torch.no_grad():
        assert load_model(tmp_path, "masked")(input_ids=torch.arange(5, 25)[None]).logits.shape[-1] == TOKENS


def test_a_configuration_chooses_no_program_for_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU transformers would fetch it from the hub, or fail where its package is missing."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    config = write_family("llama", tmp_path) / "config.json"
    plain = config.read_text(encoding="utf-8")
    for asked in ("some/program", "flash_attention_2"):
        config.write_text(json.dumps({**json.loads(plain), "attn_implementation": asked}), encoding="utf-8")
        assert load_model(tmp_path, "causal").config._attn_implementation == "sdpa"


def test_an_encoder_with_a_decoder_is_refused(tmp_path: Path) -> None:
    model = BartForConditionalGeneration(BartConfig(
        vocab_size=9, d_model=8, encoder_layers=1, decoder_layers=1, encoder_attention_heads=1,
        decoder_attention_heads=1, encoder_ffn_dim=8, decoder_ffn_dim=8, max_position_embeddings=16,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2))
    model.save_pretrained(tmp_path)
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        load_model(tmp_path, "masked")


@pytest.mark.parametrize("name", ["", "..", "../base/model.safetensors", "nested"])
def test_an_index_that_names_no_file_of_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    (folder / "nested").mkdir()
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": name}}), encoding="utf-8")
    with pytest.raises(Problem, match="VN-MODEL-FILES"):
        load_model(folder, "masked")


def test_pickled_weights_are_read_beside_safetensors_of_another_program(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    wanted = load_model(folder, "masked").state_dict()
    torch.save(wanted, folder / "pytorch_model.bin")
    (folder / "model.safetensors").rename(folder / "consolidated.safetensors")
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in load_model(folder, "masked").state_dict().items())


def test_a_repository_with_gguf_beside_pickled_weights_gives_the_pickled_ones(
        language_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(_: str, *, allow_patterns: list[str], **more: object) -> str:
        for name in ("model.gguf", "pytorch_model.bin"):
            if any(fnmatch(name, pattern) for pattern in allow_patterns):
                (tmp_path / name).touch()
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    locate(Base(hub="some/model", revision="0" * 40, licence="MIT"), load_language(language_folder))
    assert (tmp_path / "pytorch_model.bin").is_file()


def test_a_pickle_that_runs_something_is_not_read(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    (folder / "model.safetensors").unlink()
    torch.save({"bert.embeddings.word_embeddings.weight": Trap(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(Problem, match="VN-MODEL-FILES"):
        load_model(folder, "masked")
    assert not (tmp_path / "ran").exists()


def test_pickled_tensors_are_read_whole_or_in_shards(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    wanted = load_model(folder, "masked").state_dict()
    weights = {name: tensor.clone() for name, tensor in wanted.items()}
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in load_model(folder, "masked").state_dict().items())
    (folder / "pytorch_model.bin").unlink()
    names = sorted(weights)
    parts = {"pytorch_model-00001-of-00002.bin": names[::2], "pytorch_model-00002-of-00002.bin": names[1::2]}
    for file, some in parts.items():
        torch.save({name: weights[name] for name in some}, folder / file)
    places = {name: file for file, some in parts.items() for name in some}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}),
                                                         encoding="utf-8")
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in load_model(folder, "masked").state_dict().items())


def test_code_in_the_folder_of_a_base_is_not_run(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    (folder / "own.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'ran')!r})\n", encoding="utf-8")
    for name, classes in (("config.json", {"AutoConfig": "own.Config", "AutoModelForMaskedLM": "own.Model"}),
                          ("tokenizer_config.json", {"AutoTokenizer": ["own.Slow", "own.Fast"]})):
        settings = json.loads((folder / name).read_text(encoding="utf-8"))
        (folder / name).write_text(json.dumps({**settings, "auto_map": classes}), encoding="utf-8")
    load_tokenizer(folder)
    load_model(folder, "masked")
    assert not (tmp_path / "ran").exists()


def test_weights_are_read_again_only_when_they_have_changed(language_folder: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    write_bert(language_folder / "base")
    language = load_language(language_folder)
    base = language.models["tiny"].base
    first = fingerprint(base, language)
    weights = language_folder / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    second = fingerprint(base, language)
    monkeypatch.setattr(base_files, "digest_of_files", lambda *files: pytest.fail("read again"))
    assert second == fingerprint(base, language) != first


@pytest.mark.parametrize("name", [
    "pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "model.safetensors.index.json", "adapter_model.bin",
    "own.py", "chat_template.jinja", "merges.txt", "spiece.model", "vocab.bpe", "tekken", "1_Pooling/config.json",
    ".hidden/x.bin", "additional_chat_templates/tool.jinja"])
def test_every_file_of_a_base_counts(language_folder: Path, name: str) -> None:
    write_bert(language_folder / "base")
    language = load_language(language_folder)
    base, path = language.models["tiny"].base, language_folder / "base" / name
    found = [fingerprint(base, language)]
    for text in ("one", "two"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        found.append(fingerprint(base, language))
    assert len(set(found)) == 3


@pytest.mark.parametrize(("name", "data"), [
    ("adapter_config.json", {"base_model_name_or_path": "elsewhere", "peft_type": "LORA"}),
    ("model.safetensors.index.json", {"weight_map": {"a": "../../elsewhere.safetensors"}}),
    ("model.safetensors.index.json", [])])
def test_weights_lie_in_the_folder_of_the_base(tmp_path: Path, name: str, data: object) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    (folder / name).write_text(json.dumps(data))
    with pytest.raises(Problem):
        load_model(folder, "masked")


def test_a_link_to_a_folder_in_a_base_is_refused(language_folder: Path, tmp_path: Path) -> None:
    (write_bert(language_folder / "base") / "1_Pooling").symlink_to(tmp_path)
    language = load_language(language_folder)
    with pytest.raises(Problem, match=r"1_Pooling.*VN-FILE-KIND"):
        fingerprint(language.models["tiny"].base, language)


def test_pickled_weights_beside_safetensors_are_not_read(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    torch.save({"x": Trap(tmp_path / "ran")}, folder / "pytorch_model.bin")
    load_model(folder, "masked")
    assert not (tmp_path / "ran").exists()


def test_a_full_disk_is_no_model_that_is_not_to_be_had(language_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fails)
    base = Base(hub="some/model", revision="0" * 40, licence="MIT")
    with pytest.raises(OSError, match="No space left"):
        locate(base, load_language(language_folder))


def split_at(pattern: str) -> Callable[[Any], None]:
    def change(tokenizer: Any) -> None:
        tokenizer["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
                                      "invert": False}

    return change


@pytest.mark.parametrize("change", [
    pytest.param(split_at("(a|a)+b"), id="a regex that panics on a long word"),
    pytest.param(split_at("(?:(?:a{1,1000}){1,1000}){1,1000}b"), id="nested repetition"),
    pytest.param(split_at("(a"), id="a regex that does not parse"),
    pytest.param(lambda j: j["post_processor"].update(special_tokens={}), id="a template without its tokens"),
    pytest.param(lambda j: j.update(pre_tokenizer={"type": "FixedLength", "length": 0}), id="pieces of no length"),
    pytest.param(lambda j: j.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "////"}),
                 id="a table of characters that panics when it is loaded"),
    pytest.param(lambda j: j["model"].update(unk_token="gone"), id="an unknown token that is not there"),
    pytest.param(lambda j: j.update(model={"type": "Unigram", "unk_id": None, "vocab": [["a", -1.0]]}),
                 id="no unknown token"),
    pytest.param(lambda j: j.update(model=[]), id="a model that is none")])
def test_a_tokenizer_that_fails_is_a_problem_of_its_folder_before_it_is_used(change: Callable[[Any], None],
                                                                            tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base")
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    change(tokenizer)
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        load_tokenizer(folder)
    assert caught.value.where == str(folder)


@pytest.mark.parametrize(("name", "data"), [
    ("config.json", b"[" * 100_000), ("config.json", b"[]"), ("config.json", b"\xff"), ("config.json", b"{}"),
    ("config.json", b'{"model_type": "bert", "hidden_size": -1}'), ("model.safetensors", b""),
    ("model.safetensors", b"\xff" * 64), ("model.safetensors", b"\x02\0\0\0\0\0\0\0{}")])
def test_a_damaged_model_is_a_problem_of_its_folder(name: str, data: bytes, tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base")
    (folder / name).write_bytes(data)
    with pytest.raises(Problem) as caught:
        load_model(folder, "masked")
    assert caught.value.where == str(folder)
