"""Validate ``behaviour/*.yaml``; errors are explained in one line each."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from vernacular.config.explain import explain
from vernacular.config.yaml_file import Node
from vernacular.core.errors import combine

Kind = TypeVar("Kind", bound=BaseModel)


def validate(kind: type[Kind], node: Node) -> Kind:
    """Validate ``node`` as a ``kind``.

    Raises:
        Problem: all errors, with lines; unknown keys come first, since they often cause the others.
    """
    try:
        return kind.model_validate(node.plain())
    except ValidationError as error:
        raise combine(explain(error, node, kind)) from None
