"""Run independent jobs of one stage in separate processes, since small models use only one core well."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import psutil

from vernacular.core.codes import Code
from vernacular.core.errors import TransientProblem, panics_as_problems
from vernacular.pipeline.parent_process import can_fork, end_when_alone

_T = TypeVar("_T")
_ROOM = 2**30  # bytes per job in addition to its model
_jobs: Sequence[Callable[[], object]] = ()


def in_processes(jobs: Sequence[Callable[[], _T]], weights: int = 0) -> list[_T]:
    """Return the results of ``jobs`` in order; they run in parallel if cores and memory allow it.

    Each process uses one thread, since forks lose torch's threads. So jobs run in this process if
    there are many more cores than jobs, or a GPU.

    Args:
        jobs: independent, the longest first; results must be picklable.
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
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _prepare)
    try:
        running: list[Future[Any]] = [pool.submit(_run, number) for number in range(len(jobs))]
        return [job.result() for job in running]
    except BrokenProcessPool as error:
        raise TransientProblem("a process was killed, probably because memory ran out", where="parallel",
                               fix="Close other programs and run again; work resumes",
                               code=Code.STAGE_STOPPED) from error
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


def _prepare() -> None:
    import torch
    from threadpoolctl import threadpool_limits
    end_when_alone()
    torch.set_num_threads(1)
    threadpool_limits(1)  # limits NumPy and SciPy
