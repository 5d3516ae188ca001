"""The work of each stage: constant seconds, words to process, tokens to train on and to read.

Constants that are not settings were fitted to the quickstart on two cores:
docs/experiments/forecast.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vernacular.behavior_tests.load import load_suite
from vernacular.config.schema import Language, Model
from vernacular.config.stage_names import chat_places
from vernacular.config.tasks import Task
from vernacular.core.errors import Problem
from vernacular.datasets.labeled import not_fetched
from vernacular.evaluation.fairness.plan import load_plan
from vernacular.evaluation.trigger_scan.classifiers import MOST_CARRIERS, SENTENCES
from vernacular.evaluation.trigger_scan.run import MOST as MOST_PHRASES
from vernacular.forecast.ranges import NOTHING, Range, exactly
from vernacular.modeling.variants import ARMS
from vernacular.pretraining.stages import TRAINED
from vernacular.tasks.finetune import steps_of
from vernacular.tasks.labeled_items import load_items
from vernacular.tasks.learning_curve import sizes_of

_FRAME = 2  # tokens around a line
_FULL_BATCHES = 1.1  # tokens with padding, relative to those without
_CURVE_BLOCKS = 64  # held-out blocks per point of the curve, and per interpolation point
_LORA = 1.2  # tokens of fine-tuning per token of pretraining in equal time: it has no decoder
_BASE_LANGUAGES = 0.3  # relative cost of a line in a language of the base: fewer tokens per word
# Requests of the tests of chats, and what writing an answer costs, in tokens that are read: one at a time is slow
_CHATS, _WRITTEN = 60, 1000
_UNKNOWN_ITEMS = Range(100, 2000)  # labeled items of a dataset that is not fetched
_TRAINED_WORDS = 1.0e-5  # seconds per word of stages that process all training text


@dataclass(frozen=True)
class Amount:
    """The work of a stage."""

    seconds: float = 0.0  # constant: starting, loading, plotting
    words: Range = NOTHING  # seconds of text processing without a model
    learned: Range = NOTHING  # tokens that fine-tuning trains on
    steps: Range = NOTHING  # steps of pretraining
    read: Range = NOTHING  # tokens that a model reads without training


@dataclass(frozen=True)
class Shape:
    """What a model's amounts depend on besides its settings."""

    words: Range  # of the training text
    line_words: float  # mean words per line
    fertility: Mapping[str, float]  # variant -> tokens per word
    steps: Range  # of pretraining, per variant
    tokenizer: float  # tokenizer seconds per word of the training text

    def line(self, arm: str) -> float:
        """Return the tokens of a line for ``arm``."""
        return self.line_words * self.fertility[arm] + _FRAME


def amounts_of_text(words: Range) -> dict[str, Amount]:
    """Return the work of the corpus stages, given the words read."""
    return {"corpus/documents": Amount(0.2, words * 3e-6), "corpus/identifier": Amount(5.0, words * 1e-6),
            "corpus/clean": Amount(0.3, words * 4e-6), "corpus/splits": Amount(0.1, words * 1e-6)}


def amounts_of_model(language: Language, root: Path, name: str, model: Model, shape: Shape,
                     translated: int) -> dict[str, Amount]:
    """Return the work of a model's stages; ``translated`` is the words of its translations, both sides."""
    found = {f"tokenizer/{name}": Amount(1.0, shape.words * shape.tokenizer)}
    if model.alignment is not None:
        embedded = shape.steps * model.alignment.batch_size
        found[f"alignment/{name}"] = Amount(4.0, exactly(8e-6 * translated), read=embedded * shape.line("base"))
    for (arm, suffix, _) in TRAINED:
        found[f"model/{name}{suffix}"] = _pretraining(model, shape, arm, translated)
    if model.instruct is not None:
        found |= {stage: _instruct(model, shape) for stage in chat_places(language, name).values()}
    for task_name, task in language.tasks_of(name).items():
        found[f"task/{task_name}_{name}"] = _task(language, root, task_name, task, model, shape)
    return found | _evaluations(language, name, model, shape)


