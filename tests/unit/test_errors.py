"""Errors of others as one line: what may pass by itself is told from what a person has to mend."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from vernacular.errors import Passing, Problem, as_problem, full, panics_as_problems


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a"),
    SafetensorError("I/O error: No space left on device (os error 28)"),
    RuntimeError("PytorchStreamWriter failed writing file: No space left on device")])
def test_a_full_disk_may_pass_whoever_says_so(error: Exception) -> None:
    assert full(error) and isinstance(as_problem(error, "qaa model/tiny"), Passing)


def test_other_faults_do_not(tmp_path: Path) -> None:
    with pytest.raises(SafetensorError) as caught:
        save_file({"a": np.zeros(1)}, tmp_path / "not" / "there")
    assert not full(caught.value) and not isinstance(as_problem(caught.value, "x"), Passing)


def panic() -> None:
    """Have a real library of Rust panic: its regex gives up on a text that the probes of a tokenizer do not hold."""
    tokenizer = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("(z|z)+b"), "isolated")
    tokenizer.encode("z" * 40)


def test_a_panic_is_a_problem_and_nothing_else_is_touched() -> None:
    with pytest.raises(Problem) as caught, panics_as_problems("base/tokenizer.json"):
        panic()
    assert caught.value.where == "base/tokenizer.json"
    for error in (KeyboardInterrupt, SystemExit, ValueError):
        with pytest.raises(error), panics_as_problems("here"):
            raise error
