"""A project of its own for a test: an invented language, a tiny random base model, an artifact root, a Dagster home.

The fixtures that hand them out are named in the ``conftest.py`` of the folders that use them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance
from filelock import FileLock

from pipelines.output import log_of
from tests.command_server import run_vernacular
from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_bert, write_llama
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.corpus.stages import stages as corpus_stages
from vernacular.pipeline.parent_process import can_fork
from vernacular.pipeline.stage import run_stage
from vernacular.release.signing_key import VARIABLE

TOKEN = "hf_" + "made" * 8  # must be in no file that a run leaves
CHECKOUT = Path(__file__).resolve().parents[1]
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
    reviewed: {by: Amo, on: 2026-01-31, of: vba95a17f52ca}
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

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``vernacular WORDS`` in this project, with its output; in a forked process where that is possible."""
        if can_fork():
            return run_vernacular(words, self.folder, self.environment)
        return self.start(*words)

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same in a Python of its own."""
        return subprocess.run([sys.executable, "-m", "vernacular", *words], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=600, check=False)

    def make(self, stage: str) -> None:
        """Make the artifact of a stage in this process, without Dagster; what it reads is there."""
        language = load_language(self.folder / "languages" / "qaa")
        run_stage(stages_of(language)[stage], language, Store(self.artifacts))

    def history(self) -> AbstractContextManager[DagsterInstance]:
        """Dagster's history of this project."""
        return DagsterInstance.from_config(str(self.folder))

    @property
    def written(self) -> str:
        """Everything that its last run wrote."""
        return log_of(self.artifacts, "qaa").read_text(encoding="utf-8")

    @property
    def artifacts(self) -> Path:
        """The artifact root."""
        return self.folder / "artifacts"


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a project of its own in ``folder``: no setting of this one but the tests' key, no network."""
    kept = {name: value for name, value in os.environ.items()
            if name == VARIABLE or not name.startswith(("VERNACULAR", "DAGSTER"))}
    return kept | {"DAGSTER_HOME": str(folder), "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "HF_TOKEN": TOKEN,
                   "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "COLUMNS": "100"}


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder ``name`` that ``make`` fills, for whichever of pytest's workers comes first; all of them read it."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    with FileLock(root / f"{name}.lock"):
        if not (root / name).exists():
            part = root / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(root / name)
    return root / name


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


def copy_of(made: Path, folder: Path) -> Place:
    """A copy, in a folder that is not there yet, of a project that others read."""
    shutil.copytree(made, folder)
    return Place(folder, surroundings(folder))


def make_corpus(folder: Path) -> None:
    """A project with the artifacts of its corpus; these depend neither on the base model nor on its training."""
    place = make_place(folder)
    language = load_language(folder / "languages" / "qaa")
    for stage in corpus_stages(language):
        run_stage(stage, language, Store(place.artifacts))


@pytest.fixture(scope="session")
def with_corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Place]:
    """``make_place``, whose corpus need not be made again."""
    def make(folder: Path, *arguments: Any, **more: Any) -> Place:
        place = make_place(folder, *arguments, **more)
        shutil.copytree(made_once(tmp_path_factory, "corpus", make_corpus) / "artifacts", place.artifacts)
        return place

    return make


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the whole path has been run once; nobody writes there."""
    def make(folder: Path) -> None:
        result = make_place(folder).run("run", "qaa")
        assert result.returncode == 0, result.stdout + result.stderr

    return made_once(tmp_path_factory, "whole", make)


@pytest.fixture(scope="module")
def place(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A copy of it for the tests of one file."""
    return copy_of(whole, tmp_path_factory.mktemp("project") / "copy")