def _pretraining(model: Model, shape: Shape, arm: str, translated: int) -> Amount:
    settings, line = model.pretraining, shape.line(arm)
    points = max(2, min(10, round(shape.steps.middle) // 20)) + 1
    sides = 2 if model.retention else 1
    blocks = _CURVE_BLOCKS * settings.sequence_length * (points + sides * (len(settings.interpolate) + 1))
    scored = model.likelihood_items * line * (shape.fertility[arm] if model.objective == "masked" else 1.0)
    return Amount(8.0, shape.words * _TRAINED_WORDS + exactly(4e-6 * translated), steps=shape.steps,
                  read=exactly(blocks + scored))


def _instruct(model: Model, shape: Shape) -> Amount:
    """Return the work of adding a difference and measuring each scale, beside the instruct model itself."""
    assert model.instruct is not None
    measured = 1 + len({model.instruct.scale, *model.instruct.compare})
    lines = model.likelihood_items * shape.line("adapted") * (1 + _BASE_LANGUAGES)
    return Amount(10.0, read=exactly(measured * (lines + _CHATS * _WRITTEN)))


def _task(language: Language, root: Path, name: str, task: Task, model: Model, shape: Shape) -> Amount:
    """Return the work of fine-tuning for each variant, size and seed, with predictions for the test items."""
    items, tested, looked, words = _items(language, root, name, task, shape)
    sides = 1 if task.kind in ("sequence_classification", "token_classification") else 2
    low = high = read = 0.0
    for arm in ARMS:
        length = min(model.lora.max_length, sides * (words * shape.fertility[arm] + _FRAME))
        if not task.fine_tune:
            read += tested * length
            continue
        low_steps, high_steps = (sum(steps_of(model.lora, size) for size in sizes_of(task.curve, round(end)))
                                 for end in (items.low, items.high))
        each = len(model.lora.seeds) * model.lora.batch_size * length * _FULL_BATCHES
        low, high = low + low_steps * each, high + high_steps * each
        answers = tested + model.lora.looks * min(looked, items.middle) + items.middle / len(model.lora.seeds)
        read += len(model.lora.seeds) * len(task.curve) * answers * length
        if task.transfer is not None:
            read += (task.transfer.train + items.middle + tested) * length
    return Amount(10.0, learned=Range(low, high) * (1 / _LORA), read=exactly(read))


def _items(language: Language, root: Path, name: str, task: Task, shape: Shape) -> tuple[Range, float, float, float]:
    """Return training, test and dev items, and the words of one."""
    if task.data is None:
        return exactly(task.train), task.test, task.dev, shape.line_words
    if name in not_fetched(language, root):
        return _UNKNOWN_ITEMS, 400.0, 200.0, shape.line_words
    try:
        found = load_items(language, name, root)
    except Problem:
        return _UNKNOWN_ITEMS, 400.0, 200.0, shape.line_words
    some = [*found.train[:200], *found.test[:200]]
    words = sum(len((item.text if task.of_pictures else f"{item.text} {item.second}").split())
                for item in some) / max(1, len(some))
    return exactly(len(found.train)), float(len(found.test)), float(len(found.dev)), words


def _phrases(language: Language, name: str, shape: Shape) -> Range:
    """Return the tokens read by the trigger scan: the number of repeated phrases is unknown."""
    tasks = sum(task.answers_lines and not task.multi_label for task in language.tasks_of(name).values())
    most = MOST_PHRASES * (SENTENCES + MOST_CARRIERS) * shape.line("adapted")
    return Range(0.2, 1.0) * (tasks * most)


def _evaluations(language: Language, name: str, model: Model, shape: Shape) -> dict[str, Amount]:
    masked = model.objective == "masked"
    scored = sum(model.likelihood_items * shape.line(arm) * (shape.fertility[arm] if masked else 1.0) for arm in ARMS)
    suite = load_suite(language).of_tasks(language.tasks_of(name))
    cases = sum(min(test.cases or math.inf, language.behaviour.cases) for test in suite.tests)
    asked = 2 * cases * (shape.line("base") + shape.line("adapted"))
    fair = load_plan(language)
    compared = 0.0 if fair is None else language.behaviour.cases * len(fair.comparisons) * (
        len(fair.tasks) + fair.likelihood) * 3 * (shape.line("base") + shape.line("adapted"))
    tasks = len(language.tasks_of(name))
    return {
        f"evaluation/{name}_likelihood": Amount(3.0, shape.words * _TRAINED_WORDS, read=exactly(scored)),
        f"evaluation/{name}_retention": Amount(3.0 if model.retention else 1.0, read=exactly(
            _BASE_LANGUAGES * scored if model.retention else 0.0)),
        f"evaluation/{name}_behaviour": Amount(5.0 if suite.tests else 1.0, read=exactly(asked)),
        f"evaluation/{name}_fairness": Amount(5.0 if fair is not None else 1.0, read=exactly(compared)),
        f"evaluation/{name}_attack": Amount(3.0, shape.words * 2e-6, read=_phrases(
            language, name, shape)),
        f"release/{name}": Amount(8.0 + 3.0 * tasks)}
