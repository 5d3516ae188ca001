"""Speed is measured with real steps that change no weight, and remembered by the shape of a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.generate import TINY_MODEL, make_documents, write_language
from tests.tiny import write_bert, write_llama
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.forecast.speed import Speed, measure, speed_of
from vernacular.modeling.base_models import load_base

LINES = [line for texts in make_documents(6).values() for text in texts for line in text.split("\n")]
SOURCE = {"kind": "files", "files": "text/*/*.txt", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
TRANSLATED = {"translations": [{"source": {**SOURCE, "name": "a"}, "translation": {**SOURCE, "name": "b"}}],
              "batch_size": 64}


def made(tmp_path: Path, **changes: Any) -> tuple[Any, Any, Any, Any]:
    folder = write_language(tmp_path / "languages", documents=3, models={"tiny": {**TINY_MODEL, **changes}})
    (write_llama if changes.get("objective") == "causal" else write_bert)(folder / "base")
    language = load_language(folder)
    model = language.models["tiny"]
    return language, model, *load_base(model.base, model.objective, language)


@pytest.mark.parametrize("changes", [{}, {"alignment": TRANSLATED}, {"objective": "causal"}, {
    "pretraining": {**TINY_MODEL["pretraining"], "method": "lora"}}], ids=["masked", "translations", "causal", "lora"])
def test_steps_are_timed_and_no_weight_is_changed(tmp_path: Path, changes: dict[str, Any]) -> None:
    _, model, network, tokenizer = made(tmp_path, **changes)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = measure(model, network, tokenizer, LINES, seconds=0.2)
    assert found.step > 0 and found.train == pytest.approx(8 * 32 / found.step) and found.read > 0
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.allclose(tensor, after[name], atol=1e-6) for name, tensor in before.items())


def test_a_measured_speed_is_remembered_by_the_shape_of_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    language, model, network, tokenizer = made(tmp_path)
    store, measured = Store(tmp_path / "artifacts"), Speed(0.5, 512.0, 2000.0, "measured")
    calls: list[Any] = []

    def noted(*given: Any) -> Speed:
        calls.append(given)
        return measured

    monkeypatch.setattr("vernacular.forecast.speed.measure", noted)
    assert speed_of(store, language, model, network, tokenizer, LINES, quick=False) == measured
    for quick in (False, True):
        again = speed_of(store, language, model, network, tokenizer, LINES, quick)
        assert again == Speed(0.5, 512.0, 2000.0, "earlier") and len(calls) == 1
    longer = model.model_copy(update={"pretraining": model.pretraining.model_copy(update={"sequence_length": 16})})
    assert speed_of(store, language, longer, network, tokenizer, LINES, quick=True).origin == "table"
    assert not list((tmp_path / "languages").rglob("plan-*")), "it is kept outside of the language folder"


def test_without_a_measurement_larger_models_are_slower(tmp_path: Path) -> None:
    language, model, network, tokenizer = made(tmp_path)
    small = speed_of(Store(tmp_path), language, model, network, tokenizer, [], quick=False)
    assert small.origin == "table" and small.step == pytest.approx(8 * 32 / small.train)
    network.large = torch.nn.Parameter(torch.zeros(10_000_000))
    assert speed_of(Store(tmp_path), language, model, network, tokenizer, [], quick=True).train < small.train
