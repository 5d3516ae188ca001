"""Adapters for transformers' own classes give the numbers of ours; ``use.py`` stands alone."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import write_bert, write_llama
from vernacular.config.schema import Lora
from vernacular.corpus.words import word_spans
from vernacular.errors import Problem
from vernacular.models import load_model, load_tokenizer
from vernacular.release import use
from vernacular.release.adapter import export, parts_of
from vernacular.release.gates import reload_gate
from vernacular.release.reproduce import reproduce
from vernacular.tasks.finetune import load, probabilities, save, with_lora

TEXTS = ["the red fox jumps over the river", "a lazy dog, it's said, looks at the market in 1999", "crow", "naïve ŵa",
         "the quick horse " * 12]
LABELS = ["O", "NAME", "PLACE"]
LONGEST = 32


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full precision, as for whoever loads a release: on random weights bfloat16 turns near ties."""
    monkeypatch.setattr("vernacular.tasks.finetune.autocast", lambda device: nullcontext())


def trained(folder: Path, objective: str, by_word: bool) -> tuple[Path, Any, Any]:
    """A release with one adapter whose weights are random; the classifier it was made from, and the tokenizer."""
    (write_bert if objective == "masked" else write_llama)(folder / "model")
    network, tokenizer = load_model(folder / "model", objective), load_tokenizer(folder / "model")
    classifier = with_lora(network, Lora(rank=2, alpha=4), len(LABELS), 1).eval()
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in classifier.parameters():
            if parameter.requires_grad:  # LoRA starts at no change; this is some
                parameter.copy_(torch.randn_like(parameter) / 4)
    save(classifier, folder / "trained")
    export(folder / "trained", folder / "model", LABELS, {"unit": "word" if by_word else "text", "longest": LONGEST},
           folder / "adapters" / "names")
    return folder, load(load_model(folder / "model", objective), folder / "trained"), tokenizer


@pytest.mark.parametrize("objective", ["masked", "causal"])
@pytest.mark.parametrize("by_word", [True, False])
def test_the_mean_of_the_token_scores_is_that_of_the_unit(tmp_path: Path, objective: str, by_word: bool,
                                                          exact: None) -> None:
    folder, classifier, tokenizer = trained(tmp_path, objective, by_word)
    ours = probabilities(classifier, tokenizer, TEXTS, by_word, LONGEST)
    model, plain, about = use.load(folder, "names")
    for text, wanted in zip(TEXTS, ours, strict=True):
        found = use.scores(model, plain, text, about).softmax(-1).numpy()
        seen = [row for row in range(len(wanted)) if not by_word or np.ptp(found[row]) > 0]  # not behind the cut
        assert len(found) == len(wanted)
        assert seen
        np.testing.assert_allclose(found[seen], wanted[seen], atol=1e-5)


def test_reproducing_says_how_many_answers_are_the_same(tmp_path: Path, exact: None) -> None:
    folder, classifier, tokenizer = trained(tmp_path, "masked", by_word=True)
    kept = probabilities(classifier, tokenizer, TEXTS[:3], True, LONGEST)
    rows = [{"text": text, "labels": [0, *([1] * (len(table) - 1))], "adapted_1": table.argmax(-1).tolist()}
            for text, table in zip(TEXTS[:3], kept, strict=True)]
    found = reproduce(folder, "names", rows, "adapted_1")
    assert found["same"] == 1.0
    assert found["score"] == found["score_before"]
    assert reload_gate({"names": found}).passed
    rows[0]["adapted_1"] = [(label + 1) % 3 for label in rows[0]["adapted_1"]]
    wrong = reproduce(folder, "names", rows, "adapted_1")
    assert wrong["same"] < 1
    assert not reload_gate({"names": wrong}).passed


def test_the_file_that_goes_along_runs_by_itself(tmp_path: Path) -> None:
    folder, _, _ = trained(tmp_path, "masked", by_word=True)
    (folder / "use.py").write_bytes(Path(use.__file__).read_bytes())
    done = subprocess.run([sys.executable, "-I", str(folder / "use.py"), "names", "the red fox"], capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[2] for line in done.stdout.splitlines()] == ["the", "red", "fox"]
    assert "vernacular" not in "".join(line for line in Path(use.__file__).read_text().splitlines() if "import" in line)
    assert use.main(["names"]) == 2


def test_nothing_of_this_machine_goes_along(tmp_path: Path) -> None:
    folder, _, _ = trained(tmp_path, "masked", by_word=False)
    for path in (folder / "adapters").rglob("*.json"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), path
    about = json.loads((folder / "adapters" / "names" / "config.json").read_text(encoding="utf-8"))
    assert about["id2label"] == {"0": "O", "1": "NAME", "2": "PLACE"}


def test_what_cannot_be_exported_is_said(tmp_path: Path) -> None:
    write_bert(tmp_path / "model")
    with pytest.raises(Problem, match="there is no adapter"):
        export(tmp_path, tmp_path / "model", LABELS, {}, tmp_path / "out")
    from transformers import ModernBertConfig
    with pytest.raises(Problem, match="modernbert"):
        parts_of(ModernBertConfig(vocab_size=50, hidden_size=32, intermediate_size=32, num_hidden_layers=1,
                                  num_attention_heads=2, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                                  sep_token_id=2))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(list("abŵ'’ก二ལ་ -"), max_size=20))
def test_words_are_those_of_the_library(text: str) -> None:
    assert use.units(text, by_word=True) == word_spans(text)
