"""Files that a project is started from: defaults, the template of a language, Dagster's settings, schemas for editors.

A checkout uses them itself, so they lie in its folders; ``setup.py`` copies them into the package that is installed.
"""

from __future__ import annotations

from pathlib import Path

from vernacular.core.errors import Problem

CHECKOUT = Path(__file__).resolve().parents[2]
_INSTALLED = Path(__file__).resolve().parents[1] / "shipped_files"


def shipped(name: str) -> Path:
    """The file or folder called ``name``, such as ``languages/defaults.yaml``.

    Raises:
        Problem: this installation lacks it.
    """
    path = (_INSTALLED if _INSTALLED.is_dir() else CHECKOUT) / name
    if not path.exists():
        raise Problem("this file of Vernacular is missing", where=str(path),
                      fix="Install Vernacular again, from a wheel or a whole checkout")
    return path
