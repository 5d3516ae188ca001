"""Batches of documents on a Ray cluster, with Ray Data: for a corpus that outgrows one machine.

Set ``VERNACULAR_BATCHES=ray`` in the environment, with ``RAY_ADDRESS`` for a cluster elsewhere. Every node has to see
the artifacts under the same path, since the batch function reads the identifier there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import pyarrow as pa

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

VARIABLE = "VERNACULAR_BATCHES"
_AT_ONCE = 64  # batches that Ray holds at a time


class TableFunction(Protocol):
    """Any function from a table to a table that Ray can send to another process."""

    def __call__(self, documents: pa.Table) -> pa.Table:
        """What is found out about ``documents``."""
        ...


def wants_ray() -> bool:
    """Whether the environment asks for Ray.

    Raises:
        Problem: it asks for something else.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", "ray"):
        raise Problem(f"{VARIABLE} is {asked!r}", where="environment", fix="Write `ray`, or leave it out",
                      code=Code.ENVIRONMENT)
    return asked == "ray"


def run_on_ray(batches: Iterator[pa.Table], function: TableFunction) -> Iterator[pa.Table]:
    """What ``function`` returns for each of ``batches``, in any order.

    Raises:
        Problem: Ray is not installed.
    """
    try:
        import ray.data
    except ModuleNotFoundError:
        raise Problem(f"{VARIABLE} asks for Ray, which is not installed", where="environment",
                      fix="Run `pip install -c constraints.txt -e '.[ray]'`", code=Code.INSTALLATION) from None
    while part := list(islice(batches, _AT_ONCE)):
        found = ray.data.from_arrow(part).map_batches(function, batch_format="pyarrow", batch_size=None)
        for table in found.to_arrow_refs():
            yield ray.get(table)
