"""A project of its own for a test: an invented language, a tiny random base model, an artifact root, a Dagster home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_bert, write_llama

TOKEN = "hf_" + "made" * 8  # must be in no file that a run leaves
CHECKOUT = Path(__file__).resolve().parents[2]
BEHAVIOUR = """\
lexicons:
  names_in_text: {from: text}
  common: {from: text, words: common, most: 50}
tests:
  - name: names_nfd
    capability: orthography
    type: invariance
    task: names
    author: me
    change: [{operator: normal_form, to: NFD}]
  - name: noise
    capability: robustness
    type: directional
    task: genre
    author: me
    reviewed: {by: Amo, on: 2026-01-31}
    change: [{operator: typo, do: neighbour}]
    growing: [1, 3]
    expect: {probability: falls}
    threshold: 1
    cases: 20
  - name: names_are_found
    capability: named entities
    type: minimum
    task: names
    author: me
    change: [{operator: swap_words, lexicon: names_in_text}]
    compare: changed
    expect: {label: NAME}
    threshold: 1
    cases: 20
  - name: word_in_its_place
    capability: vocabulary
    type: likelihood
    author: me
    change: [{operator: swap_words, lexicon: common}]
    threshold: 1
    cases: 20
"""
FAIRNESS = """\
author: me
tasks: [names, genre]
likelihood: true
comparisons:
  - name: spelling
    spellings: {ours: [], theirs: [{operator: replace, pairs: {k: q}}]}
"""
ENGLISH = {"name": "english", "kind": "files", "files": "english.txt", "licence": "CC0-1.0", "consent": "contributor",
           "register": "other"}


@dataclass(frozen=True)
class Place:
    """A project in a temporary folder."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """``vernacular WORDS`` in this project, with its output."""
        return subprocess.run([sys.executable, "-m", "vernacular", *words], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=600, check=False, **more)

    @property
    def artifacts(self) -> Path:
        """The artifact root."""
        return self.folder / "artifacts"


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a project of its own in ``folder``: none of this one's settings, and no network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VERNACULAR", "DAGSTER"))}
    return kept | {"DAGSTER_HOME": str(folder), "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "HF_TOKEN": TOKEN,
                   "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "COLUMNS": "100"}


def make_place(folder: Path, objective: str = "masked", **pretraining: Any) -> Place:
    """A project with the language ``qaa`` and a tiny base model of its own."""
    model = {**TINY_MODEL, "objective": objective, "retention": [ENGLISH],
             "pretraining": {**TINY_MODEL["pretraining"], **pretraining}}
    language = write_language(folder / "languages", models={"tiny": model}, trusted=True)
    (write_bert if objective == "masked" else write_llama)(language / "base")
    (language / "english.txt").write_text("the quick fox looks over the old river\n" * 3 + "\n".join(
        f"the {word} dog jumps over the lazy market" for word in ("red", "green", "grey", "brown")) + "\n",
        encoding="utf-8")
    (language / "behaviour").mkdir()
    for name, text in (("all", BEHAVIOUR), ("fairness", FAIRNESS)):
        (language / "behaviour" / f"{name}.yaml").write_text(text, encoding="utf-8")
    shutil.copy(CHECKOUT / "dagster.yaml", folder / "dagster.yaml")
    return Place(folder, surroundings(folder))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project in which the whole path has been run once."""
    made = make_place(tmp_path_factory.mktemp("project"))
    result = made.run("run", "qaa")
    assert result.returncode == 0, result.stdout + result.stderr
    return made
