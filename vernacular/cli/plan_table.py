"""``vernacular plan``: totals first, then the text, each model and stage, and what will gain little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from textwrap import wrap

from vernacular.catalog import stages_of
from vernacular.cli.plan_speech import SpeechPlan, plan_speech, speech_lines
from vernacular.cli.planning import Step, steps_of, to_fetch
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.report import Remark
from vernacular.core.store import Store
from vernacular.core.terminal import say
from vernacular.forecast.cards import CARDS, card_for, fits
from vernacular.forecast.cost import ModelForecast, forecast_model, forecast_text
from vernacular.forecast.memory import CardMemory
from vernacular.forecast.ranges import Range, total
from vernacular.forecast.remarks import forecast_remarks
from vernacular.forecast.speech import speech_remarks
from vernacular.forecast.speed import Origin
from vernacular.forecast.text import TextSize, count_text
from vernacular.modeling.memory import GIB

WIDTH = 100
_SHOWN = (8, 24, 80)  # GB of a card: a laptop's, a desktop's, a data center's
_STARTING = Range(3.0, 10.0)  # seconds of a run besides its stages, if any stage runs
_ORIGINS: dict[Origin, str] = {
    "measured": "measured now", "earlier": "measured by an earlier plan", "run": "measured by an earlier run",
    "table": "not measured: taken from docs/experiments/training-speed.md, so the ranges are wide; omit "
             "--quick to measure"}


def print_plan(store: Store, language: Language, model: str | None, quick: bool) -> None:
    """Print what a run would do, its cost, and what will gain little.

    Args:
        store: of the project.
        language: to be run.
        model: the model to run; every enabled one if None.
        quick: do not measure the speed of this machine.
    """
    steps = steps_of(stages_of(language, model), language, store)
    fresh = {step.stage for step in steps if step.action != "reuse"}
    size = count_text(language, store.root, None if "corpus/splits" in fresh else
                      store.current(language.code, "corpus/splits"))
    seconds, forecasts, missing = forecast_text(size), list[ModelForecast](), list[str]()  # why a model has none
    absent = to_fetch(language, store.root)
    for name, settings in language.models_to_run(model).items():
        if f"the base of {name}" in absent.get(f"tokenizer/{name}", []):
            missing.append(f"{name}: its base is not fetched yet, so its minutes are unknown. `vernacular run "
                           f"{language.code} --to tokenizer/{name}` fetches it")
            continue
        try:
            found = forecast_model(language, store, name, settings, size, quick, partial(say, err=True))
        except Problem as problem:
            missing.append(f"{name}: its minutes are unknown: {problem}")
            continue
        seconds |= found.seconds
        forecasts.append(found)
    speech = plan_speech(language, store, model, quick, "speech/splits" not in fresh, partial(say, err=True))
    if speech is not None:
        seconds |= speech.seconds
    for line in lines_of(language, size, steps, seconds, forecasts, missing, absent, speech):
        say(line)
    remarks = [*forecast_remarks(language, store.root, size, forecasts), *speech_remarks(language, store, model)]
    for line in remark_lines(remarks):
        say(line)


def lines_of(language: Language, size: TextSize, steps: Sequence[Step], seconds: Mapping[str, Range],
             forecasts: Sequence[ModelForecast], missing: Sequence[str],
             absent: Mapping[str, Sequence[str]], speech: SpeechPlan | None = None) -> Iterator[str]:
    """Yield the lines of the plan."""
    todo = [step for step in steps if step.action != "reuse"]
    open_ = [step.stage for step in todo if step.stage not in seconds]
    time = total([_STARTING, *(seconds[step.stage] for step in todo if step.stage in seconds)])
    if not todo:
        yield f"{language.code}: nothing to do, all {len(steps)} stages are reused."
    elif open_:
        yield (f"{language.code}: unknown for {len(open_)} of the {len(todo)} stages to run; {time.time()} for the "
               "others")
    else:
        yield (f"{language.code}: {time.time()} for {len(todo)} of {len(steps)} stages"
               + ("" if todo == steps else "; the others are reused"))
    spoken = [] if speech is None else speech.forecasts
    memories = [*(one.memory_gib for one in forecasts), *(one.memory_gib for one in spoken)]
    if memories:
        memory = Range(max(one.low for one in memories), max(one.high for one in memories))
        disk = total([*(one.disk_gib for one in forecasts), *(one.disk_gib for one in spoken)])
        scratch = max((one.scratch_gib for one in forecasts), default=0.0)
        yield (f"memory: {memory.decimal()} GiB. Disk: {disk.decimal()} GiB"
               + (f", and {scratch:.1f} GiB while it trains." if todo and scratch else "."))
    if language.sources:
        yield ""
        yield from _text(language, size, absent)
    for one in forecasts:
        yield ""
        yield from _model(one)
    for line in missing:
        yield ""
        yield line
    if speech is not None:
        yield ""
        yield from speech_lines(speech)
    yield ""
    yield from _stages(steps, seconds, time)


def _text(language: Language, size: TextSize, absent: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield (f"text: {size.words.count()} words in {size.documents:,} documents, of which {size.trained.count()} are "
           "for training")
    for name in size.absent:
        yield f"  not counted: {name}. `vernacular fetch {language.code}` fetches it"
    for problem in size.unreadable:
        yield f"  not counted: {problem}"
    waiting = absent.get("corpus/clean", [])
    if waiting:
        yield (f"  not fetched yet: {', '.join(waiting)}. `vernacular run {language.code} --to corpus/clean` fetches "
               "it; until then 100 to 2,000 items are assumed")


def _model(one: ModelForecast) -> Iterator[str]:
    yield f"{one.name}: {one.base}, {one.parameters / 1e6:,.1f} million parameters"
    yield f"  text           {one.text_tokens.count()} tokens with the extended tokenizer"
    yield (f"  pretraining    {one.steps.count()} steps of {one.block_tokens:,} tokens for each of two models: "
           "adapted, and control with the original tokenizer;")
    yield f"                 {_passes(one.passes)} passes over the text"
    busy = "; other programs used the processor" if one.speed.loaded else ""
    yield (f"  speed          {one.speed.step:.2g} seconds a step, {_ORIGINS[one.speed.origin]}{busy}")
    yield from _card(one.card)
    if one.energy_kwh is not None:
        yield f"  energy         {one.energy_kwh:.2g} kWh for the pretraining, from the power of this machine"


def _card(card: CardMemory) -> Iterator[str]:
    """Yield what the trainings take on a card, and which cards they fit on."""
    taken = card.pretraining
    parts = ", ".join(f"{name} {value / GIB:.2g}" for name, value in (
        ("weights", taken.weights), ("gradients and optimizer", taken.training), ("activations", taken.activations),
        ("logits", taken.logits)))
    yield f"  on a card      {taken.total / GIB:.2g} GiB for pretraining: {parts}" + (
        f"; {card.tasks / GIB:.2g} GiB for tasks" if card.tasks is not None else "")
    yield "                 " + ", ".join(f"{'fits' if fits(card.needed, size) else 'does not fit'} {size} GB"
                                         for size in _SHOWN)
    if card_for(card.needed) != CARDS[0] and card.smaller:
        yield "                 less for pretraining: " + "; ".join(
            f"{bytes_ / GIB:.2g} GiB with {settings}" for settings, bytes_ in card.smaller)


def _passes(passes: Range) -> str:
    low, high = f"{passes.low:.2g}", f"{passes.high:.2g}"
    return low if low == high else f"{low} to {high}"


def _stages(steps: Sequence[Step], seconds: Mapping[str, Range], time: Range) -> Iterator[str]:
    shown = [(step.action, step.stage, "" if step.action == "reuse" else
              seconds[step.stage].time() if step.stage in seconds else "unknown", step.why) for step in steps]
    widths = [max(len(row[column]) for row in shown) for column in range(3)] if shown else [0, 0, 0]
    for row in shown:
        yield f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip()
    if any(step.action != "reuse" for step in steps):
        known = all(step.stage in seconds for step in steps if step.action != "reuse")
        name = "total" if known else "total of known times"
        yield f"{'':<{widths[0]}}  {name:<{widths[1]}}  {time.time():>{widths[2]}}"


def remark_lines(remarks: Sequence[Remark]) -> Iterator[str]:
    """Yield remarks as lines, after an empty one; nothing without remarks."""
    if remarks:
        yield ""
        yield "What will gain little, and what to do:"
    for remark in remarks:
        yield from wrap(f"{remark.what}.", WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        yield from wrap(f"{remark.fix} [{remark.code}]", WIDTH, initial_indent="  -> ", subsequent_indent="     ",
                        break_on_hyphens=False)
