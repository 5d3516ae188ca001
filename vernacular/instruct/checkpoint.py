"""Weights of a model on disk, read one tensor at a time, and written in shards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.modeling.base_files import check_weights
from vernacular.modeling.base_models import load_model

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD_BYTES = 2 * 1024**3  # of weights in one file, and in memory while they are written


class Checkpoint:
    """The weights in a folder with safetensors files, as a context manager.

    Attributes:
        folder: with the files and ``config.json``.
        shapes: name of a weight -> its shape.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._stack = ExitStack()
        self._files: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Open the files.

        Raises:
            Problem: one cannot be read.
        """
        from safetensors import safe_open
        with faults_as_problems("the weights", str(self.folder)):
            for path in _files(self.folder):
                opened = self._stack.enter_context(safe_open(path, framework="pt"))
                for name in opened.keys():  # noqa: SIM118 - not a dict
                    self._files[name] = opened
                    self.shapes[name] = tuple(opened.get_slice(name).get_shape())
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def read(self, name: str) -> Any:
        """Return one weight as a tensor."""
        with faults_as_problems("the weights", str(self.folder)):
            return self._files[name].get_tensor(name)


def _files(folder: Path) -> list[Path]:
    if (folder / WHOLE).is_file():
        return [folder / WHOLE]
    names = json.loads((folder / INDEX).read_bytes())["weight_map"].values()
    return [folder / name for name in sorted(set(names))]


def in_safetensors(path: Path, names: set[str], scratch: Path) -> Path:
    """Return a folder with the causal model at ``path`` in safetensors, its weights named as transformers saves them.

    A model in another format, or with other names, is loaded once and saved into ``scratch``.

    Args:
        path: a transformers folder or a .gguf file.
        names: of the weights of a model of this architecture.
        scratch: a folder to write to.
    """
    if path.is_dir() and check_weights(path):
        with Checkpoint(path) as found:
            if found.shapes.keys() == names:
                return path
    if not (scratch / "config.json").is_file():
        load_model(path, "causal").save_pretrained(scratch, max_shard_size=SHARD_BYTES)
    return scratch


def write_shards(tensors: Iterator[tuple[str, Any]], folder: Path, shard_bytes: int = SHARD_BYTES) -> None:
    """Write ``tensors`` into ``folder`` as they come: one file, or several with an index."""
    from safetensors.torch import save_file
    shards: list[list[str]] = []
    waiting: dict[str, Any] = {}
    size = total = 0

    def flush() -> None:
        save_file(waiting, folder / _shard(len(shards)), metadata={"format": "pt"})
        shards.append(list(waiting))
        waiting.clear()

    for name, tensor in tensors:
        more = tensor.numel() * tensor.element_size()
        if waiting and size + more > shard_bytes:
            flush()
            size = 0
        waiting[name] = tensor.contiguous()
        size, total = size + more, total + more
    if not waiting and not shards:
        raise Problem("the model has no weights", where=str(folder), fix="Use another model", code=Code.MODEL_FILES)
    flush()
    if len(shards) == 1:
        (folder / _shard(0)).rename(folder / WHOLE)
        return
    names = {name: f"model-{number + 1:05}-of-{len(shards):05}.safetensors"
             for number, shard in enumerate(shards) for name in shard}
    for number in range(len(shards)):
        (folder / _shard(number)).rename(folder / names[shards[number][0]])
    index = {"metadata": {"total_size": total}, "weight_map": names}
    (folder / INDEX).write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _shard(number: int) -> str:
    return f".shard-{number}.safetensors"
