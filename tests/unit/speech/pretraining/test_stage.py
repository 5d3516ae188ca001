"""The stage of speech pretraining: what it hears, when it is left out, and that a kill changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.speech_bases import speech, write_hubert
from vernacular.config.schema import Language
from vernacular.config.speech import Speech, SpeechModel
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.core.store import Manifest, Store
from vernacular.forecast.speech import speech_remarks
from vernacular.pipeline.stage import StageContext, silent
from vernacular.speech.encoders import load_speech_model
from vernacular.speech.pretraining.pretraining_speech import read_pretraining_speech
from vernacular.speech.pretraining.stage import MODEL_FOLDER, base_of, run
from vernacular.speech.pretraining.stage_results import SpeechPretrainingResult
from vernacular.speech.pretraining.stages import stages
from vernacular.speech.utterance import RATE, Utterance, write_audio, write_utterances

pytest.importorskip("soundfile")


def utterance(number: int, **more: object) -> Utterance:
    fields = {"id": f"{number:024x}", "source": "s", "file": f"{number}.wav", "raw_digest": "", "session": "",
              "speaker": f"speaker-{number % 3}", "start": 0.0, "seconds": 1.0, "text": "", "translation": "",
              "split": "", "licence": "CC0-1.0", "consent": "contributor", "uses": ["training"]}
    return Utterance(**{**fields, **more})  # type: ignore[arg-type]


def write_inputs(folder: Path) -> dict[str, Path]:
    """Twelve utterances: eight to train, two of dev, one of test, one whose speaker does not allow training."""
    rows = [utterance(number) for number in range(11)] + [utterance(11, uses=["playing"])]
    parts = {one.id: part for one, part in zip(
        rows, ["train"] * 4 + ["untranscribed"] * 4 + ["dev"] * 2 + ["test", "untranscribed"], strict=True)}
    inputs = {name: folder / name for name in ("speech/recordings", "speech/clean", "speech/splits")}
    for place in inputs.values():
        place.mkdir(parents=True)
    for number, one in enumerate(rows):
        write_audio(inputs["speech/recordings"], one.id, speech(1.0, number))
    trimmed = [replace(one, start_sample=0, end_sample=RATE - 800) for one in rows]
    write_utterances(inputs["speech/clean"], trimmed, measured=True)
    pq.write_table(pa.table({"id": [*parts], "part": [*parts.values()]}), inputs["speech/splits"] / "splits.parquet")
    return inputs


def settings_of(base: Path, **pretraining: object) -> SpeechModel:
    return SpeechModel.model_validate({"base": {"path": base.name, "licence": "CC0-1.0"}, "steps": 1, "pretraining": {
        "steps": 8, "batch_seconds": 3, "clusters": 5, "targets": "mfcc", "learning_rate": 3e-3, **pretraining}})


def language_of(folder: Path, models: dict[str, SpeechModel]) -> Language:
    constructed: Any = Language.model_construct
    settings: Any = Speech.model_construct
    language: Language = constructed(code="mdw", name="Mboshi", folder=folder, speech=settings(models=models))
    return language


def context(folder: Path, inputs: dict[str, Path], model: SpeechModel, tag: str = "") -> StageContext:
    language = language_of(folder, {"small": model})
    for name in ("out", "scratch", "machine", "cache"):
        (folder / f"{name}{tag}").mkdir()
    return StageContext(language=language, settings=None, inputs=inputs, reports={}, out=folder / f"out{tag}",
                        scratch=folder / f"scratch{tag}", seed=1, progress=silent, machine=folder / f"machine{tag}",
                        root=folder, cache=folder / f"cache{tag}")


def result_of(report: Report) -> SpeechPretrainingResult:
    return report.read_result(SpeechPretrainingResult, "speech/pretrained_small")


def test_training_hears_neither_test_nor_what_may_not_be_used(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    heard = read_pretraining_speech(inputs["speech/clean"], inputs["speech/splits"])
    ids = {int(one.id, 16) for one in (*heard.train, *heard.held_out)}
    assert ids == {*range(8)}  # two dev utterances are too few, so that one of the others is held out
    assert len(heard.held_out) == 1 and heard.held_out[0] not in heard.train
    assert heard.hours == pytest.approx(7 * 0.95 / 3600)


def test_with_little_speech_the_base_stays_as_it_is(tmp_path: Path) -> None:
    write_hubert(tmp_path / "base")
    model = settings_of(tmp_path / "base")
    work = context(tmp_path, write_inputs(tmp_path), model)
    report = run(work, "small", model)
    found = result_of(report)
    assert not found.trained and found.reason and found.hours < 1
    assert [remark.code for remark in report.remarks] == ["VN-LITTLE-SPEECH"]
    assert all(gate.passed for gate in report.gates)
    inputs = {"speech/pretrained_small": work.out}
    assert base_of("pretrained", "small", model, work.language, inputs) is None
    assert base_of("control", "small", model, work.language, inputs) == tmp_path / "base"


def test_it_trains_and_a_kill_changes_nothing(tmp_path: Path) -> None:
    write_hubert(tmp_path / "base")
    model = settings_of(tmp_path / "base", least_hours=0, checkpoint_minutes=1e-9)
    inputs = write_inputs(tmp_path)
    work = context(tmp_path, inputs, model)
    found = result_of(run(work, "small", model))
    assert found.trained and found.after is not None and found.before is not None and found.after < found.before
    assert found.speakers == ["speaker-0", "speaker-1", "speaker-2"] and found.clusters == 5
    folder = base_of("pretrained", "small", model, work.language, {"speech/pretrained_small": work.out})
    assert folder is not None and not load_speech_model(folder).missing

    killed = context(tmp_path, inputs, model, "-killed")

    def die(line: str) -> None:
        if line.startswith("step 8/8"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(replace(killed, progress=die), "small", model)
    again = result_of(run(killed, "small", model))
    assert again.curve == found.curve
    assert (killed.out / MODEL_FOLDER / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_without_speech_for_training_it_is_refused(tmp_path: Path) -> None:
    write_hubert(tmp_path / "base")
    model = settings_of(tmp_path / "base", least_hours=0)
    inputs = write_inputs(tmp_path)
    rows = [utterance(number, uses=["playing"]) for number in range(4)]
    write_utterances(inputs["speech/clean"], rows, measured=True)
    with pytest.raises(Problem) as refused:
        run(context(tmp_path, inputs, model), "small", model)
    assert refused.value.code == Code.SOURCE_EMPTY


def test_the_stage_is_there_for_models_with_pretraining(tmp_path: Path) -> None:
    with_it, without = settings_of(tmp_path), settings_of(tmp_path).model_copy(update={"pretraining": None})
    language = language_of(tmp_path, {"one": with_it, "two": without})
    assert [stage.name for stage in stages(language)] == ["speech/pretrained_one"]
    assert stages(language, "two") == []


def test_plan_remarks_that_pretraining_is_left_out(tmp_path: Path) -> None:
    store, inputs = Store(tmp_path / "artifacts"), write_inputs(tmp_path)
    language = language_of(tmp_path, {"small": settings_of(tmp_path)})
    (unknown,) = speech_remarks(language, store)
    for stage in ("speech/clean", "speech/splits"):
        with store.workspace("mdw", stage, "0" * 16) as work:
            inputs[stage].replace(work / "out")
            store.publish(work, Manifest(language="mdw", stage=stage, version="1", key="0" * 16, data_version="",
                                         settings={}, inputs={}, reports={}, outside={}, seed=1, files={},
                                         created="2026-01-01T00:00:00+00:00", seconds=0, report=Report()))
    (known,) = speech_remarks(language, store)
    assert known.code == unknown.code == "VN-LITTLE-SPEECH" and known.what != unknown.what
    assert speech_remarks(language, store, "another") == []
    assert speech_remarks(language_of(tmp_path, {"small": settings_of(tmp_path, least_hours=0)}), store) == []
