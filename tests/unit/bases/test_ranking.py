"""The order of candidates, case by case of the rule."""

from __future__ import annotations

from typing import Any

import pytest

from vernacular.bases.languages import Spoken, spoken_as
from vernacular.bases.ranking import choices_for, first_of, larger_of
from vernacular.bases.table import Candidate, read_table
from vernacular.modeling.classifier_families import LACKING

SPOKEN = Spoken("nya", "Chichewa", "Latn", ("sna", "swa"))
FACTS = ("licence", "parameters", "family", "objective", "sentences", "languages", "count", "vocabulary", "shape")


def made(name: str, **changes: Any) -> Candidate:
    row = {"licence": "mit", "parameters": 100_000_000, "family": "bert", "objective": "masked", "languages": ["eng"],
           "vocabulary": 30_000, "shape": {"width": 256, "layers": 6, "heads": 4, "tied": True}, **changes}
    return Candidate.model_validate({"id": f"a/{name}", **row, "sources": [
        {"url": "https://example.org", "facts": [fact for fact in FACTS if row.get(fact)]}]})


def scored(value: float, task: str = "token_classification") -> list[dict[str, Any]]:
    return [{"dataset": "d", "task": task, "measure": "F1", "url": "https://example.org", "values": {"nya": value}}]


def order(*candidates: Candidate, task: str = "token_classification", machine: Any = "24") -> list[str]:
    return [choice.candidate.id.removeprefix("a/") for choice in choices_for(SPOKEN, candidates, task, machine)]


@pytest.mark.parametrize(("better", "worse"), [
    (made("b", languages=["nya"]), made("a", languages=["swa"])),
    (made("b", languages=["nya"]), made("a", languages=["nya"], objective="causal")),
    (made("b", count=1800), made("a", languages=["swa", "sna"])),
    (made("b", languages=["swa", "sna"]), made("a", languages=["swa"])),
    (made("b", languages=["swa"]), made("a")), (made("b"), made("a", languages=["amh"])),
    (made("b"), made("a", licence="gemma")), (made("b", licence="gemma"), made("a", licence="cc-by-nc-4.0")),
    (made("b"), made("a", licence=None)), (made("b", parameters=10_000_000), made("a")),
    (made("b", scores=scored(.9)), made("a", scores=scored(.8))),
    (made("b", scores=scored(.9)), made("a", parameters=10_000_000)),
    (made("b", parameters=200_000_000), made("a", parameters=20_000_000_000, languages=["nya"])),  # does not fit
    (made("b"), made("a", languages=["nya"], family="xglm", objective="causal"))])  # no classifier
def test_the_rule(better: Candidate, worse: Candidate) -> None:
    assert order(worse, better) == ["b", "a"]


def test_scores_of_other_kinds_of_task_do_not_count() -> None:
    topics = made("a", scores=scored(.9, "sequence_classification"))
    assert order(topics, made("b", parameters=10_000_000)) == ["b", "a"]


def test_scores_of_different_benchmarks_are_not_compared() -> None:
    other = [{**scored(.99)[0], "dataset": "easy"}]
    rows = [made("easy", scores=other), made("x", scores=scored(.7)), made("y", scores=scored(.8))]
    assert order(*rows) == ["y", "x", "easy"]


@pytest.mark.parametrize(("task", "objective", "against"), [
    ("generation", "masked", True), ("generation", "causal", False), ("sentence_retrieval", "causal", True),
    ("sentence_retrieval", "masked", False), ("question_answering", "causal", False)])
def test_what_an_objective_cannot_learn(task: str, objective: str, against: bool) -> None:
    choice, = choices_for(SPOKEN, [made("a", objective=objective)], task, "24")
    assert bool(choice.against) is against
    assert (first_of([choice]) is None) is against


def test_search_takes_sentence_encoders_first() -> None:
    rows = made("a", languages=["nya"]), made("b", sentences=True)
    assert order(*rows, task="sentence_retrieval") == ["b", "a"]
    assert order(*rows) == ["a", "b"]


def test_a_larger_one_is_named_that_knows_as_much() -> None:
    rows = [made("small", languages=["nya"]), made("large", languages=["nya"], parameters=300_000_000),
            made("larger", parameters=400_000_000)]
    choices = choices_for(SPOKEN, rows, "token_classification", "24")
    first = first_of(choices)
    assert first is not None and first.candidate.id == "a/small"
    then = larger_of(choices, first)
    assert then is not None and then.candidate.id == "a/large"


def test_models_for_one_language_are_named_or_left_out() -> None:
    names = {code: {choice.candidate.id for choice in choices_for(spoken_as(code), read_table(), "generation", None)}
             for code in ("nya", "eng", "bod")}
    assert "goldfish-models/nya_latn_full" in names["nya"] and "goldfish-models/bod_tibt_full" in names["bod"]
    assert not any("goldfish" in name for name in names["eng"])


def test_every_family_of_the_table_has_known_classifiers() -> None:
    for row in read_table():
        assert row.family is not None, row.id
    assert {"gemma3_text", "xglm", "apertus"} <= {*LACKING} & {row.family for row in read_table()}
