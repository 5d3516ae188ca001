"""Jobs in processes of their own: order, results and problems are those of one process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest
import torch

from tests.unit.core.test_errors import panic
from vernacular.core.errors import Problem, TransientProblem
from vernacular.pipeline.parallel import in_processes

pytestmark = pytest.mark.skipif(os.name != "posix" or torch.cuda.is_available(), reason="jobs run in one process here")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """As many as jobs need to run side by side."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def _computed(number: int) -> tuple[float, int, int]:
    product = torch.full((300, 300), float(number)) @ torch.ones(300, 300)
    return float(product[0, 0]), torch.get_num_threads(), os.getpid()


def test_results_come_in_the_order_of_the_jobs_from_other_processes() -> None:
    torch.ones(600, 600) @ torch.ones(600, 600)  # this process has started threads, which a fork does not have
    found = in_processes([partial(_computed, number) for number in range(4)])
    assert [value for value, _, _ in found] == [300.0 * number for number in range(4)]
    assert {threads for _, threads, _ in found} == {1} and os.getpid() not in {process for *_, process in found}


def test_one_thread_or_no_memory_means_one_process() -> None:
    assert {process for *_, process in in_processes([partial(_computed, 1)] * 3, weights=2**50)} == {os.getpid()}
    torch.set_num_threads(1)
    assert {process for *_, process in in_processes([partial(_computed, 1)] * 3)} == {os.getpid()}


def test_a_problem_comes_through_as_it_is() -> None:
    def fail() -> None:
        raise TransientProblem("it is away", where="here", fix="Wait")

    with pytest.raises(TransientProblem) as caught:
        in_processes([fail, fail])
    assert (caught.value.what, caught.value.where, caught.value.fix) == ("it is away", "here", "Wait")


def test_a_killed_process_is_a_passing_problem() -> None:
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(TransientProblem):
        in_processes([die, die])


def test_a_panic_in_a_process_is_a_problem() -> None:
    with pytest.raises(Problem):
        in_processes([panic, panic])
