"""The stage on a made-up language: a head on log-mel features of a tiny random base learns it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from tests.endtoend.kills import without_time
from tests.unit.speech.transcription.spoken import write_base, write_language
from vernacular.config.base import Base
from vernacular.config.speech import SpeechModel
from vernacular.core.jsonl import read_jsonl
from vernacular.core.report import Report
from vernacular.pipeline.stage import StageContext
from vernacular.release.verification import EVALUATION
from vernacular.speech.transcription import sounds, stage
from vernacular.speech.transcription.frozen_method import FACTS, HEAD
from vernacular.speech.transcription.stage_results import TranscriptionResult

STEPS = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    place = tmp_path_factory.mktemp("speech")
    write_base(place / "folder" / "base")
    data = write_language(place / "data")
    return place, run(place, data)


def run(place: Path, data: Path, **settings: Any) -> Report:
    for name in ("out", "scratch", "cache"):
        (place / name).mkdir(exist_ok=True)
    language = SimpleNamespace(folder=place / "folder", code="qaa")
    model = SpeechModel(base=Base(path="base", licence="MIT"), **{
        "steps": STEPS, "batch_seconds": 8, "learning_rate": 0.01, "curve": [0.2, 0.3], **settings})
    inputs = dict.fromkeys(("speech/recordings", "speech/clean", "speech/splits"), data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sounds, "_NOISES", 4)  # which take most of the time
        return stage.run(cast(StageContext, SimpleNamespace(
            language=language, settings=None, inputs=inputs, reports={}, out=place / "out", scratch=place / "scratch",
            seed=1, progress=lambda line: None, machine=place, root=place, cache=place / "cache")), "tiny", model)


def test_it_learns_and_says_how_well(made: tuple[Path, Report]) -> None:
    place, report = made
    result = report.read_result(TranscriptionResult, "speech/transcription_tiny")
    assert result.part == "dev"
    assert result.scored.greedy.cer.mean < 60
    assert {*result.baselines} == {"log_mel", "random_weights"}
    assert {one.steps for found in result.baselines.values() for one in found.trainings} == {STEPS}
    assert len(result.curve) == 1
    rows = list(read_jsonl(place / "out" / stage.TRANSCRIPTS))
    assert len(rows) == result.scored.greedy.utterances == 8
    assert all(0 <= row["confidence"] <= 1 for row in rows)
    assert "".join(json.loads((place / "out" / stage.ALPHABET).read_text())) == " aeiou"


@pytest.mark.slow
def test_again_it_gives_the_same_and_reads_no_sound_twice(made: tuple[Path, Report], tmp_path: Path) -> None:
    place, report = made
    stored = {path: path.stat().st_mtime_ns for path in (place / "cache").rglob("*.npy")}
    (tmp_path / "cache").symlink_to(place / "cache")
    (tmp_path / "folder").symlink_to(place / "folder")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so the trainings are one after another, not side by side
    try:
        again = run(tmp_path, place / "data", curve=[])
    finally:
        torch.set_num_threads(threads)
    first, second = (one.read_result(TranscriptionResult, "") for one in (report, again))
    for arm, found in first.baselines.items():
        assert second.baselines[arm].model_dump(exclude={"trainings"}) == found.model_dump(exclude={"trainings"})
    assert second.scored.model_dump(exclude={"trainings"}) == first.scored.model_dump(exclude={"trainings"})
    assert {path: path.stat().st_mtime_ns for path in (place / "cache").rglob("*.npy")} == stored


@pytest.mark.slow
def test_a_kill_loses_no_finished_training_and_changes_nothing(made: tuple[Path, Report], tmp_path: Path) -> None:
    place, report = made
    (tmp_path / "folder").symlink_to(place / "folder")
    trainings, program = tmp_path / "scratch" / stage.TRAININGS, (
        "import sys; from pathlib import Path; from tests.unit.speech.transcription.test_stage import run; "
        "run(Path(sys.argv[1]), Path(sys.argv[2]))")
    with subprocess.Popen([sys.executable, "-c", program, tmp_path, place / "data"]) as process:
        while not (trainings / "seed_1" / FACTS).is_file():
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -signal.SIGKILL and not (trainings / "log_mel" / FACTS).is_file()
    finished = {path: path.stat().st_mtime_ns for path in (trainings / "seed_1").iterdir()}
    again = run(tmp_path, place / "data")
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    first, second = (without_time(EVALUATION, one.read_result(TranscriptionResult, "").model_dump_json().encode())
                     for one in (report, again))
    assert second == first
    for path in (stage.TRANSCRIPTS, *(f"{stage.TRAININGS}/{one.name}/{HEAD}" for one in trainings.iterdir())):
        assert (tmp_path / "out" / path).read_bytes() == (place / "out" / path).read_bytes()


def test_states_do_not_depend_on_the_batch(made: tuple[Path, Report]) -> None:
    from vernacular.speech.model_code.speech_model import RecurrentHead
    torch.manual_seed(0)
    head = RecurrentHead(2, 8, 5, 4, 2, 2, 0.0).eval()
    states = [torch.randn(2, frames, 8) for frames in (7, 12, 3)]
    padded = torch.full((3, 2, 12, 8), 9.0)
    for row, one in enumerate(states):
        padded[row, :, :one.shape[1]] = one
    together, lengths = head(padded, torch.tensor([7, 12, 3]))
    for row, one in enumerate(states):
        alone = head(one[None], torch.tensor([one.shape[1]]))[0][0]
        assert lengths[row] == len(alone)
        assert np.allclose(together[row, :len(alone)].detach(), alone.detach(), atol=1e-5)
