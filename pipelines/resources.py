"""The resources of assets: the store. Launchers have a separate module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import ConfigurableResource, InitResourceContext

from pipelines.run_locks import alive
from vernacular.core.store import Store


class StoreResource(ConfigurableResource["StoreResource"]):
    """The root of the artifacts; while a run has it, the run is known to be alive."""

    root: str

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[StoreResource]:
        """Keep the run's lock for the lifetime of its process."""
        if context.instance is None or context.run is None:
            yield self
            return
        with alive(context.instance, context.run.run_id):
            yield self

    def open(self) -> Store:
        """Return the store below the root."""
        return Store(Path(self.root))
