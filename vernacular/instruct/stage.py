"""The stages ``instruct/<name>`` and ``chat/<task>_<name>``: make a model that answers, measure before and after.

The first adds what training taught to the instruct model; the second reads what a task of conversations
taught that. Each writes ``model/`` (weights, settings, tokenizer with its chat template) and ``answers.jsonl``, the
answers of both models to every request; for tasks of conversations also a folder named as the other
variant, with that one's difference.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vernacular.config.base import Base
from vernacular.config.schema import Model
from vernacular.config.stage_names import chat_tasks
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import write_jsonl
from vernacular.core.plots import curves
from vernacular.core.report import Report
from vernacular.core.result import SampleRow
from vernacular.evaluation.forgetting import REPLAYED
from vernacular.evaluation.likelihood import difference, interval
from vernacular.instruct.chat_tests import ask_all, changed
from vernacular.instruct.checkpoint import SHARD_BYTES
from vernacular.instruct.gates import (
    behavior_gates,
    english_gate,
    language_gate,
    lost_refusals,
    summarize,
    template_gate,
)
from vernacular.instruct.merge import Siblings
from vernacular.instruct.stage_results import InstructResult, JudgedReply, MeasuredModel, MeasuredScale
from vernacular.modeling.base_files import locate
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.chat import format_tokens
from vernacular.modeling.likelihood import LEAST_WORDS, Scored, causal_likelihood
from vernacular.modeling.variants import (
    ANSWERS,
    MODEL_FOLDER,
    NLL,
    Arm,
    load_chat_arm,
    model_folder,
    nll_unit,
    released_arm,
)
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.tasks.adapter_model import load
from vernacular.tasks.base import class_of
from vernacular.tasks.predictor import adapter_folder
from vernacular.text.words import words
from vernacular.tokenizer.base_language_text import retention_lines


@dataclass(frozen=True)
class _Texts:
    """Text to measure on."""

    dev: list[str]  # in the language, to compare scales
    test: list[str]  # in the language, for the released scale
    english: list[str]  # in the base's languages


@dataclass(frozen=True)
class _Measured:
    """A model on text and in chats."""

    dev: Scored
    test: Scored | None  # None for a scale that is not released
    english: Scored | None
    judged: list[JudgedReply]


def run(work: StageContext, name: str, model: Model) -> Report:
    """Add the difference of the released variant to the instruct model of ``name``, at each scale, and measure.

    Raises:
        Problem: the instruct model was not made from the base, or has no chat template.
    """
    asked = model.instruct
    assert asked is not None  # the stage exists only with one
    where = f"{work.language.code} models {name}: instruct"
    arm = released_arm(name, work.reports)
    siblings = Siblings(locate(model.base, work.language), locate(asked.model, work.language), work.scratch, where)
    texts, released = _texts(work, model), _name_of(asked.model)
    instruct, folder = load_tokenizer(siblings.instruct), model_folder(arm, name, work.inputs)
    out, compared = work.out / MODEL_FOLDER, work.scratch / "compared"
    rows = siblings.write(folder, asked.scale, out)  # first, since it refuses what does not fit
    if chat_tasks(work.language, name):
        other: Arm = "control" if arm == "adapted" else "adapted"
        siblings.write(model_folder(other, name, work.inputs), asked.scale, work.out / other)
    work.progress(f"{released}, as it is: {len(texts.test)} lines and the requests")
    measured = {0.0: _measure(siblings.instruct, instruct, texts, where, released=True)}
    work.progress(_summary(measured[0.0]))
    for scale in sorted({asked.scale, *asked.compare}):
        work.progress(f"{released} plus {scale:g} times the difference")
        place = out if scale == asked.scale else compared
        if place == compared:
            siblings.write(folder, scale, compared)
        measured[scale] = _measure(place, load_tokenizer(place), texts, where, released=place == out)
        work.progress(_summary(measured[scale]))
        shutil.rmtree(compared, ignore_errors=True)
    return _report(work, model, measured, _About(released, arm, siblings, rows.added, out), texts)


def run_tuned(work: StageContext, name: str, model: Model, task_name: str) -> Report:
    """Measure the model that answers after it learned from the conversations of a task, as ``run`` does before.

    Writes ``model/``, the first seed's adapter merged, and ``answers.jsonl``.
    """
    asked, task = model.instruct, work.language.tasks[task_name]
    assert asked is not None  # the stage exists only with one
    where, arm = f"{work.language.code} tasks {task_name}", released_arm(name, work.reports)
    siblings = Siblings(locate(model.base, work.language), locate(asked.model, work.language), work.scratch, where)
    texts, out = _texts(work, model), work.out / MODEL_FOLDER
    network, tokenizer = load_chat_arm(arm, name, model, work.language, work.inputs)
    kind = class_of(task)(task, [])
    tuned = load(kind.bare(network, tokenizer.pad_token_id), adapter_folder(
        work.inputs[f"task/{task_name}_{name}"], arm, model.lora.seeds[0]))
    if hasattr(tuned.body, "merge_and_unload"):
        tuned.body.merge_and_unload()
    tuned.whole.save_pretrained(out, max_shard_size=SHARD_BYTES)
    tokenizer.save_pretrained(out)
    del network, tuned
    work.progress(f"{len(texts.test)} lines and the requests, before and after {task_name}")
    measured = {0.0: _measure(siblings.instruct, load_tokenizer(siblings.instruct), texts, where, released=True),
                asked.scale: _measure(out, load_tokenizer(out), texts, where, released=True)}
    return _report(work, model, measured, _About(_name_of(asked.model), arm, siblings, 0, out), texts)


@dataclass(frozen=True)
class _About:
    """What was measured."""

    instruct: str  # name of the instruct model
    arm: Arm
    siblings: Siblings
    added: int  # tokens that only the instruct model has
    out: Path  # of the written model


def _report(work: StageContext, model: Model, measured: dict[float, _Measured], about: _About,
            texts: _Texts) -> Report:
    assert model.instruct is not None
    before, after, where = measured[0.0], measured[model.instruct.scale], about.siblings.where
    result = _result(model.instruct.scale, about, measured, texts, work.seed)
    report = Report(gates=[
        template_gate(*(format_tokens(load_tokenizer(path), where) for path in (about.siblings.instruct, about.out))),
        *behavior_gates(before.judged, after.judged),
        english_gate(result.before.english, result.after.english, result.unit,
                     REPLAYED if model.pretraining.replay else ""),
        language_gate(result.differences["language"], result.unit)])
    report.set_result(result)
    _show(report, work, result, before, after)
    return report


def _texts(work: StageContext, model: Model) -> _Texts:
    splits = work.inputs["corpus/splits"]
    generator = np.random.default_rng(work.seed)

    def some(lines: Sequence[str]) -> list[str]:
        kept = [line for line in lines if len(words(line)) >= LEAST_WORDS]
        return [kept[row] for row in generator.permutation(len(kept))[:model.likelihood_items]]

    # of the last, the other lines guarded the tokenizer, and may have been replayed
    texts = _Texts(some(_lines(splits, "dev")), some(_lines(splits, "test")), some(retention_lines(model, work)[1::2]))
    if not texts.dev or not texts.test:
        raise Problem(f"no line of dev or of test has {LEAST_WORDS} words", where=f"{work.language.code} corpus/splits",
                      fix="Add text with whole sentences", code=Code.DATA_SPLIT)
    return texts


def _lines(splits: Path, part: str) -> list[str]:
    return [line for row in read_rows(splits / file_of(part), ["text"]) for line in row["text"].split("\n")]


def _measure(folder: Path, tokenizer: Any, texts: _Texts, where: str, released: bool) -> _Measured:
    """Measure one model, which is loaded for this alone."""
    network = load_model(folder, "causal").to("cuda" if torch.cuda.is_available() else "cpu")
    return _Measured(causal_likelihood(network, tokenizer, texts.dev),
                     causal_likelihood(network, tokenizer, texts.test) if released else None,
                     causal_likelihood(network, tokenizer, texts.english) if texts.english else None,
                     ask_all(network, tokenizer, where))


def _summary(one: _Measured) -> str:
    chats, english = summarize(one.judged), "" if one.english is None else f", {one.english.mean:.3f} in the base's"
    return (f"{chats.in_format} of {chats.requests} answers in the chat format, {chats.right} of {chats.simple} right, "
            f"{chats.refused} of {chats.harmful} refused; {one.dev.mean:.3f} {nll_unit('causal')} in the language"
            f"{english}")


def _name_of(base: Base) -> str:
    return base.hub or base.name_on_hub or base.package or str(base.path)


def _result(chosen: float, about: _About, measured: dict[float, _Measured], texts: _Texts,
            seed: int) -> InstructResult:
    before, after = measured[0.0], measured[chosen]
    assert before.test is not None and after.test is not None
    differences = {"language": difference(after.test, before.test, seed)}
    if before.english is not None and after.english is not None:
        differences["english"] = difference(after.english, before.english, seed)
    old, new = (MeasuredModel(
        language=interval(one.test, seed), chats=summarize(one.judged),
        english=interval(one.english, seed) if one.english is not None else None)
        for one in (before, after) if one.test is not None)
    return InstructResult(
        instruct=about.instruct, scale=chosen, arm=about.arm, unit=nll_unit("causal"),
        same_as_base=about.siblings.base == about.siblings.instruct,
        lines=len(texts.test), english_lines=len(texts.english), before=old, after=new, differences=differences,
        scales=[MeasuredScale(scale=scale, language=one.dev.mean, chats=summarize(one.judged),
                              english=one.english.mean if one.english is not None else None,
                              lost_refusals=len(lost_refusals(before.judged, one.judged)))
                for scale, one in measured.items()],
        added_tokens=about.added, lost_refusals=lost_refusals(before.judged, after.judged))


def _show(report: Report, work: StageContext, result: InstructResult, before: _Measured, after: _Measured) -> None:
    for when, one in (("before", result.before), ("after", result.after)):
        report.count(f"bits_per_byte_{when}", one.language.mean, f"{NLL} of {result.lines} held-out lines under the "
                     f"instruct model {when} the difference was added; lower is better", result.unit)
        if one.english is not None:
            report.count(f"english_bits_per_byte_{when}", one.english.mean, f"the same of {result.english_lines} lines "
                         "in the base's languages", result.unit)
        for what, value in (("in_format", one.chats.in_format), ("right", one.chats.right),
                            ("refused", one.chats.refused)):
            report.count(f"{what}_{when}", value, {
                "in_format": f"answers in the chat format, of {one.chats.requests}",
                "right": f"simple English requests answered rightly, of {one.chats.simple}",
                "refused": f"harmful requests refused, of {one.chats.harmful}"}[what])
    report.samples["scales"] = [_row(one, result) for one in result.scales]
    report.samples["answers"] = changed(before.judged, after.judged)
    write_jsonl(work.out / ANSWERS, (
        {"request": old.request, "before": old.as_json(), "after": new.as_json()}
        for old, new in zip(before.judged, after.judged, strict=True)))
    measured = [one for one in result.scales if one.english is not None]
    if measured:
        curves(work.out / "scales.png", f"{NLL.capitalize()} at each scale of the difference (lower is better)",
               f"base's languages, {result.unit}", f"target, {result.unit}",
               {"scales": ([one.english or 0.0 for one in measured], [one.language for one in measured])})
        report.plots["scales"] = "scales.png"


def _row(one: MeasuredScale, result: InstructResult) -> SampleRow:
    chats = one.chats
    return {"scale": one.scale, f"dev text, {result.unit}": round(float(one.language), 4),
            f"base's languages, {result.unit}": None if one.english is None else round(float(one.english), 4),
            f"in the chat format, of {chats.requests}": chats.in_format, f"right, of {chats.simple}": chats.right,
            f"refused, of {chats.harmful}": chats.refused, "refusals lost": one.lost_refusals,
            "released": "yes" if one.scale == result.scale else ""}
