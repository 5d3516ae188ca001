"""Files that a new project starts from: defaults, language template, Dagster settings, editor schemas.

A checkout has them in its folders; ``setup.py`` copies them into the installed package.
"""

from __future__ import annotations

from pathlib import Path

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

CHECKOUT = Path(__file__).resolve().parents[2]
_INSTALLED = Path(__file__).resolve().parents[1] / "shipped_files"


def shipped(name: str) -> Path:
    """Return the path of ``name``, such as ``languages/defaults.yaml``.

    Raises:
        Problem: this installation lacks it.
    """
    path = (_INSTALLED if _INSTALLED.is_dir() else CHECKOUT) / name
    if not path.exists():
        raise Problem("this installation lacks a file of Vernacular", where=str(path),
                      fix="Reinstall Vernacular from a wheel or a complete checkout", code=Code.INSTALLATION)
    return path
