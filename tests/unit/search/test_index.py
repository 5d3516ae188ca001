"""The index: the same vectors as Sentence Transformers, a kill loses one block, and what is known is not made again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from sentence_transformers import SentenceTransformer

from tests.unit.search.conftest import NAME, TEXTS, documents_of, publish_corpus, publish_encoder
from vernacular.config.schema import Language
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import Store
from vernacular.search import index
from vernacular.search.encoder import Encoder
from vernacular.search.finding import Searcher

LINES = [line for text in TEXTS for line in text.split("\n") if line != "fox"]


class Counting(Encoder):
    """An encoder that records its texts, and fails at the text ``stop``."""

    def __init__(self, folder: Path, stop: str = "") -> None:
        super().__init__(folder)
        self.asked: list[str] = []
        self.stop = stop

    def vectors(self, texts: Sequence[str]) -> Any:
        if self.stop in texts:
            raise KeyboardInterrupt
        self.asked += texts
        return super().vectors(texts)


@pytest.fixture
def release(store: Store, ready: Language) -> Path:
    artifact = store.current(ready.code, f"release/{NAME}")
    assert artifact is not None
    return artifact.folder


def corpus(store: Store, language: Language) -> Path:
    artifact = store.current(language.code, "corpus/clean")
    assert artifact is not None
    return artifact.folder / "documents.parquet"


def test_embeddings_are_those_of_sentence_transformers(release: Path) -> None:
    theirs = SentenceTransformer(str(release), device="cpu").encode(LINES)
    assert np.allclose(Encoder(release).vectors(LINES), theirs, atol=0.02)  # ours may be in mixed precision
    assert Encoder(release).vectors([]).shape == (0, 32)


def test_a_text_is_found_once_with_its_number_of_places(release: Path, store: Store, ready: Language,
                                                        tmp_path: Path) -> None:
    place, encoder = index.IndexFolder(tmp_path / "index" / NAME, "m", "c"), Counting(release)
    index.build(place, corpus(store, ready), lambda: encoder, lambda line: None)
    assert sorted(encoder.asked) == sorted(set(LINES))
    built = index.Index(place)
    assert len(built) == len(LINES)
    found = list(built.nearest(encoder.vectors([LINES[0]])[0], 3))
    assert found[0][0] == pytest.approx(1, abs=0.02) and found[0][1].line == 0 and found[0][2] == 2
    assert len(found) == 3 and len(list(built.nearest(encoder.vectors(["x"])[0], 99))) == len(set(LINES))
    assert not any(b"lazy" in path.read_bytes() for path in place.home.rglob("*") if path.is_file())


def test_a_kill_loses_one_block(release: Path, store: Store, ready: Language, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "BLOCK", 2)
    place, first = index.IndexFolder(tmp_path / "index" / NAME, "m", "c"), Counting(release, stop=LINES[-1])
    with pytest.raises(KeyboardInterrupt):
        index.build(place, corpus(store, ready), lambda: first, lambda line: None)
    assert not place.is_built() and len(first.asked) == 4
    second = Counting(release)
    index.build(place, corpus(store, ready), lambda: second, lambda line: None)
    assert second.asked == [LINES[-1]] and place.is_built()
    found = next(index.Index(place).nearest(second.vectors([LINES[-1]])[0], 1))
    assert found[0] == pytest.approx(1, abs=0.02) and found[1].line == 0


def test_a_corpus_that_grew_is_embedded_in_what_is_new(release: Path, store: Store, ready: Language,
                                                       tmp_path: Path) -> None:
    home, encoder = tmp_path / "index" / NAME, Counting(release)
    index.build(index.IndexFolder(home, "m", "1"), corpus(store, ready), lambda: encoder, lambda line: None)
    encoder.asked.clear()
    publish_corpus(store, ready, documents_of(ready, [*TEXTS[1:], "the green fox looks over the school"]), "n" * 16)
    place = index.IndexFolder(home, "m", "2")
    index.build(place, corpus(store, ready), lambda: encoder, lambda line: None)
    assert encoder.asked == ["the green fox looks over the school"]
    found = list(index.Index(place).nearest(encoder.vectors([LINES[0]])[0], 99))
    assert len(found) == 4 and max(score for score, *_ in found) < 0.999  # its document is gone, and so is the line
    assert [path.name for path in place.folder.glob("places-*")] == ["places-2.npy"]
    index.build(index.IndexFolder(home, "other", "2"), corpus(store, ready), lambda: encoder, lambda line: None)
    assert [path.name for path in home.iterdir()] == ["other"]


def test_two_processes_do_not_build_at_once(store: Store, ready: Language) -> None:
    searcher = Searcher(store, ready, NAME)
    with FileLock(store.cache(ready.code, "search") / ".lock"):
        caught: list[Exception] = []

        def other() -> None:
            try:
                searcher.prepare(lambda line: None)
            except TransientProblem as problem:
                caught.append(problem)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert len(caught) == 1
    assert searcher.prepare(lambda line: None) == len(LINES)


def test_a_model_without_embeddings_is_refused(store: Store, ready: Language) -> None:
    publish_encoder(store, ready, seed=2, modules=False)
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        Searcher(store, ready, NAME).prepare(lambda line: None)
