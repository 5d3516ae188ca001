"""Copies files of the checkout that an installed Vernacular needs into the package; all else is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FILES = ("dagster.yaml", "workspace.yaml", "languages/defaults.yaml", "languages/language.schema.json",
         "languages/behaviour.schema.json")
TEMPLATE = "languages/_template"


class BuildWithFiles(build_py):
    """Puts them where ``vernacular.core.shipped`` looks."""

    def run(self) -> None:
        """Build as usual, then copy."""
        super().run()
        if self.editable_mode:  # the checkout is there
            return
        folder = Path(self.build_lib) / "vernacular" / "shipped_files"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(TEMPLATE, folder / TEMPLATE)
        for name in FILES:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, folder / name)


setup(cmdclass={"build_py": BuildWithFiles})
