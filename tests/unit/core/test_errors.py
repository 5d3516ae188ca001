"""Errors of libraries and the system as one line, divided into transient ones and those that a person has to fix."""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.numpy import save_file

from tests.panics import panic
from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import (
    Collector,
    Problem,
    Problems,
    TransientProblem,
    as_problem,
    faults_as_problems,
    is_disk_full,
    panics_as_problems,
)
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import read_bounded


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a"),
    SafetensorError("I/O error: No space left on device (os error 28)"),
    RuntimeError("PytorchStreamWriter failed writing file: No space left on device")])
def test_a_full_disk_may_pass_whoever_says_so(error: Exception) -> None:
    assert is_disk_full(error) and isinstance(as_problem(error, "qaa model/tiny"), TransientProblem)


def test_other_faults_do_not(tmp_path: Path) -> None:
    with pytest.raises(SafetensorError) as caught:
        save_file({"a": np.zeros(1)}, tmp_path / "not" / "there")
    assert not is_disk_full(caught.value) and not isinstance(as_problem(caught.value, "x"), TransientProblem)


def test_a_panic_is_a_problem_and_nothing_else_is_touched() -> None:
    with pytest.raises(Problem) as caught, panics_as_problems("base/tokenizer.json"):
        panic()
    assert caught.value.where == "base/tokenizer.json"
    for error in (KeyboardInterrupt, SystemExit, ValueError):
        with pytest.raises(error), panics_as_problems("here"):
            raise error


@pytest.mark.parametrize("of_family", [True, False])
def test_missing_memory_and_interruption_are_no_faults_of_a_model(of_family: bool) -> None:
    full = RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: ...")
    for error in (MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), full, KeyboardInterrupt(),
                  OSError(errno.ENOSPC, "full")):
        with pytest.raises(type(error)) as caught, faults_as_problems("a step", "models base", of_family):
            raise error
        assert caught.value is error


@pytest.mark.parametrize(("error", "of_family", "code"), [
    (ImportError("timm"), False, Code.MODEL_KIND), (RuntimeError("shape"), True, Code.MODEL_KIND),
    (RuntimeError("shape"), False, Code.MODEL_FILES)])
def test_other_faults_of_a_model_are_one_line_with_the_librarys_words(
        error: Exception, of_family: bool, code: str) -> None:
    with pytest.raises(Problem) as caught, faults_as_problems("a step", "models base", of_family):
        raise error
    assert caught.value.code == code and str(error) in caught.value.what


def test_several_problems_are_one_that_says_the_first_and_their_number() -> None:
    faults = Collector()
    for line in range(1, 14):
        with faults.collect():
            raise Problem("too long", where=f"a.txt:{line}", fix="Cut it")
    faults.add(Problem("not there", where="b.txt", fix="Put it there"))
    with pytest.raises(Problems) as caught:
        faults.raise_collected()
    assert [each.where for each in caught.value.problems] == [*(f"a.txt:{line}" for line in range(1, 11)), "b.txt"]
    assert caught.value.beyond == {"a.txt": 3} and caught.value.number == 14
    assert (caught.value.file, caught.value.line) == ("a.txt", 1) and "\n" not in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(again) == str(caught.value) and again.number == 14


def test_what_is_collected_twice_counts_once_and_one_alone_stays_as_it_is() -> None:
    faults, problem = Collector(), TransientProblem("busy", where="a", fix="Wait")
    faults.add(problem)
    faults.add(TransientProblem("busy", where="a", fix="Wait"))
    assert faults.combined() is problem


def test_what_a_message_quotes_is_cut() -> None:
    problem = Problem("x" * 900_000, where="y" * 900_000, fix=f"Columns here: {'z, ' * 300_000}; name one")
    assert len(str(problem)) < 6200 and problem.fix.endswith("; name one") and problem.what.startswith("xxx")


def in_worker_problems(files: object) -> Iterator[str]:
    """In the worker: two problems."""
    yield "a"
    raise Problems([Problem("one", where="a:1", fix="Mend"), Problem("two", where="b:2", fix="Mend")], {"b": 4})


def test_several_problems_come_back_from_the_worker() -> None:
    with pytest.raises(Problems) as caught:
        read_bounded(f"{__name__}:in_worker_problems", [], [], "a", for_file(Limits(), 0))
    assert [each.where for each in caught.value.problems] == ["a:1", "b:2"] and caught.value.number == 6
