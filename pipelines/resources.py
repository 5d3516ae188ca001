"""The resources that assets are handed: where results live. Launchers have a module of their own."""

from __future__ import annotations

from pathlib import Path

from dagster import ConfigurableResource

from vernacular.artifacts import Store


class StoreResource(ConfigurableResource["StoreResource"]):
    """The root of the artifacts.

    Attributes:
        root: a local folder.
    """

    root: str

    def open(self) -> Store:
        """The store below the root."""
        return Store(Path(self.root))
