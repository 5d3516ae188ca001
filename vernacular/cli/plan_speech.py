"""What ``vernacular plan`` says about recordings and models of speech."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vernacular.cli.planning import network_needs
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.forecast.ranges import Range
from vernacular.forecast.speech_cost import SpeechForecast, forecast_recordings, forecast_speech
from vernacular.forecast.speech_size import SpeechSize, count_speech
from vernacular.pipeline.stage import Progress

_ORIGINS = {"measured": "measured now", "earlier": "measured by an earlier plan",
            "table": "not measured, so the ranges are wide; omit --quick to measure"}
_SINGULAR = {"seeds": "seed", "held-out speakers": "held-out speaker", "baselines": "baseline",
             "points of the learning curve": "point of the learning curve"}


@dataclass(frozen=True)
class SpeechPlan:
    """The forecast of a folder's speech."""

    size: SpeechSize
    seconds: dict[str, Range]  # stage -> time
    forecasts: list[SpeechForecast] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # why a model has none


def plan_speech(language: Language, store: Store, model: str | None, quick: bool, finished: bool, progress: Progress
                ) -> SpeechPlan | None:
    """Forecast the stages of speech; None for a folder without it.

    Args:
        language: the folder.
        store: of the project.
        model: the model to run; every enabled one if None.
        quick: whether nothing may be measured.
        finished: whether the recordings are read, cleaned and divided already.
        progress: receives lines for a person.
    """
    if language.speech is None:
        return None
    size = count_speech(language, store, finished)
    found = SpeechPlan(size, {} if size.absent and not size.utterances else forecast_recordings(size))
    waiting = {item for items in network_needs(language, store.root).values()
               for item, here in items.items() if not here}
    for name, settings in language.speech.models_to_run(model).items():
        if f"the base of {name}" in waiting:
            found.missing.append(f"{name}: its base is not fetched yet, so its minutes are unknown. `vernacular run "
                                 f"{language.cli_args(name)}` fetches it")
            continue
        if not found.seconds:
            found.missing.append(f"{name}: its minutes are unknown without recordings")
            continue
        try:
            one = forecast_speech(language, store, name, settings, size, quick, progress)
        except Problem as problem:
            found.missing.append(f"{name}: its minutes are unknown: {problem}")
            continue
        found.forecasts.append(one)
        found.seconds.update(one.seconds)
    return found


def speech_lines(plan: SpeechPlan) -> Iterator[str]:
    """Yield what there is of speech, and each model."""
    size = plan.size
    if not size.utterances:
        yield "speech: no recording is there to count"
    else:
        yield (f"speech: {size.sound.time()} of sound in {size.utterances:,} utterances, of which {size.train.time()} "
               "are for training")
    for line in size.absent:
        yield f"  not counted: {line}"
    for one in plan.forecasts:
        yield ""
        yield from _model(one)
    for line in plan.missing:
        yield ""
        yield line


def _model(one: SpeechForecast) -> Iterator[str]:
    trained = ", ".join(f"{number} {what if number > 1 else _SINGULAR[what]}" for what, number in one.trainings.items())
    yield f"{one.name}: {one.base}, {one.speed.parameters / 1e6:,.1f} million parameters, method {one.method}"
    yield f"  trainings      {sum(one.trainings.values())} of {(one.minutes * 60).time()} each: {trained}"
    yield f"  speed          {one.speed.step:.2g} seconds a step, {_ORIGINS[one.speed.origin]}"
