"""Datasets: local folders stand in for the hub, through the same library and the same code."""

from __future__ import annotations

import errno
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from tests.hub_site import COMMIT, DATASET, serve_dataset
from tests.site import Answer, LoopbackSite
from vernacular.config.limits import Limits
from vernacular.config.sources import HubSource
from vernacular.core import clock
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import silent
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions, url_digest
from vernacular.sandbox.limits import LimitReached
from vernacular.sources import Place
from vernacular.sources.dataset_rows import in_worker_streamed_rows
from vernacular.sources.hub import HubDataset


def hub(folder: Path, down: Suppressions | None = None, **more: Any) -> HubDataset:
    settings = HubSource.model_validate({
        "name": "web", "kind": "hub", "dataset": "./data", "revision": "local", "licence": "ODC-By-1.0",
        "consent": "unknown", "register": "web", **more})
    return HubDataset(settings, Place("qaa", folder, folder / "mirror", down or Suppressions()))


def write(folder: Path, rows: list[dict[str, Any]], files: int = 1) -> None:
    (folder / "data").mkdir(exist_ok=True)
    step = -(-len(rows) // files)
    for number in range(files):
        parquet.write_table(pyarrow.Table.from_pylist(rows[number * step:(number + 1) * step]),
                            folder / "data" / f"{number}.parquet")


def fetched(source: HubDataset) -> list[Document]:
    source.refresh(silent)
    return list(source.documents(silent))


def test_a_folder_needs_no_revision_and_holds_no_link_to_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / "qaa"
    home.mkdir()
    write(home, [{"text": "one"}])
    source = hub(home, revision=None)
    assert [document.licence_evidence for document in fetched(source)] == ["language.yaml; ./data"]
    write(tmp_path, [{"text": "secret"}])
    (home / "data" / "1.parquet").symlink_to(tmp_path / "data" / "0.parquet")
    with pytest.raises(Problem, match=r"1.parquet: .*VN-FILE-KIND"):
        fetched(hub(home, text_field="text", revision=None))
    with pytest.raises(ValueError, match="a dataset on the hub needs a revision"):
        hub(home, dataset="a/b", revision=None)


FINEWEB = [{"text": f"text {number}", "id": f"<urn:{number}>", "dump": "CC-MAIN-2020-05",
            "url": f"http://example.org/{number}", "date": "2020-01-02T03:04:05Z", "language": "lug",
            "language_score": 0.9} for number in range(3)]


def streamed_rows(dataset: str = "a/b", revision: str = COMMIT) -> list[Any]:
    """What the worker would give, in this process, where tests can reach the library."""
    return list(in_worker_streamed_rows([], dataset, None, "train", revision, "dataset", ["text"], [], None))


def test_a_full_disk_is_no_lost_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("datasets.load_dataset_builder", fails)
    with pytest.raises(OSError, match="No space left"):
        streamed_rows()


def test_a_dataset_on_the_hub_is_streamed_and_a_killed_fetch_goes_on(tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(line: str) -> None:
        if "2000 rows" in line:
            raise Killed

    rows = [{"text": f"text {number}", "url": f"http://example.org/{number}", "more": [number]}
            for number in range(2500)]
    with LoopbackSite() as site:
        serve_dataset(site, monkeypatch, train=rows)
        monkeypatch.setattr("vernacular.sources.mirror._SHARD_ROWS", 700)
        source = hub(tmp_path, dataset=DATASET, revision=COMMIT)
        with pytest.raises(Killed):
            source.refresh(kill)
        assert source.mirror.begin(source._key()).rows == 1400
        documents = fetched(source)
    assert [document.text for document in documents] == [row["text"] for row in rows]
    assert documents[-1].path == "http://example.org/2499" and not source.due()


def test_a_dataset_on_the_hub_takes_no_more_than_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackSite() as site:
        serve_dataset(site, monkeypatch, train=[{"text": "small"}, {"text": "a" * 40_000_000}])
        source = hub(tmp_path, dataset=DATASET, revision=COMMIT)
        source.place = replace(source.place, limits=Limits(output_mb=10))
        with pytest.raises(LimitReached) as caught:
            source.refresh(silent)
    assert caught.value.limit == "output" and caught.value.where == f"dataset {DATASET}"


def test_a_dataset_on_the_hub_without_the_column_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackSite() as site:
        serve_dataset(site, monkeypatch, train=[{"body": "one"}])
        with pytest.raises(Problem) as caught:
            hub(tmp_path, dataset=DATASET, revision=COMMIT).refresh(silent)
    assert "body" in (caught.value.fix or "")


def test_the_columns_of_fineweb2(tmp_path: Path) -> None:
    write(tmp_path, FINEWEB)
    document = fetched(hub(tmp_path, preset="fineweb2"))[1]
    assert (document.path, document.text, document.whole) == ("http://example.org/1", "text 1", True)
    assert (document.fetched, document.parents, document.date) == ("2020-01-02T03:04:05Z", ["<urn:1>"], "")
    assert document.licence == "ODC-By-1.0"
    assert document.licence_evidence == "language.yaml; ./data at local; CC-MAIN-2020-05"


def test_the_columns_of_glotcc_and_wikipedia(tmp_path: Path) -> None:
    write(tmp_path, [{"content": "words", "warc-target-uri": "http://a/", "warc-date": "2024-01-01T00:00:00Z",
                      "warc-record-id": "r1"}])
    document, = fetched(hub(tmp_path, preset="glotcc"))
    assert (document.path, document.text, document.fetched, document.parents) == (
        "http://a/", "words", "2024-01-01T00:00:00Z", ["r1"])
    write(tmp_path, [{"id": "12", "url": "https://lg.wikipedia.org/wiki/A", "title": "A", "text": "words"}])
    document, = fetched(hub(tmp_path, preset="wikipedia"))
    assert (document.path, document.title, document.parents) == ("https://lg.wikipedia.org/wiki/A", "A", ["12"])
    assert len(document.fetched) == 20


def test_plain_rows_of_jsonl_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text("".join(
        json.dumps({"body": text}) + "\n" for text in ("one", "", None, "two")))
    one, two = fetched(hub(tmp_path, text_field="body"))
    assert (one.text, two.text) == ("one", "two") and one.path != two.path


def test_a_killed_fetch_goes_on_and_gives_the_same(tmp_path: Path) -> None:
    write(tmp_path, [{**FINEWEB[0], "url": f"http://example.org/{number}", "text": f"text {number}"}
                     for number in range(5000)], files=3)
    whole = hub(tmp_path)
    expected = [document.id for document in fetched(whole)]

    class KillError(Exception):
        pass

    def kill(message: str) -> None:
        if message.endswith("3000 rows"):
            raise KillError

    source = HubDataset(whole.settings, Place("qaa", tmp_path, tmp_path / "again", Suppressions()))
    with pytest.raises(KillError):
        source.refresh(kill)
    messages: list[str] = []
    source.refresh(messages.append)
    assert "resuming after 3000 rows" in messages[0]
    assert [document.id for document in source.documents(silent)] == expected and len(expected) == 5000


def test_a_file_that_takes_too_much_is_left_out_and_named(tmp_path: Path) -> None:
    write(tmp_path, FINEWEB)
    parquet.write_table(pyarrow.table({"text": ["a" * 1_000_000] * 30}), tmp_path / "data" / "00.parquet")
    source = hub(tmp_path)
    source.place = replace(source.place, limits=Limits(output_mb=5))
    assert [document.text for document in fetched(source)] == ["text 0", "text 1", "text 2"]
    assert [problem.where.rpartition("/")[2] for problem in source.problems] == ["00.parquet"]


def test_the_most_documents(tmp_path: Path) -> None:
    write(tmp_path, FINEWEB)
    assert len(fetched(hub(tmp_path, most_documents=2))) == 2
    assert len(fetched(hub(tmp_path, most_documents=3))) == 3


def test_documents_come_from_the_mirror_alone(tmp_path: Path) -> None:
    write(tmp_path, FINEWEB)
    source = hub(tmp_path)
    source.refresh(silent)
    version = source.data_version()
    (tmp_path / "data" / "0.parquet").unlink()
    source.refresh(silent)  # not due
    assert len(list(source.documents(silent))) == 3 and source.data_version() == version


def test_what_was_taken_down_does_not_come_in_again(tmp_path: Path) -> None:
    write(tmp_path, FINEWEB)
    source = hub(tmp_path)
    assert len(fetched(source)) == 3
    source.forget(["http://example.org/1"])
    assert [document.text for document in source.documents(silent)] == ["text 0", "text 2"]
    down = Suppressions(urls=frozenset([url_digest("http://example.org/1")]))
    assert len(fetched(hub(tmp_path, down, preset="fineweb2"))) == 2


@pytest.mark.parametrize(("more", "what"), [
    ({"dataset": "./nothing"}, "VN-SOURCE-MISSING"), ({"text_field": "body"}, "'body'.*VN-DATA-COLUMN")])
def test_what_cannot_be_read_is_named(tmp_path: Path, more: dict[str, str], what: str) -> None:
    write(tmp_path, FINEWEB)
    with pytest.raises(Problem, match=what):
        hub(tmp_path, **more).refresh(silent)


def test_a_dataset_without_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path, [{"text": ""}])
    with pytest.raises(Problem, match="VN-DATA-EMPTY"):
        hub(tmp_path).refresh(silent)


def test_a_hub_that_answers_nonsense_is_a_failed_look_and_the_rows_stay(tmp_path: Path,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackSite() as site:
        site.otherwise = lambda path: Answer(b"<html>Log in to this network.</html>")
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        source, messages = hub(tmp_path, dataset="nobody/no-such-dataset-here", revision="main"), list[str]()
        with pytest.raises(Problem, match="VN-SOURCE-NETWORK"):
            source.refresh(silent)
        rows = source.mirror.begin(source._key())  # as if it had been read before
        rows.add({"path": "http://example.org/1", "text": "text"}, 1)
        rows.flush("done")
        source.mirror.publish(rows)
        later = time.time() + 8 * 86_400
        monkeypatch.setattr(clock, "read", lambda: later)
        source.refresh(messages.append)
        assert site.log and "hub cannot be reached" in messages[-1] and "remain in use" in messages[-1]
        assert source.due() and [document.text for document in source.documents(silent)] == ["text"]


def test_a_hub_that_is_down_is_no_absent_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackSite() as site:
        site.otherwise = lambda path: Answer(b"down", 500)
        for name, value in (("huggingface_hub.constants.ENDPOINT", site.url), ("datasets.config.HF_ENDPOINT", site.url),
                            ("huggingface_hub.constants.HF_HUB_OFFLINE", False),
                            ("datasets.config.HF_HUB_OFFLINE", False),
                            ("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
                             site.url + "/{repo_id}/resolve/{revision}/{filename}")):
            monkeypatch.setattr(name, value)
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # it tries again, slowly
        with pytest.raises(Problem, match="VN-SOURCE-NETWORK"):
            streamed_rows("nobody/no-such-dataset-here")
        assert site.log


def test_without_a_network_the_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    source = hub(tmp_path, dataset="nobody/no-such-dataset-here", revision="0" * 40)
    with pytest.raises(Problem, match="VN-SOURCE-NETWORK") as caught:
        source.refresh(silent)
    assert "\n" not in str(caught.value)
