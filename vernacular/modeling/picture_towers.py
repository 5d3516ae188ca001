"""Models that turn pictures into vectors, and CLIP and SigLIP, which give texts vectors in the same space.

All vectors have length 1. The models are not trained here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from vernacular.config.base import Base
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.datasets.pictures import Size
from vernacular.modeling.base_checks import plain_config
from vernacular.modeling.base_files import check_weights, family_of, locate
from vernacular.modeling.base_models import quiet
from vernacular.modeling.device import device_of, float32

PREPROCESSOR = "preprocessor_config.json"
WITH_TEXTS = ("clip", "siglip")  # families with a text tower
_PADDED_TO = {"siglip": 64}  # tokens; SigLIP was trained on texts padded to this length, without a mask
_AT_ONCE = 32
_LARGEST = 1024  # pixels of a side that a model may ask for


class PictureTower:
    """A pretrained model of pictures, frozen.

    Attributes:
        folder: where its files are.
        size: to which pictures are brought before ``embed``.
        width: of the vectors.
    """

    def __init__(self, folder: Path, model: Any) -> None:
        self.folder, self._model, self.family = folder, model, str(model.config.model_type)
        settings = _settings(folder)
        self.size = _size_of(settings, folder)
        self._mean, self._std = (np.array(settings.get(key, [0.5] * 3), np.float32) for key in (
            "image_mean", "image_std"))
        self._scale = float(settings.get("rescale_factor", 1 / 255))
        blank = np.zeros((1, self.size.height, self.size.width, 3), np.uint8)
        with faults_as_problems("the picture model", str(folder)):
            self.width = self.embed(blank).shape[1]

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return device_of(self._model)

    def embed(self, pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each picture: (pictures, width).

        ``pictures``: each (height, width, 3) of ``size``.
        """
        rows, rest = [], iter(pictures)
        while batch := list(islice(rest, _AT_ONCE)):
            pixels = (np.stack(batch).astype(np.float32) * self._scale - self._mean) / self._std
            tensor = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).to(device_of(self._model))
            rows.append(self.embed_pixels(tensor).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, self.width), np.float32)

    def embed_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return vectors of length 1 of ``pixels``, as the model reads them: (pictures, 3, height, width)."""
        with float32(pixels.device):
            return normalize(self._of_pictures(pixels), dim=-1)

    def _of_pictures(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.family in WITH_TEXTS:
            return _tensor(self._model.get_image_features(pixel_values=pixels))
        found = self._model(pixel_values=pixels)
        pooled = getattr(found, "pooler_output", None)
        return _tensor(found.last_hidden_state.mean(1) if pooled is None else pooled).flatten(1)

    def embed_texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Return a vector of length 1 for each text, by the text tower: (texts, width).

        Raises:
            Problem: it has none.
        """
        if self.family not in WITH_TEXTS:
            raise Problem(f"a model of the family {self.family} reads no texts", where=str(self.folder),
                          fix=f"Use a model with a text tower: {', '.join(WITH_TEXTS)}", code=Code.MODEL_KIND)
        from transformers import AutoTokenizer
        quiet()
        longest, fixed = int(self._model.config.text_config.max_position_embeddings), _PADDED_TO.get(self.family)
        with faults_as_problems("the tokenizer", str(self.folder)):
            tokenizer = AutoTokenizer.from_pretrained(self.folder, trust_remote_code=False, local_files_only=True)
        rows = []
        for first in range(0, len(texts), _AT_ONCE):
            how: dict[str, Any] = {"padding": "max_length", "max_length": min(fixed, longest)} if fixed else {
                "padding": True, "max_length": longest}
            batch = tokenizer(list(texts[first:first + _AT_ONCE]), truncation=True, return_tensors="pt", **how)
            kept = ("input_ids",) if fixed else ("input_ids", "attention_mask")
            inputs = {name: batch[name].to(device_of(self._model)) for name in kept}
            with float32(device_of(self._model)):
                rows.append(normalize(_tensor(self._model.get_text_features(**inputs)), dim=-1))
        return torch.cat(rows) if rows else torch.zeros(0, self.width)

    def save(self, folder: Path) -> None:
        """Write the model and what its pictures need into ``folder``, as transformers loads them."""
        self._model.save_pretrained(folder)
        (folder / PREPROCESSOR).write_text(json.dumps(_settings(self.folder), indent=1, sort_keys=True) + "\n",
                                           encoding="utf-8")


def load_tower(base: Base, language: Language) -> PictureTower:
    """Load a model of pictures.

    Raises:
        Problem: it is not there, cannot be read, or is no model of pictures.
    """
    return load_tower_folder(locate(base, language))


def load_tower_folder(folder: Path) -> PictureTower:
    """Load the model of pictures in a transformers folder; errors as in ``load_tower``."""
    from transformers import AutoModel
    quiet()
    if not folder.is_dir() or family_of(folder) is None:
        raise Problem("there is no model of pictures", where=str(folder),
                      fix="Name the folder of a transformers model", code=Code.MODEL_FILES)
    safe = check_weights(folder)
    with faults_as_problems("the picture model", str(folder)):
        config = plain_config(str(folder), AutoModel)
        if not hasattr(config, "vision_config") and not hasattr(config, "num_channels"):
            raise Problem(f"a model of the family {config.model_type} reads no pictures", where=str(folder),
                          fix="Use CLIP, SigLIP, or an image model such as ViT", code=Code.MODEL_KIND)
        model, info = AutoModel.from_pretrained(
            str(folder), config=config, output_loading_info=True, dtype=torch.float32, use_safetensors=safe,
            trust_remote_code=False, local_files_only=True)
        missing = [name for name in info["missing_keys"] if "position_ids" not in name and "pooler" not in name]
        if missing:
            raise Problem(f"{len(missing)} tensors are missing, such as {missing[0]}", where=str(folder),
                          fix="Download the model again", code=Code.MODEL_FILES)
    return PictureTower(folder, model.requires_grad_(False).eval().to("cuda" if torch.cuda.is_available() else "cpu"))


def _tensor(found: Any) -> torch.Tensor:
    """Return the vectors of an output, which is a tensor or, in later versions, has them as ``pooler_output``."""
    vectors: torch.Tensor = found if isinstance(found, torch.Tensor) else found.pooler_output
    return vectors.float()


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / PREPROCESSOR
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problem(f"{PREPROCESSOR} is missing or cannot be read: it states the size and colors of pictures",
                      where=str(folder), fix="Download the model again", code=Code.MODEL_FILES)
    return found


def _size_of(settings: dict[str, Any], folder: Path) -> Size:
    """Return the size in the preprocessor's settings; older ones have numbers instead of objects."""
    size, crop = settings.get("size", 224), settings.get("crop_size")
    shortest: Any = None
    cropped = bool(settings.get("do_center_crop")) and crop is not None
    if isinstance(size, dict) and "shortest_edge" in size:
        shortest = size["shortest_edge"]
    elif isinstance(size, int):
        shortest = size if cropped else None
        size = {"height": size, "width": size}
    read: Any = (crop if isinstance(crop, dict) else {"height": crop, "width": crop}) if cropped else size
    try:
        found = Size(int(read["height"]), int(read["width"]), None if shortest is None else int(shortest),
                     int(settings.get("resample", 3)))
        fits = cropped == (found.shortest is not None) and all(
            1 <= side <= _LARGEST for side in (found.height, found.width, found.shortest or 1))
    except (KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        raise Problem(f"{PREPROCESSOR} states no size of pictures that is supported (at most {_LARGEST} pixels)",
                      where=str(folder), fix="Use another model", code=Code.MODEL_KIND)
    return found
