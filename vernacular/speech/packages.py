"""The packages of the extra ``speech``, which other languages do without."""

from __future__ import annotations

import importlib
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem


def load_package(name: str) -> Any:
    """Return the imported package ``name``.

    Raises:
        Problem: it, or a library that it needs, is not installed.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: soundfile without libsndfile
        raise Problem(f"speech needs {name}, which is not installed ({error})", where="speech",
                      fix="Run `pip install 'vernacular[speech]'`", code=Code.INSTALLATION) from None
