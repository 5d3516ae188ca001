"""Remarks before a run, from settings, labeled files and a forecast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vernacular.config.labeled_data import FileData
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.report import Remark
from vernacular.forecast.cost import ModelForecast
from vernacular.forecast.ranges import rounded
from vernacular.forecast.text import TextSize
from vernacular.remarks import rules
from vernacular.tasks.labeled_items import load_items
from vernacular.tasks.learning_curve import sizes_of


def forecast_remarks(language: Language, root: Path, size: TextSize,
                     forecasts: Sequence[ModelForecast]) -> list[Remark]:
    """Return remarks on what will gain little; doubtful cases within the forecast's range are omitted."""
    found = [*(remark for one in forecasts for remark in _of_model(language, size, one)),
             *(remark for name, task in language.tasks.items() if isinstance(task.data, FileData)
               for remark in _of_task(language, root, name, forecasts))]
    return list(dict.fromkeys(found))


def _of_model(language: Language, size: TextSize, one: ModelForecast) -> Iterator[Remark]:
    model = language.models[one.name]
    if size.absent:
        return  # the amount of text is unknown
    if rules.few_passes(one.name, model, one.steps.high, one.passes.high) is not None:
        yield from _there(rules.few_passes(one.name, model, one.steps.middle, one.passes.middle))
    yield from _there(
        rules.few_new_tokens(one.name, model, rounded(size.trained.high), None, None),
        rules.lost_marks(one.name, one.lost_marks.words, one.lost_marks.merged, one.lost_marks.examples),
        rules.few_pairs(one.name, one.pairs) if one.pairs is not None else None,
        rules.capped_steps(one.name, model, one.steps.high),
        rules.small_text(one.name, model, one.text_tokens.high / model.pretraining.sequence_length))


def _of_task(language: Language, root: Path, name: str, forecasts: Sequence[ModelForecast]) -> Iterator[Remark]:
    try:
        items = load_items(language, name, root)
    except Problem:
        return  # `check` reports it
    looks = max((language.models[one.name].lora.looks for one in forecasts), default=0)
    sizes = sizes_of(language.tasks[name].curve, len(items.train))
    yield from rules.of_items(name, sizes[-1], len(items.dev), len(items.test), looks)


def _there(*remarks: Remark | None) -> Iterator[Remark]:
    return (remark for remark in remarks if remark is not None)
