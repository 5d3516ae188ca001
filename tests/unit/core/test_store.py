"""The store: artifacts are complete or absent, found by key, and locked by one process."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.files import Folder
from vernacular.core.report import Report
from vernacular.core.store import (
    MANIFEST,
    Artifact,
    Manifest,
    Store,
    canonical,
    describe,
    digest_of,
    digest_of_files,
    digest_of_listed,
    key_of,
    write_atomically,
)

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) |
                    st.dictionaries(st.text(), inner), max_leaves=10)


def manifest(key: str, files: dict[str, int] | None = None) -> Manifest:
    return Manifest(language="qaa", stage="corpus/clean", key=key, version="1", settings={}, inputs={}, outside={},
                    seed=1, data_version="d", files=files or {}, created="2025-01-01T00:00:00Z", seconds=0.1,
                    report=Report())


def publish(store: Store, key: str, text: str = "x") -> Artifact:
    with store.workspace("qaa", "corpus/clean", key) as work:
        (work / "out").mkdir()
        (work / "out" / "a.txt").write_text(text)
        return store.publish(work, manifest(key))


def test_a_published_artifact_is_found_and_current(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.current("qaa", "corpus/clean") is None
    first, second = publish(store, "k1"), publish(store, "k2")
    assert store.find("qaa", "corpus/clean", "k1") is not None and store.find("qaa", "corpus/clean", "k3") is None
    current = store.current("qaa", "corpus/clean")
    assert current is not None and current.folder == second.folder
    store.point(first)
    current = store.current("qaa", "corpus/clean")
    assert current is not None and current.folder == first.folder
    assert not list(tmp_path.rglob(".work-*"))


def test_a_folder_without_a_manifest_is_not_an_artifact(tmp_path: Path) -> None:
    store = Store(tmp_path)
    half = store.home("qaa", "corpus/clean") / "k1"
    half.mkdir(parents=True)
    (half / "a.txt").write_text("half")
    assert store.find("qaa", "corpus/clean", "k1") is None
    assert (publish(store, "k1", "whole").folder / "a.txt").read_text() == "whole"


def test_a_broken_manifest_is_a_problem(tmp_path: Path) -> None:
    artifact = publish(Store(tmp_path), "k1")
    (artifact.folder / MANIFEST).write_text("{")
    with pytest.raises(Problem, match="VN-RESULT-UNREADABLE"):
        Artifact(artifact.folder)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with (store.workspace("qaa", "corpus/clean", "k1"),
          pytest.raises(TransientProblem, match=Code.STAGE_BUSY),
          store.workspace("qaa", "corpus/clean", "k2")):  # another artifact, but the stage has one cache
        pass
    with store.workspace("qaa", "corpus/clean", "k1"):
        pass


def test_what_was_in_the_workspace_is_still_there_after_a_failure(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.workspace("qaa", "corpus/clean", "k1") as work:
        (work / "checkpoint").write_text("step 5")
        raise RuntimeError
    with store.workspace("qaa", "corpus/clean", "k1") as work:
        assert (work / "checkpoint").read_text() == "step 5"


def test_of_the_work_of_other_keys_the_newest_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number, key in enumerate(("aa", "bb", "cc", "aa", "dd")):
        with store.workspace("qaa", "model/tiny", key) as work:
            os.utime(work, (number, number))
    left = sorted(path.name for path in (tmp_path / "qaa" / "model" / "tiny").glob(".work-*"))
    assert left == [".work-aa", ".work-dd"]


def test_an_interrupted_write_leaves_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "current"
    write_atomically(path, "old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("vernacular.core.store.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == ["current"]


def test_the_data_version_is_of_names_and_bytes_but_not_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    sizes, before = describe(tmp_path)
    (tmp_path / "plot.png").write_text("picture")
    (tmp_path / MANIFEST).write_text("{}")
    assert sizes == {"a.txt": 1} and describe(tmp_path) == ({"a.txt": 1, "plot.png": 7}, before)
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert describe(tmp_path)[1] != before


def test_files_that_a_folder_lists_have_the_same_digest_as_by_their_paths(tmp_path: Path) -> None:
    for path in ("a.txt", "a/b.txt", "a/c/d.txt", "a-b/c.txt", "b.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    listed = Folder.of(tmp_path).list_files()
    assert len(listed) == 5
    assert digest_of_listed(reversed(listed)) == digest_of_files(tmp_path, [tmp_path / path for path, _ in listed])


@given(st.dictionaries(st.text(), JSON))
def test_equal_data_has_equal_digests(data: dict[str, object]) -> None:
    again = json.loads(json.dumps(dict(reversed(list(data.items())))))
    assert canonical(again) == canonical(data) and digest_of(again) == digest_of(data)


def test_the_key_hangs_on_all_that_determines_the_result() -> None:
    base: dict[str, object] = {"stage": "s", "version": "1", "settings": {}, "inputs": {}, "outside": {}, "seed": 1,
                               "reports": {}}
    other = {"stage": "t", "version": "2", "settings": {"a": 1}, "inputs": {"a": "b"}, "outside": {"a": "b"}, "seed": 2,
             "reports": {"a": "b"}}
    keys = {key_of(**base), *(key_of(**{**base, name: value}) for name, value in other.items())}  # type: ignore[arg-type]
    assert len(keys) == 8
