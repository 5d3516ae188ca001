"""The code location of a part of the languages, as an attribute: ``shard_2_of_28``, built when Dagster asks for it.

Dagster loads a code location from a module and the name of an attribute; a name for each of so many parts would have
to be written down, and each process would build all of them.
"""

from __future__ import annotations

import functools
import gc

from dagster import Definitions

from pipelines.build import build_definitions
from pipelines.code_locations import shard_named
from pipelines.partial_load import needed


@functools.cache
def __getattr__(name: str) -> Definitions:
    """The definitions of the part named ``name``."""
    try:
        shard = shard_named(name)
    except ValueError:
        raise AttributeError(name) from None
    gc.set_threshold(100_000, 50, 100)  # as in pipelines.definitions
    return build_definitions(wanted=needed(), shard=shard)
