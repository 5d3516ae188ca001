"""The vectors of a task's pictures: read, embedded by the locked model, kept beside the results of the task."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.items import Item
from vernacular.datasets.labeled import picture_file
from vernacular.datasets.pictures import Size, read_picture
from vernacular.modeling.picture_towers import load_tower
from vernacular.tasks.image_retrieval.kind import ImageRetrieval
from vernacular.tasks.labeled_items import LEAST, Items

VECTORS = "pictures.safetensors"
_SAME = 1 - 1e-6  # cosine of vectors of equal pictures


def add_pictures(items: Items, language: Language, name: str, root: Path, kept: Path) -> None:
    """Give the kind of ``items`` the vectors of their pictures, and drop training items that leak others.

    Args:
        items: of the task ``name``; changed in place.
        language: of the task.
        name: of the task.
        root: of the artifacts.
        kept: a file of vectors that a run has written, or to write them to.

    Raises:
        Problem: all pictures that cannot be read, or too few items remain.
    """
    kind = items.kind
    assert isinstance(kind, ImageRetrieval) and kind.task.tower is not None  # validated by Task
    names = sorted({item.second for part in (items.train, items.dev, items.test) for item in part})
    vectors = read_vectors(kept)
    kind.vectors = vectors if vectors is not None and [*vectors] == names else _embed(
        language, name, kind.task, root, names, kept)
    for parts, note in (((items.dev, items.test), "pictures_also_in_test"), ((items.train, [*items.dev, *items.test]),
                                                                             "pictures_also_scored")):
        count = _drop_leaks(kind, *parts)
        items.notes[note] = count
    if kind.task.fine_tune and len(items.train) < LEAST:
        raise Problem(f"{len(items.train)} items in train have a picture that is not scored",
                      where=f"{language.code} tasks.{name}", fix=f"Add items, to at least {LEAST}",
                      code=Code.DATA_SPLIT)
    if kind.task.fine_tune:
        kind.set_directions(items.train)


def _drop_leaks(kind: ImageRetrieval, items: list[Item], others: Sequence[Item]) -> int:
    """Remove ``items`` whose picture is one of ``others``, under whatever name; return their number."""
    if not items or not others:
        return 0
    near = (kind.pictures_of(items) @ kind.pictures_of(others).T).max(1) > _SAME
    before = len(items)
    items[:] = [item for item, leaks in zip(items, near, strict=True) if not leaks]
    return before - len(items)


def read_vectors(kept: Path) -> dict[str, NDArray[np.float32]] | None:
    """Return the name of each picture -> its vector, as a run kept them; None if it did not."""
    if not kept.is_file():
        return None
    with safe_open(kept, "pt") as file:
        names = json.loads((file.metadata() or {}).get("names", "[]"))
        return dict(zip(names, file.get_tensor("vectors").numpy(), strict=True)) if names else None


def _embed(language: Language, name: str, task: Task, root: Path, names: Sequence[str],
           kept: Path) -> Mapping[str, NDArray[np.float32]]:
    assert task.tower is not None
    tower, faults = load_tower(task.tower, language), Collector()

    def pixels(size: Size) -> Iterator[NDArray[np.uint8]]:
        for picture in names:
            with faults.collect():
                yield read_picture(picture_file(language, name, task, root, picture), size, language.limits)

    vectors = tower.embed(pixels(tower.size))
    faults.raise_collected()
    save_file({"vectors": torch.from_numpy(vectors)}, kept, {"names": json.dumps(names)})
    return dict(zip(names, vectors, strict=True))
