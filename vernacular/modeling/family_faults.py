"""Errors of a family of models that does something unexpected, as one line that names it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from vernacular.core.errors import faults_as_problems

NO_TASKS = "Use a base of another family, or remove the tasks of this folder"


def family_faults(model: Any, doing: str, where: str = "models base", fix: str = "") -> AbstractContextManager[None]:
    """Convert any error of a library in the block into a ``Problem``, "``doing`` with a ... model fails".

    For the first time that a model does something; later its family is not the cause.
    """
    return faults_as_problems(f"{doing} with a {model.config.model_type} model", where, of_family=True, fix=fix)
