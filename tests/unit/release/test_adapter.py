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
from tests.unit.tasks.made import kind_of, names_kind, tagged, task_of, topics
from vernacular.config.schema import Lora
from vernacular.corpus.words import word_spans
from vernacular.errors import Problem
from vernacular.models import load_model, load_tokenizer
from vernacular.release import use
from vernacular.release.adapter import export, parts_of
from vernacular.release.bundle import as_it_is
from vernacular.release.gates import reload_gate
from vernacular.release.reproduce import reproduce_labels, reproduce_others
from vernacular.tasks.kind import Item, Labelling
from vernacular.tasks.network import Network, load, save, unread

TEXTS = ["the red fox jumps over the river", "a lazy dog, it's said, looks at the market in 1999", "crow", "naïve ŵa",
         "the quick horse " * 12]
ITEMS = [Item(text, (0, *[1] * (len(word_spans(text)) - 1))) for text in TEXTS]
GIVEN = [Item("red fox , again", (1, 1, 0, 0), spans=((0, 3), (4, 7), (8, 9), (10, 15)))]
LONGEST = 32


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full precision, as for whoever loads a release: on random weights bfloat16 turns near ties."""
    monkeypatch.setattr("vernacular.tasks.network.autocast", lambda device: nullcontext())


def kind_of_shape(shape: str) -> Labelling:
    """A kind of each shape that an adapter may have."""
    if shape == "entities":
        rows = tagged("Ada/B-PER Banda/I-PER ku/O Lilongwe/B-LOC City/I-LOC")
        return kind_of(task_of("token_classification"), rows)
    if shape == "pairs":
        task = task_of("sentence_pairs")
        return type(kind_of(task, []))(task, ["no", "yes"])
    return names_kind() if shape == "words" else topics("a", "b", "c", multi_label=shape == "many")


def about_kind(kind: Labelling, shape: str) -> dict[str, Any]:
    return {"labels": kind.labels, "unit": "word" if kind.by_word else "text", "longest": LONGEST,
            "choice": shape if shape in ("entities", "many") else "best"}


def trained(folder: Path, shape: str = "words", objective: str = "masked", method: str = "lora"
            ) -> tuple[Labelling, Network, Any]:
    """A release in ``folder`` with one adapter whose weights are random, and the network that it was made from."""
    (write_bert if objective == "masked" else write_llama)(folder / "model")
    kind, tokenizer = kind_of_shape(shape), load_tokenizer(folder / "model")
    network = kind.network(load_model(folder / "model", objective), Lora(rank=2, alpha=4, method=method), 1).eval()
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:  # LoRA starts at no change; this is some
                parameter.add_(torch.randn_like(parameter) / 4)
    save(network, folder / "trained")
    export(folder / "trained", folder / "model", about_kind(kind, shape), folder / "adapters" / "names")
    return kind, load(load_model(folder / "model", objective), folder / "trained"), tokenizer


@pytest.mark.parametrize("objective", ["masked", "causal"])
@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("shape", ["words", "entities", "text", "many", "pairs"])
def test_a_stranger_gets_the_answers_of_the_library(tmp_path: Path, shape: str, objective: str, method: str,
                                                    exact: None) -> None:
    kind, network, tokenizer = trained(tmp_path, shape, objective, method)
    items = [Item(text, second="a green crow " * 20) for text in TEXTS] if shape == "pairs" else [*ITEMS, *GIVEN]
    ours = kind.predict(network, tokenizer, items, LONGEST)
    with torch.inference_mode():
        tables = kind.tables(network, kind.encode(items, tokenizer, LONGEST), tokenizer.pad_token_id)
    model, plain, about = use.load(tmp_path, "names")
    for item, wanted, table in zip(items, ours, tables, strict=True):
        found = use.scores(model, plain, item.text, about, item.spans, item.second)
        chances = found.sigmoid() if shape == "many" else found.softmax(-1)
        np.testing.assert_allclose(chances.numpy(), table, atol=1e-5)
        assert use.choose(found, about) == list(wanted)


@pytest.mark.parametrize("objective", ["masked", "causal"])
def test_what_is_too_long_is_refused_and_not_answered_by_chance(tmp_path: Path, objective: str) -> None:
    _, _, tokenizer = trained(tmp_path, "words", objective)
    model, plain, about = use.load(tmp_path, "names")
    for length in range(1, 40):
        text = " ".join(["crow"] * length)
        behind = use.unread(plain, text, about)
        assert behind == unread(text, tokenizer, LONGEST) and text.endswith(behind)
        if behind:
            with pytest.raises(ValueError, match="too long: the model reads"):
                use.answer(model, plain, text, about)
        else:
            assert len(use.answer(model, plain, text, about)) == length
    assert behind


@pytest.mark.parametrize("objective", ["masked", "causal"])
def test_so_is_a_pair_whichever_text_makes_it_long(tmp_path: Path, objective: str) -> None:
    trained(tmp_path, "pairs", objective)
    model, plain, about = use.load(tmp_path, "names")
    refused = 0
    for first, second in ((1, 1), (20, 1), (1, 20), (14, 14), (15, 15), (40, 1), (1, 40), (40, 40)):
        pair = [" ".join(["crow"] * first), " ".join(["fox"] * second)]
        behind = use.unread(plain, pair[0], about, pair[1])
        long = len(plain(*use.inputs(plain, *pair))["input_ids"]) > LONGEST
        assert bool(behind) == long
        if long:
            with pytest.raises(ValueError, match="too long: the model reads"):
                use.answer(model, plain, pair[0], about, pair[1])
            refused += 1
        else:
            assert len(use.answer(model, plain, pair[0], about, pair[1])) == 1
    assert 0 < refused < 8


def test_reproducing_says_how_many_answers_are_the_same(tmp_path: Path, exact: None) -> None:
    kind, network, tokenizer = trained(tmp_path)
    kept = kind.predict(network, tokenizer, ITEMS, LONGEST)
    found = {"alone": True, **reproduce_labels(tmp_path, "names", kind, ITEMS, kept)}
    assert found["same"] == 1.0
    assert found["score"] == found["score_before"]
    assert reload_gate({"names": found}).reason.endswith("100.0% of them at least")
    assert reload_gate({"names": found, "shift": {**found, "alone": False}}).reason.endswith("peft alone: shift")
    kept[0] = [1 - label for label in kept[0]]
    wrong = {"alone": True, **reproduce_labels(tmp_path, "names", kind, ITEMS, kept)}
    assert wrong["same"] < 1
    assert not reload_gate({"names": wrong}).passed


@pytest.mark.parametrize(("name", "objective"), [
    ("question_answering", "masked"), ("question_answering", "causal"), ("sentence_retrieval", "masked"),
    ("generation", "causal")])
def test_adapters_that_label_nothing_are_asked_again_too(tmp_path: Path, name: str, objective: str) -> None:
    (write_bert if objective == "masked" else write_llama)(tmp_path / "model")
    prompt = {"prompt": {"format": "{source}:{target}", "longest_answer": 8}} if name == "generation" else {}
    kind = kind_of(task_of(name, **prompt), [])
    items = [Item(text, spans=((4, 7),) if name == "question_answering" else None, second=f"a {text[4:9]} looks")
             for text in [*TEXTS[:2], "every lazy crow", "one market and two"]]

    def save_random(seed: int, to: Path) -> None:
        network = kind.network(load_model(tmp_path / "model", objective), Lora(rank=2, alpha=4), 1)
        torch.manual_seed(seed)
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.requires_grad:
                    parameter.add_(torch.randn_like(parameter))
        save(network, to)

    save_random(3, tmp_path / "trained")
    kept = kind.predict(load(load_model(tmp_path / "model", objective), tmp_path / "trained"),
                        load_tokenizer(tmp_path / "model"), items, LONGEST)
    as_it_is(tmp_path / "trained", {"task": "shift"}, tmp_path / "adapters" / "shift")
    found = reproduce_others(tmp_path, "shift", objective, LONGEST, kind, items, kept)
    assert (found["items"], found["same"]) == (4, 1.0) and found["score"] == found["score_before"]
    assert reload_gate({"shift": {"alone": False, **found}}).passed
    save_random(4, tmp_path / "adapters" / "shift")  # another adapter got there
    found = reproduce_others(tmp_path, "shift", objective, LONGEST, kind, items, kept)
    assert not reload_gate({"shift": {"alone": False, **found}}).passed


def test_the_file_that_goes_along_runs_by_itself(tmp_path: Path) -> None:
    trained(tmp_path)
    (tmp_path / "use.py").write_bytes(Path(use.__file__).read_bytes())
    done = subprocess.run([sys.executable, "-I", str(tmp_path / "use.py"), "names", "the red fox"], capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == ["the", "red", "fox"]
    assert "vernacular" not in "".join(line for line in Path(use.__file__).read_text().splitlines() if "import" in line)
    assert use.main(["names"]) == 2
    (tmp_path / "adapters" / "shift").mkdir()
    (tmp_path / "adapters" / "shift" / "task.json").write_text('{"task": "shift", "kind": "generation"}')
    for task in ("shift", "nothere"):
        done = subprocess.run([sys.executable, "-I", str(tmp_path / "use.py"), task, "the red fox"],
                              capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 2
        assert done.stderr.endswith(f"There is no task {task} that gives labels. Write one of: names\n")


def test_nothing_of_this_machine_goes_along(tmp_path: Path) -> None:
    kind, _, _ = trained(tmp_path, "entities")
    for path in (tmp_path / "adapters").rglob("*.json"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), path
    about = json.loads((tmp_path / "adapters" / "names" / "config.json").read_text(encoding="utf-8"))
    assert about["id2label"] == {str(number): label for number, label in enumerate(kind.labels)}


def test_what_cannot_be_exported_is_said(tmp_path: Path) -> None:
    write_bert(tmp_path / "model")
    with pytest.raises(Problem, match="there is no adapter"):
        export(tmp_path, tmp_path / "model", {"labels": []}, tmp_path / "out")
    from transformers import ModernBertConfig
    with pytest.raises(Problem, match="modernbert"):
        parts_of(ModernBertConfig(vocab_size=50, hidden_size=32, intermediate_size=32, num_hidden_layers=1,
                                  num_attention_heads=2, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                                  sep_token_id=2))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(list("abŵ'’ก二ལ་ -"), max_size=20))
def test_words_are_those_of_the_library(text: str) -> None:
    assert use.units(text, {"unit": "word"}) == word_spans(text)
