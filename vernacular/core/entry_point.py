"""A function that is imported when it is first called."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class EntryPoint(Generic[_T]):
    """A named function, imported when it is called, so that naming it loads nothing heavy.

    Args:
        function: ``package.module:name``.
        arguments: keyword arguments that every call passes on.
    """

    def __init__(self, function: str, **arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __call__(self, *values: Any, **more: Any) -> _T:
        """Import the function, call it and return its result."""
        module, _, name = self.function.partition(":")
        returned: _T = getattr(import_module(module), name)(*values, **self.arguments, **more)
        return returned
