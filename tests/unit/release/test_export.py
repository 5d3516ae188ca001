"""What is copied into a release."""

from __future__ import annotations

import json
from pathlib import Path

from vernacular.release.export import copy_model


def test_files_lose_the_paths_they_were_saved_with_and_the_names_of_code(tmp_path: Path) -> None:
    model = tmp_path / "m"
    model.mkdir()
    (model / "config.json").write_text(json.dumps({
        "_name_or_path": str(tmp_path), "hidden_size": 8, "auto_map": {"AutoModel": "someone/code--modeling.Model"}}))
    copy_model(model, tmp_path / "out" / "model")
    written = (tmp_path / "out" / "model" / "config.json").read_text()
    assert str(tmp_path) not in written and "auto_map" not in written
    assert '"hidden_size": 8' in written
