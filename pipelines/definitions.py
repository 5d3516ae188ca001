"""The code location: what ``dagster dev`` loads. Everything is made in ``pipelines.build``."""

import gc

from pipelines.build import build_definitions
from pipelines.partial_load import needed

gc.set_threshold(100_000, 50, 100)  # hundreds of thousands of objects are made here, and all are kept
defs = build_definitions(wanted=needed())
