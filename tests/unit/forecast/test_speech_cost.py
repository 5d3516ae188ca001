"""A forecast of speech follows settings and the amount of speech."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.reporting.speech.made_up import CODE, MODEL, SPEECH
from vernacular.catalog import stages_of
from vernacular.config.schema import Language
from vernacular.forecast.ranges import Range, exactly
from vernacular.forecast.speech_cost import SpeechForecast, combine, forecast_recordings
from vernacular.forecast.speech_size import SpeechSize
from vernacular.forecast.speech_speed import SpeechSpeed
from vernacular.modeling.memory import GIB

SPEED = SpeechSpeed(encode=0.01, mel=0.001, step=0.5, check=0.2, read=0.02, weights=8_000_000, states=200_000,
                    parameters=8_000_000)


def sized(minutes: float = 30, folds: int = 0) -> SpeechSize:
    return SpeechSize(exactly(60 * minutes), 600, exactly(48 * minutes), exactly(6 * minutes), exactly(6 * minutes),
                      exactly(54 * minutes), 3.0, folds, exactly(20 * folds))


def forecast(tmp_path: Path, size: SpeechSize, **changes: Any) -> tuple[Language, SpeechForecast]:
    language = Language(code=CODE, folder=tmp_path, name="Made", script="Latn", speech={
        **SPEECH, "models": {MODEL: {"base": {"path": "base", "licence": "MIT"}, "steps": 30, **changes}}})
    assert language.speech is not None
    return language, combine(language, MODEL, language.speech.models[MODEL], size, SPEED)


def time_of(found: tuple[Language, SpeechForecast], stage: str = "transcription") -> Range:
    return found[1].seconds[f"speech/{stage}_{MODEL}"]


def test_every_stage_has_a_time(tmp_path: Path) -> None:
    language, found = forecast(tmp_path, sized(), pretraining={"minutes": 5})
    assert set(stages_of(language)) == {*found.seconds, *forecast_recordings(sized())}
    assert all(0 < one.low < one.high for one in found.seconds.values())
    assert 0 < found.memory_gib.low < found.memory_gib.high and 0 < found.disk_gib.low < found.disk_gib.high


def test_seeds_folds_curve_and_speech_take_longer(tmp_path: Path) -> None:
    least = time_of(forecast(tmp_path, sized()))
    for more in (forecast(tmp_path, sized(), seeds=[1, 2]), forecast(tmp_path, sized(folds=3)),
                 forecast(tmp_path, sized(), curve=[10]), forecast(tmp_path, sized(60)),
                 forecast(tmp_path, sized(), steps=60)):
        assert time_of(more).low > least.low and time_of(more).high > least.high
    assert time_of(forecast(tmp_path, sized(), curve=[28, 100])) == least  # nearly all speech, and more


def test_a_budget_in_minutes_is_kept(tmp_path: Path) -> None:
    found = forecast(tmp_path, sized(), steps=None, minutes=5)[1]
    assert found.minutes.low < 5 < found.minutes.high < 7


def test_pretraining_takes_no_time_where_it_is_left_out(tmp_path: Path) -> None:
    least, much = {"minutes": 60, "least_hours": 10}, {"minutes": 60, "least_hours": 0}
    assert time_of(forecast(tmp_path, sized(), pretraining=least), "pretrained").high < 60
    assert time_of(forecast(tmp_path, sized(), pretraining=much), "pretrained").low >= 3600


@pytest.mark.parametrize("method", ["full", "frozen"])
def test_states_of_encoders_are_stored_for_every_method(method: str, tmp_path: Path) -> None:
    states = sized().transcribed.low * SPEED.states / GIB  # those of random weights
    (_, least), (_, checked) = (forecast(tmp_path, sized(), method=method, check_transcripts=mode)
                                for mode in ("none", "leave_out"))
    assert least.disk_gib.low > states + 3 * SPEED.weights / GIB * 0.9
    assert (checked.disk_gib.low > least.disk_gib.low + states) == (method == "full")  # else they are there already
    assert time_of((_, checked)).low > time_of((_, least)).low + sized().transcribed.low * SPEED.encode * 0.5 * (
        method == "full")
