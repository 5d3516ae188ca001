"""A function that is named, and imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class EntryPoint(Generic[_T]):
    """A function that is imported when it is called, so that whoever names it loads nothing heavy.

    Args:
        function: ``package.module:name``.
        arguments: passed on as keywords, after what a call gives.
    """

    def __init__(self, function: str, **arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __call__(self, *values: Any, **more: Any) -> _T:
        """What the function returns."""
        module, _, name = self.function.partition(":")
        returned: _T = getattr(import_module(module), name)(*values, **self.arguments, **more)
        return returned
