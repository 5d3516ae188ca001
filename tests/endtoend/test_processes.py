"""Pretraining in two processes under torchrun: the loss curve of one, and one result."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import yaml

from pipelines.launchers import LocalLauncher, launcher_for, several
from tests.project import ENGLISH, Place
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import load_model


@pytest.fixture(scope="module")
def places(with_corpus: Callable[..., Place], tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place]:
    """The same project twice, up to the tokenizer."""
    folder = tmp_path_factory.mktemp("one")
    near = {"source": {**ENGLISH, "name": "near", "files": "near.txt"}, "passes": 2.0}
    one = with_corpus(folder, steps=20, batch_size=4, related=[near], replay=0.2)
    (folder / "languages" / "qaa" / "near.txt").write_text("a fox in the near field looks at the far river\n" * 40,
                                                           encoding="utf-8")
    one.make("tokenizer/tiny")
    other = tmp_path_factory.mktemp("two") / "project"
    shutil.copytree(folder, other)
    environment = {name: value.replace(str(folder), str(other)) for name, value in one.environment.items()}
    return one, Place(other, environment)


def stage_twofold(place: Place, *more: str) -> subprocess.CompletedProcess[str]:
    command = several([sys.executable, "-m", "vernacular", "stage", "qaa", "model/tiny", *more], 2)
    assert "pipelines.on_torchrun" in command
    return subprocess.run(command, cwd=place.folder, env={**place.environment, "OMP_NUM_THREADS": "1"},
                          capture_output=True, text=True, timeout=300, check=False)


def losses(place: Place) -> list[float]:
    home = place.artifacts / "qaa" / "model" / "tiny"
    artifact = home / (home / "current").read_text().strip()
    assert (artifact / "model" / "model.safetensors").is_file()
    found: list[float] = json.loads((artifact / "curve.json").read_text())["losses"]
    return found


def mix(place: Place) -> dict[str, float]:
    home = place.artifacts / "qaa" / "model" / "tiny"
    manifest = json.loads((home / (home / "current").read_text().strip() / "manifest.json").read_text())
    return {one["name"]: one["share"] for one in manifest["report"]["details"]["mix"]}


def test_two_processes_give_the_loss_curve_of_one(places: tuple[Place, Place], tmp_path: Path) -> None:
    one, two = places
    done = one.run("stage", "qaa", "model/tiny")
    assert done.returncode == 0, done.stderr
    done = stage_twofold(two, "--outcome", str(tmp_path / "outcome.json"))
    assert done.returncode == 0, done.stderr
    assert "key" in json.loads((tmp_path / "outcome.json").read_text())
    assert losses(two) == pytest.approx(losses(one), rel=5e-3)  # bfloat16 where the processor has it
    assert set(mix(two)) == {"target", "near", "replay"} and mix(two) == mix(one)
    assert 0 < mix(two)["replay"] <= 0.2
    again = stage_twofold(two)
    assert again.returncode == 0, again.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_no_worker_outlives_a_run_that_is_killed(places: tuple[Place, Place], tmp_path: Path) -> None:
    shutil.copytree(places[0].folder, tmp_path / "project")
    settings = tmp_path / "project" / "languages" / "qaa" / "language.yaml"
    written = yaml.safe_load(settings.read_text())
    written["models"]["tiny"]["pretraining"] |= {"steps": 100_000, "max_epochs": 100_000}
    settings.write_text(yaml.safe_dump(written))
    environment = {name: value.replace(str(places[0].folder), str(tmp_path / "project"))
                   for name, value in places[0].environment.items()}
    command = several([sys.executable, "-m", "vernacular", "stage", "qaa", "model/tiny"], 2)
    starter = psutil.Popen([sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])", *command],
                           cwd=tmp_path / "project", env={**environment, "OMP_NUM_THREADS": "1"}, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    for line in starter.stdout:
        lines.append(line)
        if "step " in line:
            break
    below = starter.children(recursive=True)
    starter.kill()
    assert len(below) >= 3, "".join(lines)  # torchrun and two workers
    assert psutil.wait_procs([starter, *below], timeout=60)[1] == [], "a worker outlives its run"


def test_the_environment_says_how_many_processes_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def launcher() -> LocalLauncher:
        found = launcher_for("root", "languages")
        assert isinstance(found, LocalLauncher)
        return found

    assert launcher().processes == 1 and launcher().prefix == []
    monkeypatch.setenv("VERNACULAR_PROCESSES", "3")
    monkeypatch.setenv("VERNACULAR_LAUNCH", "srun --comment='two words'")
    assert launcher().processes == 3 and launcher().prefix == ["srun", "--comment=two words"]
    monkeypatch.setenv("VERNACULAR_PROCESSES", "many")
    with pytest.raises(Problem, match=r"many.*VN-ENVIRONMENT"):
        launcher()


def test_lora_runs_where_nothing_of_this_environment_is_known(places: tuple[Place, Place]) -> None:
    place = places[0]
    settings = place.folder / "languages" / "qaa" / "language.yaml"
    written = yaml.safe_load(settings.read_text())
    written["models"]["tiny"]["pretraining"] |= {"method": "lora", "lora_rank": 4, "recompute": True, "accumulate": 2}
    settings.write_text(yaml.safe_dump(written))
    environment = {**place.environment, "VERNACULAR_LAUNCH": f"env -i PATH={place.environment['PATH']}"}
    place = Place(place.folder, environment)
    before = (place.artifacts / "qaa" / "model" / "tiny" / "current").read_text()
    done = place.run("run", "qaa", "--to", "model/tiny")
    assert done.returncode == 0, done.stderr
    assert (place.artifacts / "qaa" / "model" / "tiny" / "current").read_text() != before
    assert not list(place.artifacts.glob(".outcome-*"))
    home = place.artifacts / "qaa" / "model" / "tiny"
    model = load_model(home / (home / "current").read_text().strip() / "model", "masked")
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert not any("lora" in name for name in model.state_dict())


def test_other_stages_stay_in_one_process() -> None:
    command = [sys.executable, "-m", "vernacular", "stage", "qaa", "evaluation/tiny_likelihood"]
    assert several(command, 4) == command
