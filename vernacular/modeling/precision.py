"""How the weights of a model are stored; ``frozen_weights`` stores them.

Light: nothing heavy is imported.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from vernacular.config.base import Precision
from vernacular.core.codes import Code
from vernacular.core.errors import Problem


def check_precision(precision: Precision, objective: str, where: str) -> None:
    """Check that weights can be stored so on this machine.

    Raises:
        Problem: bitsandbytes is missing, or the model is no decoder.
    """
    if precision != "nf4":
        return
    if objective != "causal":
        raise Problem("an encoder is not stored in 4 bits", where=where, fix="Set `precision: bfloat16`",
                      code=Code.CONFIG_RULE)
    if importlib.util.find_spec("bitsandbytes") is None:
        raise Problem("4 bits need bitsandbytes, which is not installed", where=where,
                      fix="Run `pip install 'vernacular[nf4]'`, or set `precision: bfloat16`",
                      code=Code.INSTALLATION)


def stored_in(model: Any) -> Precision:
    """Return how the matrices of ``model`` are stored."""
    found: Precision = getattr(model, "stored_in", "float32")
    return found
