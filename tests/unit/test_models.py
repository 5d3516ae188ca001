"""Base models as data: no code that a checkpoint brings along runs."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import torch

from tests.tiny import write_bert
from vernacular.config.load import load_language
from vernacular.config.schema import Base
from vernacular.models import load_model, load_tokenizer, locate


class Trap:
    """What runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_that_runs_something_is_not_read(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    (folder / "model.safetensors").unlink()
    torch.save({"bert.embeddings.word_embeddings.weight": Trap(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(Exception, match=r"(?i)weights.only"):
        load_model(folder, "masked")
    assert not (tmp_path / "ran").exists()


def test_code_in_the_folder_of_a_base_is_not_run(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "base", head=True)
    (folder / "own.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'ran')!r})\n", encoding="utf-8")
    for name, classes in (("config.json", {"AutoConfig": "own.Config", "AutoModelForMaskedLM": "own.Model"}),
                          ("tokenizer_config.json", {"AutoTokenizer": ["own.Slow", "own.Fast"]})):
        settings = json.loads((folder / name).read_text(encoding="utf-8"))
        (folder / name).write_text(json.dumps({**settings, "auto_map": classes}), encoding="utf-8")
    load_tokenizer(folder)
    load_model(folder, "masked")
    assert not (tmp_path / "ran").exists()


def test_a_full_disk_is_no_model_that_is_not_to_be_had(language_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fails)
    base = Base(hub="some/model", revision="0" * 40, licence="MIT")
    with pytest.raises(OSError, match="No space left"):
        locate(base, load_language(language_folder))
