"""``vernacular export`` on a whole project: the folder, its card, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.project import Place


def test_a_release_is_exported_with_its_card(place: Place) -> None:
    exported = place.run("export", "qaa", "--to", "onnx", "--task", "genre", "--precision", "fp32")
    assert exported.returncode == 0, exported.stderr
    folder = place.folder / "exports" / "qaa-tiny-genre-onnx-fp32"
    assert {path.name for path in folder.iterdir()} == {
        "README.md", "card.json", "data_statement.md", "model.json", "model.onnx", "model.py", "serve.py",
        "tokenizer.json"}
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    current = (place.artifacts / "qaa" / "release" / "tiny" / "current").read_text(encoding="utf-8").strip()
    assert card["origin"]["key"] == current and card["agreement"]["same"] == 1.0
    assert card["exported"]["peak_memory_mb"] < card["torch"]["peak_memory_mb"] / 2
    assert card["exported"]["median_ms"] > 0 and card["licences"]["text text"] == "CC0-1.0"
    assert str(place.folder) not in "".join(path.read_text(encoding="utf-8") for path in folder.iterdir()
                                            if path.suffix in (".md", ".json", ".py"))
    assert not list((place.folder / "exports").glob(".*"))


@pytest.mark.parametrize(("words", "code"), [
    (("--to", "gguf"), "VN-EXPORT-KIND"), (("--to", "ctranslate2"), "VN-EXPORT-KIND"),
    (("--to", "onnx", "--task", "absent"), "VN-COMMAND-NAME"), (("--to", "onnx", "--out", "languages"), "VN-")])
def test_refusals(place: Place, words: tuple[str, ...], code: str) -> None:
    (place.folder / "languages" / "qaa-tiny-genre-onnx-int8").mkdir(exist_ok=True)
    refused = place.run("export", "qaa", *(words if "--out" not in words else (*words, "--task", "genre")))
    assert refused.returncode == 2 and f"[{code}" in refused.stderr
    assert not any(Path(place.folder / "exports").glob("*gguf*"))


def test_a_changed_release_is_not_exported(place: Place) -> None:
    home = place.artifacts / "qaa" / "release" / "tiny"
    weights = home / (home / "current").read_text(encoding="utf-8").strip() / "model.safetensors"
    before = weights.read_bytes()
    try:
        weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        refused = place.run("export", "qaa", "--to", "onnx")
        assert refused.returncode == 2 and "[VN-RESULT-UNREADABLE]" in refused.stderr
    finally:
        weights.write_bytes(before)
