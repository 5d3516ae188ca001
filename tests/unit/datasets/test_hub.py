"""A labelled dataset in a folder: its own files are read, and none that its description names elsewhere."""

from __future__ import annotations

import io
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.generate import write_language
from tests.hub_site import COMMIT, DATASET, serve_dataset
from tests.site import LoopbackSite
from tests.within import within
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.datasets.hub import LabelledDataset
from vernacular.datasets.labeled import picture_file
from vernacular.pipeline.stage import silent


def dataset(tmp_path: Path, readme: str = "") -> LabelledDataset:
    """A dataset ``./data`` in a language folder, with a secret outside of it."""
    language = load_language(write_language(tmp_path / "languages", documents=3, tasks={"genre": {
        "kind": "sequence_classification", "data": {"kind": "hub", "dataset": "./data", "licence": "CC0-1.0"}}}))
    (tmp_path / "secret.jsonl").write_text('{"text": "password", "label": "a"}\n')
    rows = [{"text": f"text {number}", "label": "ab"[number % 2]} for number in range(4)]
    (language.folder / "data").mkdir()
    (language.folder / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if readme:
        (language.folder / "data" / "README.md").write_text(f"---\n{readme.replace('ROOT', str(tmp_path))}\n---\n")
    return LabelledDataset(language, "genre", language.tasks["genre"], tmp_path / "artifacts")


def test_a_dataset_on_the_hub_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": f"text {number}", "label": "ab"[number % 2], "id": number} for number in range(6)]
    language = load_language(write_language(tmp_path / "languages", documents=3, tasks={"genre": {
        "kind": "sequence_classification", "data": {"kind": "hub", "dataset": DATASET, "revision": COMMIT,
                                                    "licence": "CC0-1.0", "test": "test"}}}))
    remote = LabelledDataset(language, "genre", language.tasks["genre"], tmp_path / "artifacts")
    with LoopbackSite() as site:
        serve_dataset(site, monkeypatch, train=rows[:4], test=rows[4:])
        remote.refresh(silent)
    assert [row.fields for row in remote.rows("test")] == [{"text": row["text"], "label": row["label"]}
                                                          for row in rows[4:]]


def test_a_folder_is_read(tmp_path: Path) -> None:
    opened = dataset(tmp_path)
    opened.refresh(silent)
    assert [row.fields["text"] for row in opened.rows("train")] == [f"text {number}" for number in range(4)]


@pytest.mark.parametrize("path", ["../../../secret.jsonl", "ROOT/secret.jsonl", "ROOT/languages/qaa/language.yaml"])
def test_its_description_names_no_file_elsewhere(tmp_path: Path, path: str) -> None:
    opened = dataset(tmp_path, f'configs:\n- config_name: default\n  data_files: "{path}"')
    with pytest.raises(Problem) as caught:
        opened.refresh(silent)
    assert caught.value.where == "dataset ./data"


@pytest.mark.parametrize("chain", ["", "simplecache::", "zip://m::"])
@pytest.mark.parametrize("name", ["README.md", ".huggingface.yaml"])
def test_its_description_sends_nobody_into_the_network(tmp_path: Path, chain: str, name: str) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        opened = dataset(tmp_path)
        output = f'configs:\n- config_name: default\n  data_files: "{chain}http://127.0.0.1:{server.server_port}/x.jsonl"\n'
        (tmp_path / "languages/qaa/data" / name).write_text(f"---\n{output}---\n" if name == "README.md" else output)
        with pytest.raises(Problem) as caught:
            opened.refresh(silent)
        server.shutdown()
    assert caught.value.where == "dataset ./data" and not asked


@pytest.mark.parametrize("message", ["configs: !!python/name:os.system", "configs: [", "- 1"])
def test_a_description_that_cannot_be_read_is_one_line(tmp_path: Path, message: str) -> None:
    with pytest.raises(Problem) as caught:
        dataset(tmp_path, message).refresh(silent)
    assert caught.value.where == "dataset ./data"


def test_a_path_in_a_row_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    opened = dataset(tmp_path, "dataset_info:\n  features:\n  - name: text\n    dtype: image\n"
                               "  - name: label\n    dtype: string")
    (tmp_path / "languages/qaa/data/train.jsonl").write_text(
        json.dumps({"text": {"path": str(tmp_path / "pipe"), "bytes": None}, "label": "a"}) + "\n")
    with within(60):
        opened.refresh(silent)
    assert [row.fields["label"] for row in opened.rows("train")] == ["a"]


@pytest.mark.parametrize(("readme", "script"), [
    ("configs:\n- config_name: default\n  data_files: train.csv\n  converters: {text: str}", ""),
    ("", "import datasets\nraise SystemError('no')\n")])
def test_whatever_the_library_cannot_do_with_a_folder_is_one_problem(tmp_path: Path, readme: str, script: str) -> None:
    opened = dataset(tmp_path, readme)
    folder = tmp_path / "languages" / "qaa" / "data"
    (folder / "train.jsonl").unlink()
    (folder / "train.csv").write_text("text,label\n" + "mawu,a\n" * 9)
    if script:
        (folder / "data.py").write_text(script)
    with pytest.raises(Problem) as caught:
        opened.refresh(silent)
    assert caught.value.where == "dataset ./data"


def test_pictures_in_rows_are_kept_beside_the_mirror(tmp_path: Path) -> None:
    folder = tmp_path / "languages" / "qaa" / "data"
    folder.mkdir(parents=True)
    data = [bytes_of(color) for color in ((255, 0, 0), (0, 255, 0), (255, 0, 0))]
    table = pa.table({"text": ["red", "green", "red again"], "image": [{"bytes": one, "path": "../x"} for one in data]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": {
        "text": {"dtype": "string", "_type": "Value"}, "image": {"_type": "Image"}}}})})
    pq.write_table(table, folder / "train.parquet")
    (folder / "README.md").write_text("")
    tower = {"path": "tower", "licence": "MIT"}
    task = {"kind": "image_retrieval", "tower": tower, "data": {
        "kind": "hub", "dataset": "./data", "columns": {"picture": "image"}}}
    language = load_language(write_language(tmp_path / "languages", documents=1, tasks={"look": task}))
    found = LabelledDataset(language, "look", language.tasks["look"], tmp_path / "store")
    found.refresh(silent)
    names = [row.fields["picture"] for row in found.rows("train")]
    assert names[0] == names[2] != names[1]
    files = [picture_file(language, "look", language.tasks["look"], tmp_path / "store", name) for name in names]
    assert [file.read() for file in files] == data


def bytes_of(color: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(out, "PNG")
    return out.getvalue()
