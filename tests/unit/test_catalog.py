"""Every stage of a shipped language names a body that is there and takes what the stage gives it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.entry_point import EntryPoint

LANGUAGES = Path(__file__).parents[2] / "languages"
STAGES = stages_of(load_language(LANGUAGES / "nya"))


@pytest.mark.parametrize("name", STAGES)
def test_the_body_takes_what_the_stage_gives_it(name: str) -> None:
    body = STAGES[name].run
    assert isinstance(body, EntryPoint)
    module, _, function = body.function.partition(":")
    inspect.signature(getattr(import_module(module), function)).bind("work", **body.arguments)


def test_every_input_comes_before_what_reads_it() -> None:
    seen: set[str] = set()
    for stage in STAGES.values():
        assert seen.issuperset(stage.inputs)
        seen.add(stage.name)


def test_the_list_of_stages_and_the_command_load_nothing_heavy() -> None:
    code = ("import sys, vernacular.cli.main, vernacular.catalog\n"
            "print([name for name in ('torch', 'transformers', 'datasets', 'sklearn', 'scipy', 'dagster') "
            "if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=LANGUAGES.parent)
    assert done.stdout.strip() == "[]"
