"""Independent jobs of one stage in processes of their own: small models keep one core busy, and seldom two."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import psutil

from vernacular.core.errors import TransientProblem, panics_as_problems
from vernacular.pipeline import parent_process
from vernacular.pipeline.parent_process import can_fork

_T = TypeVar("_T")
_ROOM = 2**30  # bytes of a job besides its model
_jobs: Sequence[Callable[[], object]] = ()


def in_processes(jobs: Sequence[Callable[[], _T]], weights: int = 0) -> list[_T]:
    """The results of ``jobs`` in their order; they run side by side where cores and memory allow it.

    Each process computes with one thread, since a fork misses the threads that torch has started. So the jobs run in
    this process where there are many more cores than jobs, or a card.

    Args:
        jobs: independent of one another, the longest first; their results can be pickled.
        weights: bytes of the weights that a job loads.

    Raises:
        TransientProblem: a process was killed.
    """
    import torch
    global _jobs
    cores = torch.get_num_threads()
    if not can_fork() or cores > 2 * len(jobs):
        return [job() for job in jobs]
    count = min(len(jobs), cores, psutil.virtual_memory().available // (_ROOM + 3 * weights))
    if count < 2:
        return [job() for job in jobs]
    _jobs = jobs
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _prepare, (os.getpid(),))
    try:
        running: list[Future[Any]] = [pool.submit(_run, number) for number in range(len(jobs))]
        return [job.result() for job in running]
    except BrokenProcessPool as error:
        raise TransientProblem("a process was killed, most likely since memory ran out", where="parallel",
                               fix="Close other programs; running again resumes") from error
    except BaseException:
        for worker in list(pool._processes.values()):
            worker.terminate()
        raise
    finally:
        _jobs = ()
        pool.shutdown(cancel_futures=True)


def _run(number: int) -> object:
    with panics_as_problems("parallel"):
        return _jobs[number]()


def _prepare(parent: int) -> None:
    import torch
    from threadpoolctl import threadpool_limits
    parent_process.PARENT = parent
    parent_process.interrupt_when_alone()
    torch.set_num_threads(1)
    threadpool_limits(1)  # of NumPy and SciPy
