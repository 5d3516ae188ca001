"""The embeddings of a corpus by one model, in the language's cache: computed once, read through memory maps.

``<n>.npy`` has float16 vectors and ``<n>.digests.npy`` the digests of their texts, so that a kill
loses one block, and only new passages of a grown corpus are embedded. ``places-<corpus>.npy`` lists
the passages of a corpus with the row of each vector. No file contains text. A takedown removes the
whole cache.
"""

from __future__ import annotations

import os
import shutil
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from vernacular.core.codes import Code
from vernacular.core.errors import TransientProblem
from vernacular.search.passages import Place, digest_of_text, read_passages

if TYPE_CHECKING:
    from vernacular.search.encoder import Encoder

BLOCK = 2048  # passages per written block
_SCORED = 1 << 16  # vectors compared with a query at once
_PLACE = np.dtype([("document", "u8"), ("line", "u4"), ("begin", "u4"), ("end", "u4"), ("row", "u4")])
_DIGESTS = ".digests.npy"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class IndexFolder:
    """The location of a model's index."""

    home: Path  # of the model's name; its parent has the lock of the whole language
    model: str  # digest of everything that determines an embedding
    corpus: str  # digest of the corpus

    @property
    def folder(self) -> Path:
        """The vectors of the model."""
        return self.home / self.model

    @property
    def places(self) -> Path:
        """The passages of the corpus."""
        return self.folder / f"places-{self.corpus}.npy"

    def is_built(self) -> bool:
        """Whether the index is complete."""
        return self.places.is_file()


class Index:
    """A complete index, opened for queries."""

    def __init__(self, where: IndexFolder) -> None:
        self._folder = where.folder
        self._places: NDArray[Any] = np.load(where.places, mmap_mode="r")

    def __len__(self) -> int:
        return len(self._places)

    def nearest(self, query: NDArray[np.float32], most: int) -> Iterator[tuple[float, Place, int]]:
        """Yield the ``most`` nearest distinct texts, best first: cosine, first place, and number of places.

        ``query``: of length 1, (width,).
        """
        scores = np.concatenate([np.zeros(0, np.float32), *(
            _scored(path, query) for path in _blocks(self._folder))])
        rows = np.asarray(self._places["row"])
        listed, first, count = np.unique(rows, return_index=True, return_counts=True)
        of_texts = scores[listed]
        best = np.argpartition(-of_texts, most)[:most] if most < len(listed) else np.arange(len(listed))
        for text in best[np.argsort(-of_texts[best], kind="stable")].tolist():
            document, line, begin, end, _ = self._places[first[text]].tolist()
            yield float(of_texts[text]), Place(document, line, begin, end), int(count[text])


def build(where: IndexFolder, documents: Path, load_encoder: Callable[[], Encoder], progress: Progress) -> None:
    """Embed the new passages of ``documents``, and list all places.

    ``load_encoder``: loads the model; called only if a passage is new.

    Raises:
        Problem: another process builds an index of this language.
    """
    where.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(where.home.parent / ".lock", timeout=0):
            _build(where, documents, load_encoder, progress)
    except Timeout:
        raise TransientProblem("another process is building the search index", where=str(where.home),
                               fix="Wait for it, then search again", code=Code.STAGE_BUSY) from None


def _build(where: IndexFolder, documents: Path, load_encoder: Callable[[], Encoder], progress: Progress) -> None:
    columns, digests = [array("Q"), *(array("I") for _ in range(3))], array("Q")
    for passage in read_passages(documents):
        for column, value in zip(columns, passage.place, strict=True):
            column.append(value)
        digests.append(digest_of_text(passage.text))
    wanted = np.frombuffer(digests, np.uint64) if digests else np.zeros(0, np.uint64)
    new = set(np.setdiff1d(wanted, _digests(where.folder)).tolist())
    if new:
        progress(f"search index: embedding {len(new):,} of {len(wanted):,} passages, once for this model and corpus")
        _embed(where.folder, documents, new, load_encoder(), progress)
    known = _digests(where.folder)
    order = np.argsort(known, kind="stable")
    table = np.zeros(len(wanted), _PLACE)
    for name, column in zip(_PLACE.names or (), columns, strict=False):
        table[name] = column
    table["row"] = order[np.searchsorted(known, wanted, sorter=order)] if len(wanted) else 0
    _save(where.places, table)
    for other in [*where.home.iterdir(), *where.folder.glob("places-*.npy")]:
        if other.is_dir() and other != where.folder:
            shutil.rmtree(other)  # of a model that is no longer released
        elif other.is_file() and other.parent == where.folder and other != where.places:
            other.unlink()


def _embed(folder: Path, documents: Path, new: set[int], encoder: Encoder, progress: Progress) -> None:
    """Write the vectors of passages with digests in ``new``, which is emptied in the process."""
    begun, total = time.monotonic(), len(new)
    number = len(_blocks(folder))
    texts: dict[int, str] = {}

    def write() -> None:
        _save(folder / f"{number:06d}.npy", encoder.vectors([*texts.values()]).astype(np.float16))
        _save(folder / f"{number:06d}{_DIGESTS}", np.array([*texts], np.uint64))
        done = total - len(new)
        left = (time.monotonic() - begun) / done * (total - done)
        progress(f"search index: {done:,} of {total:,} passages" + (f", {_duration(left)} left" if new else ""))

    for passage in read_passages(documents):
        digest = digest_of_text(passage.text)
        if digest in new:
            new.discard(digest)
            texts[digest] = passage.text
        if len(texts) == BLOCK or (texts and not new):
            write()
            number, texts = number + 1, {}


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _blocks(folder: Path) -> list[Path]:
    """Return the vector files whose digests are complete, in order."""
    return [path.with_name(path.name.replace(_DIGESTS, ".npy")) for path in sorted(folder.glob(f"*{_DIGESTS}"))]


def _digests(folder: Path) -> NDArray[np.uint64]:
    """Return the digests of all texts with a vector, by row."""
    return np.concatenate([np.zeros(0, np.uint64), *(np.load(path) for path in sorted(folder.glob(f"*{_DIGESTS}")))])


def _scored(path: Path, query: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors = np.load(path, mmap_mode="r")
    return np.concatenate([vectors[start:start + _SCORED].astype(np.float32) @ query
                           for start in range(0, len(vectors), _SCORED)])


def _save(path: Path, values: NDArray[Any]) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as stream:
        np.save(stream, values)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
