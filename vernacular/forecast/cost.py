"""Combine work and machine speed to minutes, memory and disk, as ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vernacular.config.schema import Language, Model
from vernacular.config.stage_names import chat_places
from vernacular.core.store import Store
from vernacular.forecast.amounts import Amount, Shape, amounts_of_model, amounts_of_text
from vernacular.forecast.memory import CardMemory, card_memory
from vernacular.forecast.ranges import Range, exactly
from vernacular.forecast.speed import Origin, Speed, speed_of
from vernacular.forecast.text import TextSize, count_translations
from vernacular.forecast.tokens import saved_share
from vernacular.modeling.base_models import load_outline
from vernacular.modeling.frozen_weights import count_parameters
from vernacular.modeling.memory import GIB, lora_parameters
from vernacular.pipeline.stage import Progress, silent
from vernacular.pretraining.budget import steps_within
from vernacular.pretraining.cost import predict
from vernacular.pretraining.stage_results import TrainingCost
from vernacular.text.words import words
from vernacular.tokenizer.lost_marks import LostMarks, measure_lost_marks

# Deviation of a stage from the middle: docs/experiments/forecast.md. Up to twice as long
# under load.
SPREAD: dict[Origin, Range] = {"measured": Range(0.7, 1.4), "earlier": Range(0.7, 1.4), "run": Range(0.5, 2.0),
                               "table": Range(0.3, 3.0)}
_IF_ALONE = 0.6  # share of the time predicted from a speed measured under load
_MEMORY = Range(0.9, 1.6)  # relative to the prediction from the shape
_TEXT_BYTES = Range(25, 60)  # of the corpus per word: documents, clean lines, rejects, splits
_SECONDS_A_WORD = {"WordPiece": 2e-5, "BPE": 8e-5, "Unigram": 3e-4}  # docs/experiments/new-tokens.md
_SENTENCES_OF_LEXICON = 4.0  # seconds of IBM Model 1: docs/experiments/translations.md


@dataclass(frozen=True)
class ModelForecast:
    """The forecast of one model."""

    name: str  # in the language folder
    base: str  # name of its base
    parameters: int  # of the base
    text_tokens: Range  # of the training text, with the extended tokenizer
    steps: Range  # of pretraining, per variant
    asked_steps: int | None  # configured ``steps:``; None for a budget in minutes
    block_tokens: int  # tokens per step
    passes: Range  # over the training text, with the extended tokenizer
    speed: Speed  # of this machine
    seconds: dict[str, Range]  # stage -> time
    memory_gib: Range  # peak of pretraining
    card: CardMemory  # what the trainings take on a card
    disk_gib: Range  # of everything stored
    scratch_gib: float  # additional disk during training
    energy_kwh: float | None  # of both pretrainings; None if the machine's power is unknown
    pairs: int | None  # most pairs of translations; None without any, or if unreadable
    lost_marks: LostMarks  # what the base's tokenizer removes from a sample of the text


def forecast_text(size: TextSize) -> dict[str, Range]:
    """Return the time of each corpus stage."""
    slow = Speed(1.0, 1.0, 1.0, "measured")
    return {stage: _seconds(amount, slow) for stage, amount in amounts_of_text(size.words).items()}


def forecast_model(language: Language, store: Store, name: str, model: Model, size: TextSize,
                   quick: bool, progress: Progress = silent) -> ModelForecast:
    """Forecast one model whose base is on this machine.

    Raises:
        Problem: its base cannot be loaded.
    """
    network, tokenizer = load_outline(model.base, model.objective, language)
    parameters = count_parameters(network)
    width, vocabulary = int(network.config.get_text_config().hidden_size), model.vocabulary
    fertility, line_words = _cut(tokenizer, size.sample)
    saved = saved_share(size.trained, vocabulary.new_pieces, vocabulary.min_uses)
    if (made := store.current(language.code, f"tokenizer/{name}")) is not None:
        counts = made.manifest.report.counts
        saved = exactly(1 - counts["fertility_extended"].value / max(1e-9, counts["fertility_base"].value))
    tokens = Range(size.trained.low * fertility * (1 - saved.high), size.trained.high * fertility * (1 - saved.low))
    speed = speed_of(store, language, model, network, tokenizer, size.sample, quick, progress)
    own = 1 - model.pretraining.replay * bool(model.retention)
    steps, passes = _steps(model, tokens, speed, own)
    translated, pairs = count_translations(language, model, store.root)
    kind = type(tokenizer.backend_tokenizer.model).__name__
    each = _SECONDS_A_WORD.get(kind, _SECONDS_A_WORD["BPE"]) if vocabulary.new_pieces else 0.0
    adapted = fertility * (1 - saved.middle)
    shape = Shape(size.trained, line_words, {"base": fertility, "control": fertility, "adapted": adapted}, steps, each)
    amounts = amounts_of_model(language, store.root, name, model, shape, translated)
    seconds = {stage: _seconds(amount, speed) for stage, amount in amounts.items()}
    if model.initialise == "translations":
        seconds[f"tokenizer/{name}"] += exactly(_SENTENCES_OF_LEXICON)
    cost = predict(network, model.pretraining, round(steps.middle), speed.train, round(tokens.high), model.objective,
                   vocabulary.new_pieces, _pair_tokens(model, shape), model.base.precision)
    tuned = any(task.fine_tune for task in language.tasks_of(name).values())
    disk = _disk(language, name, model, parameters + width * vocabulary.new_pieces, size)
    return ModelForecast(name, model.base.hub or model.base.package or str(model.base.path), parameters, tokens, steps,
                         model.pretraining.steps, model.pretraining.batch_size * model.pretraining.sequence_length,
                         passes, speed, seconds, _MEMORY * cost.memory_gib, card_memory(model, network, tuned), disk,
                         _checkpoint(model, network) / GIB, _energy(cost), pairs or None,
                         measure_lost_marks(tokenizer.backend_tokenizer, size.sample))


def _seconds(amount: Amount, speed: Speed) -> Range:
    spread = SPREAD[speed.origin]
    by_model = amount.steps * speed.step + amount.learned * (1 / speed.train) + amount.read * (1 / speed.read)
    alone = _IF_ALONE if speed.loaded else 1.0
    low = by_model.low * spread.low * alone + (amount.seconds + amount.words.low) * SPREAD["measured"].low
    return Range(low, by_model.high * spread.high + (amount.seconds + amount.words.high) * SPREAD["measured"].high)


def _cut(tokenizer: Any, sample: list[str]) -> tuple[float, float]:
    """Return tokens per word under the base, and words per line; a guess without text."""
    number = sum(len(words(line)) for line in sample)
    if not number:
        return 3.0, 20.0
    tokens = sum(len(encoding.ids) for encoding in
                 tokenizer.backend_tokenizer.encode_batch(sample, add_special_tokens=False))
    return tokens / number, number / len(sample)


def _steps(model: Model, tokens: Range, speed: Speed, own: float) -> tuple[Range, Range]:
    """Return the steps per variant, and their passes over the text; ``own`` is its share in the mixture."""
    settings = model.pretraining
    size = settings.batch_size * settings.sequence_length

    def within(text: float) -> int:
        blocks = max(1.0, text / settings.sequence_length) / own
        return steps_within(settings, speed.train, settings.max_epochs * blocks)

    spread = Range(1.0, 1.0) if settings.steps is not None else SPREAD[speed.origin]
    steps = Range(within(tokens.low) * spread.low, within(tokens.high) * spread.high)
    seen = steps * (size * own)
    return steps, Range(seen.low / max(1.0, tokens.high), seen.high / max(1.0, tokens.low))


def _pair_tokens(model: Model, shape: Shape) -> int:
    """Return the tokens of translated sentences per step."""
    return round(1.25 * model.alignment.batch_size * shape.line("base")) if model.alignment is not None else 0


def _disk(language: Language, name: str, model: Model, parameters: int, size: TextSize) -> Range:
    """Return GiB of the corpus and a model's artifacts: both variants, the release with task models, adapters."""
    tuned = sum(task.fine_tune for task in language.tasks_of(name).values())
    adapters = tuned * 3 * len(model.lora.seeds) * 0.03 * parameters * 4
    bytes_each = 4 if model.base.precision == "float32" else 2
    whole = bytes_each * parameters * (3 + tuned + 2 * len(chat_places(language, name)))
    return Range(whole * 0.95 + size.words.low * _TEXT_BYTES.low,
                 whole * 1.1 + adapters + size.words.high * _TEXT_BYTES.high) * (1 / GIB)


def _checkpoint(model: Model, network: Any) -> float:
    """Return the bytes of a checkpoint and of the best weights: those that are trained, and two moments of each."""
    config, count = network.config.get_text_config(), count_parameters(network)
    if model.pretraining.method == "lora":
        count = (lora_parameters(count, config.hidden_size, config.num_hidden_layers, model.pretraining.lora_rank)
                 + config.hidden_size * model.vocabulary.new_pieces)
    return 16.0 * count


def _energy(cost: TrainingCost) -> float | None:
    return None if cost.energy_kwh is None else 2 * cost.energy_kwh
