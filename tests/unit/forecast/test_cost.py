"""A forecast follows settings and text, and holds what a real run of the tiny model does with steps and passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_bert, write_llama
from vernacular.catalog import stages_of
from vernacular.cli.plan_table import lines_of
from vernacular.cli.planning import steps_of
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.forecast.cost import ModelForecast, forecast_model
from vernacular.forecast.ranges import Range
from vernacular.forecast.remarks import forecast_remarks
from vernacular.forecast.text import count_text
from vernacular.pipeline.stage import run_stage


def forecast(tmp_path: Path, documents: int = 30, **changes: Any) -> ModelForecast:
    folder = write_language(tmp_path / "languages", documents=documents, models={"tiny": {**TINY_MODEL, **changes}})
    (write_llama if changes.get("objective") == "causal" else write_bert)(folder / "base")
    language, store = load_language(folder), Store(tmp_path / "artifacts")
    size = count_text(language, store.root, None)
    return forecast_model(language, store, "tiny", language.models["tiny"], size, quick=True)


def test_every_stage_of_the_model_has_a_time(tmp_path: Path) -> None:
    found = forecast(tmp_path)
    language = load_language(tmp_path / "languages" / "qaa")
    assert {name for name in stages_of(language) if not name.startswith("corpus/")} == set(found.seconds)
    assert all(0 < one.low < one.high for one in found.seconds.values())
    assert 0 < found.memory_gib.low < found.memory_gib.high and 0 < found.disk_gib.low < found.disk_gib.high


def test_a_model_that_answers_has_one_too(tmp_path: Path) -> None:
    found = forecast(tmp_path, objective="causal", instruct={"model": {"path": "sibling", "licence": "CC0-1.0"}})
    language = load_language(tmp_path / "languages" / "qaa")
    assert {name for name in stages_of(language) if not name.startswith("corpus/")} == set(found.seconds)
    assert found.seconds["instruct/tiny"].low > 0


def test_more_steps_seeds_and_text_take_longer(tmp_path: Path) -> None:
    base = forecast(tmp_path / "a")
    more = forecast(tmp_path / "b", pretraining={**TINY_MODEL["pretraining"], "steps": 24})
    assert more.seconds["model/tiny"].middle > base.seconds["model/tiny"].middle and more.passes.high > base.passes.high
    seeds = forecast(tmp_path / "c", lora={**TINY_MODEL["lora"], "seeds": [1, 2, 3]})
    assert seeds.seconds["task/names_tiny"].middle > base.seconds["task/names_tiny"].middle
    text = forecast(tmp_path / "d", documents=90)
    assert text.text_tokens.low > base.text_tokens.high and text.passes.high < base.passes.low


def test_the_run_keeps_what_was_forecast(tmp_path: Path) -> None:
    found = forecast(tmp_path)
    language, store = load_language(tmp_path / "languages" / "qaa"), Store(tmp_path / "artifacts")
    stages = stages_of(language)
    for name in ("corpus/documents", "corpus/identifier", "corpus/clean", "corpus/splits", "tokenizer/tiny",
                 "model/tiny"):
        made = run_stage(stages[name], language, store)
    counts = made.manifest.report.counts
    assert found.steps.low <= counts["steps"].value <= found.steps.high
    assert [remark.code for remark in made.manifest.report.remarks] == ["VN-FEW-STEPS"]
    tokenizer = store.current("qaa", "tokenizer/tiny")
    assert tokenizer is not None
    assert {remark.code for remark in tokenizer.manifest.report.remarks} == {"VN-FEW-NEW-TOKENS", "VN-LOST-MARKS"}


def test_remarks_are_made_before_anything_runs(tmp_path: Path) -> None:
    found = forecast(tmp_path)
    language, root = load_language(tmp_path / "languages" / "qaa"), tmp_path / "artifacts"
    size = count_text(language, root, None)
    assert {remark.code for remark in forecast_remarks(language, root, size, [found])} == {
        "VN-FEW-STEPS", "VN-FEW-NEW-TOKENS", "VN-LOST-MARKS"}


def test_the_total_is_first_and_last_and_holds_what_runs_alone(tmp_path: Path) -> None:
    found = forecast(tmp_path)
    language, store = load_language(tmp_path / "languages" / "qaa"), Store(tmp_path / "artifacts")
    size, steps = count_text(language, store.root, None), steps_of(stages_of(language), language, store)
    corpus = {step.stage: Range(1, 1) for step in steps if step.stage.startswith("corpus/")}
    lines = list(lines_of(language, size, steps, corpus | found.seconds, [found], [], {}))
    total = lines[-1].removeprefix(" " * 5).split("total")[1].strip()
    assert lines[0] == f"qaa: {total} for {len(steps)} of {len(steps)} stages"
    made = [step if step.stage == "release/tiny" else type(step)(step.stage, "reuse", "") for step in steps]
    shorter = list(lines_of(language, size, made, corpus | found.seconds, [found], [], {}))
    assert shorter[0].endswith(f"for 1 of {len(steps)} stages; the others are reused")
    done = [type(step)(step.stage, "reuse", "") for step in steps]
    assert "nothing to do" in next(lines_of(language, size, done, {}, [found], [], {}))
