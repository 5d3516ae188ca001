"""Tiny random CLIP, SigLIP and ViT models in folders, and pictures of colored shapes with captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
    ViTConfig,
    ViTModel,
)

COLORS = ("red", "green", "blue", "black")
SHAPES = ("fox", "dog", "horse", "crow")
SIDE = 16
_LAYERS = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 2}
_VISION: dict[str, Any] = {**_LAYERS, "image_size": SIDE, "patch_size": 4}


def write_tower(folder: Path, family: str = "clip", seed: int = 1) -> Path:
    """A random model of ``family``: ``clip``, ``siglip`` or ``vit``; the first two with a tokenizer."""
    torch.manual_seed(seed)
    preprocessor: dict[str, Any] = {"do_resize": True, "do_normalize": True, "image_mean": [0.48, 0.46, 0.41],
                                    "image_std": [0.27, 0.26, 0.28], "resample": 3}
    if family == "vit":
        ViTModel(ViTConfig(**_VISION)).save_pretrained(folder)
    else:
        words = _write_words(folder)
        text = {**_LAYERS, "vocab_size": words, "max_position_embeddings": 16, "bos_token_id": 2, "eos_token_id": 3,
                "pad_token_id": 0}
        if family == "clip":
            CLIPModel(CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=24)).save_pretrained(folder)
        else:
            SiglipModel(SiglipConfig(text_config=text, vision_config=_VISION)).save_pretrained(folder)
    size = {"size": {"shortest_edge": SIDE}, "do_center_crop": True, "crop_size": {"height": SIDE, "width": SIDE}} if (
        family == "clip") else {"size": {"height": SIDE, "width": SIDE}}
    (folder / "preprocessor_config.json").write_text(json.dumps({**preprocessor, **size}), encoding="utf-8")
    return folder


def _write_words(folder: Path) -> int:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator([" ".join((*COLORS, *SHAPES, "the"))], trainers.WordLevelTrainer(
        special_tokens=["[PAD]", "[UNK]", "[BOS]", "[EOS]"], show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[BOS] $A [EOS]", special_tokens=[("[BOS]", 2), ("[EOS]", 3)])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", bos_token="[BOS]", eos_token="[EOS]",
                            unk_token="[UNK]", model_max_length=16).save_pretrained(folder)
    return int(tokenizer.get_vocab_size())


def write_pictures(folder: Path, each: int = 3) -> list[tuple[str, str]]:
    """Pictures of each color and shape below ``folder``; (caption, file)."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for color in COLORS:
        for shape in SHAPES:
            for number in range(each):
                name = f"{color}-{shape}-{number}.png"
                draw_picture(color, shape, number).save(folder / name)
                rows.append((f"the {color} {shape}", name))
    return rows


def draw_picture(color: str, shape: str, number: int = 0) -> Image.Image:
    """A picture of a shape; ``number`` moves it a little."""
    picture = Image.new("RGB", (24, 20), (250, 250, 250 - number))
    draw, box = ImageDraw.Draw(picture), (3 + number, 3, 19 + number, 16)
    {"fox": draw.ellipse, "dog": draw.rectangle, "horse": lambda box, fill: draw.polygon(
        [(box[0], box[3]), (box[2], box[3]), (box[0], box[1])], fill=fill), "crow": lambda box, fill: draw.line(
        [(box[0], box[1]), (box[2], box[3])], fill=fill, width=3)}[shape](box, fill=color)
    return picture
