"""What a result writes and reads: nothing that was not set, null for what is no number, and no other version's."""

from __future__ import annotations

import json
import math

import pytest

from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.core.result import Interval, NoResult, Number, OptionalNumber, Result


class Found(Result):
    score: Number
    ends: Interval
    asked: OptionalNumber
    more: dict[str, int] | None = None
    note: str = ""


class FoundMore(Found):
    verdict: str


WHOLE = {"score": 1, "ends": [0.0, 0.5, 1.0], "asked": None}


def test_what_was_not_set_is_not_written_and_what_has_no_default_is() -> None:
    assert Found(score=1, ends=(0.0, 0.5, 1.0), asked=None).as_json() == WHOLE
    assert Found(score=1, ends=(0.0, 0.5, 1.0), asked=None, more={}, note="").as_json() == WHOLE | {
        "more": {}, "note": ""}
    assert json.dumps(Found.model_validate(WHOLE).as_json()) == json.dumps(WHOLE)  # a whole number stays one


def test_what_is_no_number_is_null_and_comes_back() -> None:
    written = Found(score=math.nan, ends=(0.0, math.nan, 1.0), asked=2).as_json()
    assert (written["score"], written["ends"]) == (None, [0.0, None, 1.0])
    read = Found.model_validate(written)
    assert math.isnan(read.score) and math.isnan(read.ends[1])


def test_a_result_is_extended_by_what_is_set() -> None:
    more = FoundMore.extending(Found.model_validate(WHOLE), verdict="gain")
    assert more.as_json() == WHOLE | {"verdict": "gain"}


@pytest.mark.parametrize("details", [{}, WHOLE | {"of_another_version": 1}, WHOLE | {"score": "high"}])
def test_a_report_of_another_version_is_a_problem_that_names_the_stage(details: dict[str, int]) -> None:
    with pytest.raises(Problem, match="VN-RESULT-UNREADABLE") as raised:
        Report(details=details).read_result(Found, "task/topic_tiny")
    assert raised.value.where == "task/topic_tiny" and "task/topic_tiny" in raised.value.fix


def test_a_report_gives_back_the_result_that_was_set() -> None:
    report, result = Report(), FoundMore(score=1, ends=(0.0, 0.5, 1.0), asked=None, verdict="gain")
    report.set_result(result)
    assert Report.model_validate_json(report.model_dump_json()).read_result(FoundMore, "a") == result
    assert Report().read_result(NoResult, "a") == NoResult()
