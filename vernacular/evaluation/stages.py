"""Declares the stages ``evaluation/<name>_...``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.behavior_tests.load import digests, digests_of_marks, load_suite
from vernacular.behavior_tests.schema import Suite, percent
from vernacular.config.schema import Language, Model
from vernacular.config.stage_names import SPLITS, model_stages, task_stages
from vernacular.core.entry_point import EntryPoint
from vernacular.evaluation import trigger_scan
from vernacular.evaluation.fairness import plan as fairness
from vernacular.evaluation.stage_results import (
    BehaviorResult,
    FairnessResult,
    ForgettingResult,
    LikelihoodResult,
    TriggerScanResult,
)
from vernacular.modeling.base_files import fingerprints
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.tokenizer.base_language_text import retention_versions


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """Return the five stages ``evaluation/<name>_...`` of a model.

    Raises:
        Problem: a file in ``behaviour/`` is invalid.
    """
    return [_likelihood(language, name, model), _retention(name, model), _behaviour(language, name, model),
            _fairness(language, name, model), _attack(language, name, model)]


def _models(name: str) -> tuple[str, ...]:
    return (SPLITS, *model_stages(name))


def _base(model: Model) -> dict[str, JsonValue]:
    return {"base": model.base.model_dump(mode="json"), "objective": model.objective}


def _read_again(language: Language, root: Path, model: Model) -> dict[str, str]:
    return {**fingerprints(model.base, language), **retention_versions(model, language, root)}


def _likelihood(language: Language, name: str, model: Model) -> Stage:
    return Stage(
        name=f"evaluation/{name}_likelihood", version="5", inputs=_models(name),
        run=EntryPoint("vernacular.evaluation.likelihood:run", name=name, model=model), result=LikelihoodResult,
        heavy=True, seed=model.seed,
        settings=lambda language: {**_base(model), "items": model.likelihood_items},
        outside=lambda language, root: fingerprints(model.base, language), kinds=("pytorch", "python"),
        gates=(GateSpec("adapted_beats_base", "Adapted predicts held-out text better than the base, the interval "
                                              "excluding zero.", False),
               GateSpec("adapted_not_worse_than_control", "Adapted is at most 0.5% worse than control.", False)),
        description=f"How well base, control and adapted `{name}` predict held-out {language.name}: negative "
                    f"log-likelihood in {'nats per character' if model.objective == 'masked' else 'bits per byte'}, "
                    "comparable across tokenizers; lower is better.")


def _retention(name: str, model: Model) -> Stage:
    return Stage(
        name=f"evaluation/{name}_retention", version="5", inputs=_models(name),
        run=EntryPoint("vernacular.evaluation.forgetting:run", name=name, model=model), result=ForgettingResult,
        heavy=True, seed=model.seed,
        settings=lambda language: {
            **_base(model), "items": model.likelihood_items, "replayed": model.pretraining.replay > 0,
            "retention": [source.model_dump(mode="json", by_alias=True) for source in model.retention]},
        outside=partial(_read_again, model=model), kinds=("pytorch", "python"),
        gates=(GateSpec("base_languages_kept", "The negative log-likelihood of text in the base's languages rises "
                                               "by at most 0.5%.", False),),
        description=f"What `{name}` forgot of the languages its base was trained on.")


def _behaviour(language: Language, name: str, model: Model) -> Stage:
    suite = load_suite(language).of_tasks(language.tasks_of(name))
    tasks = sorted({test.task for test in suite.tests if test.task is not None})

    return Stage(
        name=f"evaluation/{name}_behaviour", version="12",
        run=EntryPoint("vernacular.evaluation.behavior.run:run", name=name, model=model), result=BehaviorResult,
        heavy=True,
        inputs=(*_models(name), *(f"task/{task}_{name}" for task in tasks)),
        settings=lambda language: language.behaviour,
        outside=lambda language, root: {**digests(language), **digests_of_marks(language)},
        gates=gate_specs(suite), kinds=("pytorch", "python"),
        description=f"The behavioral tests of the folder on `{name}`, compared with its base." if suite.tests else
                    "No behavioral test in the folder: nothing is measured.")


def gate_specs(suite: Suite) -> tuple[GateSpec, ...]:
    """Return one gate per test, with its name."""
    return tuple(GateSpec(test.name, f"{test.description or test.capability}: at most {percent(test.threshold)} of "
                                     f"the cases fail. Author: {test.author}; reviewed by: {suite.review_of(test)}.",
                          test.severity == "error") for test in suite.tests)


def _fairness(language: Language, name: str, model: Model) -> Stage:
    plan = fairness.load_plan(language)
    tasks = [task for task in plan.tasks if task in language.tasks_of(name)] if plan else []

    return Stage(
        name=f"evaluation/{name}_fairness", version="9",
        run=EntryPoint("vernacular.evaluation.fairness.run:run", name=name, model=model), result=FairnessResult,
        heavy=True,
        inputs=(*_models(name), *(f"task/{task}_{name}" for task in tasks)),
        settings=lambda language: language.behaviour,
        outside=lambda language, root: {**fairness.digests(language), **digests(language)},
        kinds=("pytorch", "python"), gates=(GateSpec(fairness.GATE, fairness.GATE_RULE, False),) if plan else (),
        description=f"The same sentence with names of different groups, or in different spellings: does `{name}` "
                    "treat them alike, and did training change that? No substitute for a speaker's judgment.")


def _attack(language: Language, name: str, model: Model) -> Stage:
    return Stage(
        name=f"evaluation/{name}_attack", version="7",
        run=EntryPoint("vernacular.evaluation.trigger_scan.run:run", name=name, model=model), result=TriggerScanResult,
        heavy=True, seed=model.seed,
        inputs=(*_models(name), *task_stages(language, name)),
        settings=lambda language: {**_base(model), "lora": model.lora.model_dump(mode="json"), "tasks": {
            task: found.model_dump(mode="json", exclude={"transfer"})
            for task, found in language.tasks_of(name).items()}},
        outside=lambda language, root: fingerprints(model.base, language), kinds=("pytorch", "python"),
        gates=(GateSpec(trigger_scan.GATE, trigger_scan.GATE_RULE, False),),
        description=f"Phrases that may have been planted to change the predictions of `{name}`: a scan of its "
                    "training data.")
