"""A language is adapted from a base in two bytes or half a byte a weight, to a release that others load."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from safetensors import safe_open

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_llama
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact, Store
from vernacular.pipeline.stage import run_stage

BITS = pytest.param("nf4", marks=pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None,
                                                    reason="bitsandbytes is not installed"))


def run_stages(folder: Path, precision: str, last: str) -> Artifact:
    """Run the stages of a tiny decoder up to ``last``; return what that wrote."""
    settings = {**TINY_MODEL, "objective": "causal", "base": {**TINY_MODEL["base"], "precision": precision},
                "pretraining": {**TINY_MODEL["pretraining"], "method": "lora", "lora_rank": 8, "learning_rate": 5e-3}}
    place = write_language(folder / "languages", documents=30, models={"tiny": settings})
    write_llama(place / "base")
    language, store = load_language(place), Store(folder / "artifacts")
    for stage in stages_of(language).values():
        made = run_stage(stage, language, store)
        if stage.name == last:
            return made
    raise AssertionError(last)


def test_a_base_in_two_bytes_a_weight_is_trained_and_saved_so(tmp_path: Path) -> None:
    made = run_stages(tmp_path, "bfloat16", "model/tiny")
    counts = made.manifest.report.counts
    assert counts["dev_nats_per_character_last"].value < counts["dev_nats_per_character_first"].value
    with safe_open(made.folder / "model" / "model.safetensors", "pt") as saved:
        names = list(saved.keys())
        assert {saved.get_slice(name).get_dtype() for name in names} == {"BF16", "F32"}
    assert not any("lora" in name or "new_rows" in name for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", BITS])
def test_every_stage_works_and_others_load_the_release(precision: str, tmp_path: Path) -> None:
    report = run_stages(tmp_path, precision, "release/tiny").manifest.report
    assert {gate.name for gate in report.gates if not gate.passed} <= {"behaviour", "retention", "publishable"}
    assert report.counts["reloaded_same_genre"].value == 1


@pytest.mark.parametrize(("changes", "named"), [
    ({"objective": "masked"}, "nf4"), ({"pretraining": {**TINY_MODEL["pretraining"], "method": "full"}}, "method"),
    ({"lora": {**TINY_MODEL["lora"], "method": "full"}}, "method")])
def test_settings_that_contradict_are_refused(changes, named, tmp_path: Path) -> None:
    settings = {**TINY_MODEL, "objective": "causal", "base": {**TINY_MODEL["base"], "precision": "nf4"},
                "pretraining": {**TINY_MODEL["pretraining"], "method": "lora"}, **changes}
    folder = write_language(tmp_path / "languages", documents=30, models={"tiny": settings})
    with pytest.raises(Problem) as found:
        load_language(folder)
    assert named in str(found.value)
