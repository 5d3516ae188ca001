"""What is exported gives the answers of the release, in a process without torch, transformers and Vernacular."""

from __future__ import annotations

import json
import runpy
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch

from tests.unit.conversion.parts import decoder_part, exported, part_of_shape
from vernacular.conversion.formats import Format, Precision
from vernacular.conversion.gate import check_agreement
from vernacular.modeling.base_models import load_model, load_tokenizer


@pytest.mark.parametrize("shape", ["names", "entities", "tags", "text", "many", "pairs", "search"])
def test_in_float32_the_answers_are_the_same(tmp_path: Path, shape: str) -> None:
    part = part_of_shape(tmp_path, shape)
    agreement = exported(part, Format.ONNX, Precision.FP32, tmp_path / "exported")
    assert agreement.same == 1.0 and agreement.score == agreement.score_before
    check_agreement(agreement, Precision.FP32, shape)


@pytest.mark.parametrize("shape", ["names", "search"])
def test_linear_layers_and_rows_are_int8_but_the_head_is_not(tmp_path: Path, shape: str) -> None:
    part = part_of_shape(tmp_path, shape)
    for precision in (Precision.FP32, Precision.INT8):
        exported(part, Format.ONNX, precision, tmp_path / precision.value)
    graph = onnx.load(tmp_path / "int8" / "model.onnx").graph
    assert sum(node.op_type == "MatMulNBits" for node in graph.node) == 2 * 6  # of two blocks
    sizes = {one.name: one.data_type for one in graph.initializer if one.name.endswith((".rows", "classifier.bias"))}
    assert sorted(sizes.values()) == [onnx.TensorProto.FLOAT, onnx.TensorProto.INT8][shape == "search":]
    models = [runpy.run_path(str(tmp_path / one / "model.py"))["Model"](tmp_path / one, 1) for one in ("fp32", "int8")]
    for item in part.items:  # not who is nearest: of five random texts, cosines differ by less than int8 changes them
        exact, rounded = (numbers(model.answer(item.text)) for model in models)
        assert rounded == pytest.approx(exact, abs=0.03)


def numbers(answer: list[Any]) -> list[float]:
    """Elements of an embedding, or the probability of each word's label."""
    return [one[2] if isinstance(one, list) else one for one in answer]


def test_a_decoder_in_ctranslate2_continues_as_before(tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    part = decoder_part(tmp_path)
    agreement = exported(part, Format.CTRANSLATE2, Precision.FP32, tmp_path / "exported")
    tokenizer, model = load_tokenizer(part.folder), load_model(part.folder, "causal")
    model_py = runpy.run_path(str(tmp_path / "exported" / "model.py"))["Model"](tmp_path / "exported", 1)
    for item in part.items:
        ids = tokenizer(item.text, return_tensors="pt")
        with torch.inference_mode():
            likeliest = model(**ids).logits[0, :-1].argmax(-1).tolist()
            out = model.generate(**ids, max_new_tokens=8, do_sample=False, pad_token_id=0)[0]
        assert model_py.likeliest(item.text) == likeliest
        assert model_py.answer(item.text, most=8) == tokenizer.decode(out[ids["input_ids"].shape[1]:])
    assert agreement.metric == "next_token_accuracy" and agreement.items == len(part.items)


def test_the_server_answers_as_the_model(tmp_path: Path) -> None:
    folder, part = tmp_path / "exported", part_of_shape(tmp_path, "text")
    exported(part, Format.ONNX, Precision.FP32, folder)
    server = subprocess.Popen([sys.executable, "-P", "-c", _BARE, str(folder / "serve.py")], stdout=subprocess.PIPE,
                              text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        found = [post(address, json.dumps({"text": item.text})) for item in part.items]
        assert [[part.kind.labels.index(next(iter(answer)))] for answer in found] == part.scored
        assert all(abs(sum(answer.values()) - 1) < 1e-5 for answer in found)
        for body, headers, status in (("[]", {}, 400), ("{", {}, 400), ("{}", {}, 400), ("[" * 9999, {}, 400),
                                      ("{}", {"Host": "example.org"}, 403), (" " * 200_000, {}, 413)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                post(address, body, headers)
            assert refused.value.code == status
    finally:
        server.terminate()
        assert server.wait(60) == -signal.SIGTERM


def post(address: str, body: str, headers: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(address, body.encode(), headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


# Runs a program as on a machine that has none of these.
_BARE = """
import runpy, sys
from pathlib import Path
for name in ("torch", "transformers", "vernacular", "onnx"):
    sys.modules[name] = None
path = sys.argv[1]
sys.path.insert(0, str(Path(path).parent))
sys.argv = [path, "0"]
runpy.run_path(path, run_name="__main__")
"""
