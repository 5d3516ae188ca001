"""Models of pictures and texts give the vectors that transformers gives, in any batch, and load again when saved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from tests.tiny import write_bert
from tests.tiny_pictures import COLORS, SHAPES, SIDE, draw_picture, write_tower
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.picture_towers import PREPROCESSOR, load_tower_folder

PIXELS = [np.asarray(draw_picture(color, shape).resize((SIDE, SIDE)), np.uint8) for color in COLORS for shape in SHAPES]


@pytest.mark.parametrize("family", ["clip", "siglip", "vit"])
def test_pictures_have_the_vectors_of_transformers(family: str, tmp_path: Path) -> None:
    tower = load_tower_folder(write_tower(tmp_path / "tower", family))
    found = tower.embed(PIXELS)
    model = AutoModel.from_pretrained(tmp_path / "tower").eval()
    mean, std = (np.array(values, np.float32) for values in ([0.48, 0.46, 0.41], [0.27, 0.26, 0.28]))
    pixels = torch.from_numpy(((np.stack(PIXELS) / 255 - mean) / std).transpose(0, 3, 1, 2).astype(np.float32))
    with torch.no_grad():
        theirs = model(pixel_values=pixels) if family == "vit" else model.get_image_features(pixel_values=pixels)
    rows = getattr(theirs, "pooler_output", theirs)
    assert np.allclose(found, torch.nn.functional.normalize(rows, dim=-1), atol=1e-5)
    assert found.shape == (16, tower.width) and np.allclose(tower.embed(PIXELS[3:5]), found[3:5], atol=1e-5)
    assert len({tuple(np.round(row, 4)) for row in found}) == 16
    (tmp_path / "saved").mkdir()
    tower.save(tmp_path / "saved")
    assert np.array_equal(load_tower_folder(tmp_path / "saved").embed(PIXELS), found)


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_texts_have_the_vectors_of_transformers_in_any_batch(family: str, tmp_path: Path) -> None:
    tower = load_tower_folder(write_tower(tmp_path, family))
    texts = ["the red fox", "dog", "the the the green crow"]
    found = tower.embed_texts(texts)
    model, tokenizer = AutoModel.from_pretrained(tmp_path).eval(), AutoTokenizer.from_pretrained(tmp_path)
    for text, row in zip(texts, found, strict=True):
        how = {"padding": "max_length", "max_length": 16} if family == "siglip" else {}
        with torch.no_grad():
            theirs = model.get_text_features(input_ids=tokenizer(text, return_tensors="pt", **how)["input_ids"])
        theirs = getattr(theirs, "pooler_output", theirs)[0]
        assert torch.allclose(row, torch.nn.functional.normalize(theirs, dim=-1), atol=1e-5)
    assert tower.embed(PIXELS).shape[1] == found.shape[1]


def test_what_is_no_model_of_pictures_is_refused(tmp_path: Path) -> None:
    for name, spoil, code in (
            ("text", None, Code.MODEL_KIND),
            ("settings", lambda folder: (folder / PREPROCESSOR).unlink(), Code.MODEL_FILES),
            ("size", lambda folder: (folder / PREPROCESSOR).write_text(json.dumps(
                {"size": {"height": 99_999, "width": 9}})), Code.MODEL_KIND),
            ("weights", lambda folder: (folder / "model.safetensors").write_bytes(b"no"), Code.MODEL_FILES)):
        folder = write_bert(tmp_path / name) if spoil is None else write_tower(tmp_path / name)
        if spoil is not None:
            spoil(folder)
        with pytest.raises(Problem) as caught:
            load_tower_folder(folder)
        assert caught.value.code == code or name == "weights", name
    with pytest.raises(Problem) as caught:
        load_tower_folder(write_tower(tmp_path / "vit", "vit")).embed_texts(["a"])
    assert caught.value.code == Code.MODEL_KIND
