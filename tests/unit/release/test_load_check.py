"""What a release gives to the calls of transformers and Sentence Transformers is what the library scored."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import write_bert
from tests.unit.release.tiny_releases import LONGEST, items_of_shape, kind_of_shape, write_release
from tests.unit.tasks.made import topics
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.release import ecosystem
from vernacular.release import load_check as loads
from vernacular.release.export import export_task, write_sentence_modules
from vernacular.release.gates import loads_gate
from vernacular.release.load_check import Asked, check_release, run_calls
from vernacular.release.stage_results import ModelCheck, TaskCheck

LINES = ["the red fox jumps over the river " * 12, "the red fox jumps over the river", "a lazy dog looks at the market",
         "every green crow flies over the school"]
HERE = Path(ecosystem.__file__)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer the calls in this process, which has loaded the libraries already."""
    monkeypatch.setattr(loads, "run_calls", lambda calls: [ecosystem.CALLS[call["call"]](call) for call in calls])


@pytest.mark.parametrize("objective", ["masked", "causal"])
@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("shape", ["names", "entities", "tags", "text", "many", "pairs", "search"])
def test_the_calls_of_the_ecosystem_give_the_scored_answers(tmp_path: Path, shape: str, objective: str, method: str,
                                                            inside: None) -> None:
    asked = write_release(tmp_path, shape, objective, method)
    found = check_release(tmp_path / "out", objective, [asked], LINES, LONGEST)
    one = found.tasks[shape]
    assert one.alone and ((one.same == 1.0 and one.score == one.score_before) or
                          ((shape, objective) == ("entities", "causal") and one.same > 0.9))  # a group may be split
    if objective == "masked" and one.strategy:
        assert one.strategy == "first" and set(one.by_strategy) == {"first", "simple"}
    for check in found.model.values():
        assert check.same == 1.0 and check.difference < 1e-5


@pytest.mark.parametrize(("shape", "objective"), [
    ("question_answering", "masked"), ("question_answering", "causal"), ("generation", "causal")])
def test_tasks_without_a_call_are_asked_through_the_library(tmp_path: Path, shape: str, objective: str,
                                                            inside: None) -> None:
    asked = write_release(tmp_path, shape, objective)
    one = check_release(tmp_path / "out", objective, [asked], [], LONGEST).tasks[shape]
    assert one.same == 1.0 and not one.alone
    assert loads_gate({shape: one}, {}).passed


def test_a_process_without_the_library_loads_model_and_task(tmp_path: Path) -> None:
    asked = write_release(tmp_path, "entities")
    write_sentence_modules(tmp_path / "out", 32, LONGEST)
    found = check_release(tmp_path / "out", "masked", [asked], LINES, LONGEST)
    assert set(found.model) == {"fill-mask", "sentence-embeddings"}
    assert all(check.same == 1.0 and check.difference < 1e-5 for check in found.model.values())
    assert found.tasks["entities"].same == 1.0
    assert "vernacular" in sys.modules and sys.modules["vernacular"] is not None


def test_a_search_that_nothing_was_trained_for_is_asked_of_the_model_itself(tmp_path: Path, inside: None) -> None:
    write_bert(tmp_path, head=True)
    write_sentence_modules(tmp_path, 32, LONGEST)
    kind, items = kind_of_shape("search"), items_of_shape("search")
    scored = kind.untrained("masked", load_model(tmp_path, "masked"), load_tokenizer(tmp_path), [], items, LONGEST, [])
    asked = Asked("search", "", kind, items, scored["0_shot"][0], LONGEST, None, 0.5)
    one = check_release(tmp_path, "masked", [asked], [], LONGEST).tasks["search"]
    assert one.same == 1.0 and one.alone


def test_what_does_not_load_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem):
        run_calls([{"call": "fill-mask", "folder": str(tmp_path), "inputs": ["a"], "most": 1}])


def test_the_gate_names_what_differs(tmp_path: Path, inside: None) -> None:
    asked = write_release(tmp_path, "text")
    wrong = [[(answer[0] + 1) % 3] for answer in asked.scored]
    found = check_release(tmp_path / "out", "masked", [replace(asked, scored=wrong)], LINES, LONGEST)
    assert found.tasks["text"].same == 0.0
    gate = loads_gate({"text": found.tasks["text"]}, {})
    assert not gate.passed and "text" in gate.reason and gate.value == 0.0
    right = TaskCheck(seed=1, card=0.5, call="text-classification", items=200, answers=200, same=1.0, score=0.5,
                      score_before=0.5, strategy="", by_strategy={}, alone=True)
    assert loads_gate({"text": right}, {"fill-mask": ModelCheck(items=4, same=1.0, difference=1e-6)}).passed
    assert not loads_gate({"text": right}, {"fill-mask": ModelCheck(items=4, same=1.0, difference=1e-2)}).passed
    assert not loads_gate({"text": right}, {"fill-mask": ModelCheck(items=4, same=0.5, difference=0.0)}).passed
    nan = float("nan")
    assert not loads_gate({"text": right}, {"fill-mask": ModelCheck(items=4, same=1.0, difference=nan)}).passed
    assert not loads_gate({"text": right.model_copy(update={"score": nan})}, {}).passed


def test_nothing_of_this_machine_goes_along(tmp_path: Path) -> None:
    write_release(tmp_path, "entities")
    for path in (tmp_path / "out").rglob("*.json"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), path
    config = json.loads((tmp_path / "out" / "tasks" / "entities" / "config.json").read_text(encoding="utf-8"))
    assert config["id2label"] == {"0": "O", "1": "B-LOC", "2": "I-LOC", "3": "B-PER", "4": "I-PER"}


def test_what_was_not_trained_is_shown(tmp_path: Path) -> None:
    write_bert(tmp_path / "out")
    with pytest.raises(Problem):
        export_task(topics("a", "b"), tmp_path, tmp_path / "out", "masked", LONGEST, {}, tmp_path / "out" / "tasks")


def test_the_process_imports_nothing_of_the_library() -> None:
    lines = [line for line in HERE.read_text(encoding="utf-8").splitlines() if "import" in line.split("#")[0].split()]
    assert lines and not [line for line in lines if "vernacular" in line]


def test_groups_of_a_pipeline_become_labels_of_words() -> None:
    kind: Any = kind_of_shape("entities")
    item = Item("Ada Banda , Lilongwe Zomba", (0,) * 5, spans=((0, 3), (4, 9), (10, 11), (12, 20), (21, 26)))
    groups = [(12, 20, "LOC"), (0, 9, "PER"), (21, 26, "LOC")]
    assert [kind.labels[label] for label in kind.of_groups(item, groups)] == ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"]
