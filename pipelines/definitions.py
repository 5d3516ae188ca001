"""The code location: what ``dagster dev`` loads. Everything is made in ``pipelines.build``."""

from pipelines.build import build_definitions

defs = build_definitions()
