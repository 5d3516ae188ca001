"""Which families have classifiers: the lists agree with transformers."""

from __future__ import annotations

import pytest
from transformers.models.auto import modeling_auto

from tests.family_shapes import FAMILIES
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.modeling.classifier_families import (
    _WITH_BOTH,
    LACKING,
    Unit,
    lacks_classifier,
    missing_classifiers,
)

MAPPINGS: dict[Unit, object] = {"word": modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
                                "text": modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES}
TASKS = {"names": Task.model_validate({"kind": "token_classification", "labels": {"kind": "capitalised"}})}


@pytest.mark.parametrize("unit", MAPPINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_lists_are_those_of_transformers(family: str, unit: Unit) -> None:
    missing = family not in MAPPINGS[unit]  # type: ignore[operator]
    assert (unit in LACKING.get(family, ())) is missing
    assert lacks_classifier(family, unit) is missing


def test_every_tested_family_is_listed_once() -> None:
    assert {*FAMILIES} == _WITH_BOTH | {*LACKING}
    assert not _WITH_BOTH & {*LACKING}


def test_an_unknown_family_is_left_to_loading() -> None:
    assert not lacks_classifier("no_such_family", "word")


def test_a_problem_for_each_classifier_that_is_missing() -> None:
    problem, = missing_classifiers("gemma3_text", TASKS, "here")
    assert problem.code == Code.MODEL_KIND and problem.where == "here"
    assert not [*missing_classifiers("bert", TASKS, "here")]


def test_a_decoder_of_bart_classifies_no_text() -> None:
    assert lacks_classifier("bart", "text") and lacks_classifier("mbart", "text")
