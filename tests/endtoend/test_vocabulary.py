"""A trimmed base through the whole path, and distilled rows into a trained model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file

from tests.project import Place
from vernacular.core.store import Artifact, Store
from vernacular.modeling.base_models import load_model, load_tokenizer


def run_until(place: Place, until: str, **vocabulary: Any) -> None:
    """Run a project up to a stage, with other settings for the vocabulary."""
    folder = place.folder
    path = folder / "languages" / "qaa" / "language.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["models"]["tiny"]["vocabulary"] |= vocabulary
    settings["tasks"] = {}  # each costs a process, and knows nothing of rows
    shutil.rmtree(folder / "languages" / "qaa" / "behaviour")
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    result = place.run("run", "qaa", "--to", until)
    assert result.returncode == 0, result.stdout + result.stderr


def current(place: Place, stage: str) -> Artifact:
    found = Store(place.artifacts).current("qaa", stage)
    assert found is not None
    return found


def test_a_trimmed_base_goes_the_whole_path(with_corpus: Callable[..., Place], tmp_path: Path):
    place = with_corpus(tmp_path)
    run_until(place, "release/tiny", trim="text")
    report = current(place, "tokenizer/tiny").manifest.report
    assert all(gate.passed for gate in report.gates if gate.blocking)
    rows, new = int(report.counts["rows_kept"].value), int(report.counts["new_pieces"].value)
    assert rows < report.counts["rows_base"].value
    assert new > 0
    whole = load_model(tmp_path / "languages" / "qaa" / "base", "masked")
    former = load_file(current(place, "tokenizer/tiny").folder / "kept.safetensors")["ids"]
    for stage, count in (("model/tiny_control", rows), ("model/tiny", rows + new)):
        folder = current(place, stage).folder / "model"
        model, tokenizer = load_model(folder, "masked"), load_tokenizer(folder)
        assert model.get_input_embeddings().weight.shape[0] == model.config.vocab_size == len(tokenizer) == count
        assert model.config.pad_token_id == tokenizer.pad_token_id
        moved = torch.linalg.vector_norm(
            model.get_input_embeddings().weight[:rows] - whole.get_input_embeddings().weight[former], dim=1)
        assert moved.median() < 0.5 * whole.get_input_embeddings().weight.norm(dim=1).median()
    assert current(place, "release/tiny").manifest.report.counts["size_mb"].value > 0
    scores = current(place, "evaluation/tiny_likelihood").manifest.report.details["scores"]
    assert scores["control"]["mean"] < scores["base"]["mean"]


def test_distilled_rows_reach_a_trained_causal_model(with_corpus: Callable[..., Place], tmp_path: Path):
    place = with_corpus(tmp_path, objective="causal")
    run_until(place, "evaluation/tiny_likelihood", initialise="distillation", min_uses=30, trim="letters")
    report = current(place, "tokenizer/tiny").manifest.report
    assert all(gate.passed for gate in report.gates if gate.blocking)
    assert all((current(place, stage).folder / "model" / "model.safetensors").is_file()
               for stage in ("model/tiny", "model/tiny_control"))
    counts = current(place, "evaluation/tiny_likelihood").manifest.report.counts
    assert counts["bits_per_byte_adapted"].value < counts["bits_per_byte_base"].value
