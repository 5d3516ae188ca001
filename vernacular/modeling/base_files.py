"""The files of a base model's folder, and whether its weights are safe to load. ``base_models`` loads them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from vernacular.core.errors import Problem

_BOOKKEEPING = {".git", ".cache"}  # of download tools; never read by loaders


def files_below(folder: Path) -> list[Path]:
    """Return all files below a base's folder: any of them may be read by a loader.

    Raises:
        Problem: a subfolder is a link, whose content would be missed.
    """
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _BOOKKEEPING]
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        if linked:
            raise Problem("a folder of a base model is a link", where=str(Path(place) / linked[0]),
                          fix="Replace it with a copy")
        found += [path for name in files if (path := Path(place) / name).is_file()]
    return found


def check_weights(folder: Path) -> None:
    """Reject a folder whose weights are pickled or elsewhere.

    Raises:
        Problem: there are no safetensors, an index names files outside the folder, or it is an
            adapter.
    """
    if (folder / "adapter_config.json").is_file():
        raise Problem("this is an adapter without its base model", where=str(folder),
                      fix="Merge it into its base (`merge_and_unload` of peft) and save the whole model")
    if not any(folder.glob("*.safetensors")):
        raise Problem("there are no weights in safetensors format; pickled ones (.bin, .pt) are not read",
                      where=str(folder), fix="Load the model with transformers and save it with `save_pretrained`")
    for path in folder.glob("*.index.json"):
        try:
            names = set(json.loads(path.read_bytes())["weight_map"].values())
            plain = all(Path(name).name == name for name in names)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            plain = False
        if not plain:
            raise Problem("this index names files outside its folder", where=str(path),
                          fix="Save the model again with `save_pretrained`")
