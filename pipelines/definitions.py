"""The code location that ``dagster dev`` loads, built by ``pipelines.build``."""

import gc

from pipelines.build import build_definitions
from pipelines.partial_load import needed

gc.set_threshold(100_000, 50, 100)  # hundreds of thousands of permanent objects are created here
defs = build_definitions(wanted=needed())
