"""What a training reports: counts, plots and gates."""

from __future__ import annotations

from typing import Any

import numpy as np

from vernacular.config.schema import Model
from vernacular.core.plots import curves
from vernacular.core.report import Gate, Report
from vernacular.modeling.checkpoint import Progressed
from vernacular.modeling.likelihood import LEAST_WORDS, likelihood
from vernacular.modeling.training_loop import Plan
from vernacular.modeling.variants import DEV_LIKELIHOOD, NLL, nll_unit
from vernacular.pipeline.stage import StageContext
from vernacular.pretraining import data_mixture as texts
from vernacular.pretraining.stage_results import Interpolation, InterpolationPoint, MixedText, PretrainingResult
from vernacular.pretraining.weight_interpolation import Between
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.text.words import words

_DISTANCE = "held-out sentences: squared distance of their mean state from their translation's, in variances"
_FOUND = "share of held-out sentences whose own translation is nearest"


def comparable(report: Report, work: StageContext, model: Model, network: Any, tokenizer: Any) -> None:
    """Report the likelihood of dev lines, measured as in ``evaluation``; it decides between the variants."""
    lines = [line for row in read_rows(work.inputs["corpus/splits"] / file_of("dev"))
             for line in row["text"].split("\n") if len(words(line)) >= LEAST_WORDS]
    if not lines:
        return
    drawn = np.random.default_rng(work.seed).permutation(len(lines))[:model.likelihood_items]
    scored = likelihood(network, tokenizer, model.objective, [lines[row] for row in drawn], work.seed)
    unit = nll_unit(model.objective)
    report.count(DEV_LIKELIHOOD, scored.mean, f"{NLL} of {len(drawn)} dev lines, comparable across tokenizers; "
                                              "lower is better", unit)


def report_of(work: StageContext, plan: Plan, done: Progressed, text: texts.Texts,
              found: tuple[list[Between], Between]) -> Report:
    """Return the report of a training; ``found``: the interpolations that were tried, and the chosen one."""
    points, chosen = found
    seen = done.step * plan.settings.batch_size
    tokens = seen * plan.settings.sequence_length
    report = Report()
    report.set_result(PretrainingResult(
        steps=done.step, planned_steps=plan.steps, tokens=tokens, minutes=done.seconds / 60, curve=done.curve,
        mix=[MixedText(name=stream.name, count=stream.count, share=stream.share) for stream in text.streams],
        interpolation=Interpolation(chosen=chosen.share, points=[
            InterpolationPoint(share=point.share, target=point.target, replay=point.replay) for point in points])))
    report.count("steps", done.step, "optimizer steps")
    report.count("tokens", tokens, "tokens processed in training")
    report.count("epochs", text.streams[0].share * seen / text.streams[0].count, "passes over the training text")
    for stream in text.streams[1:]:
        report.count(f"epochs_{stream.name}", stream.share * seen / stream.count, f"passes over {stream.name}")
    if text.streams[1:]:
        report.count("lines_left_out", text.left_out,
                     "lines of related and replay text removed by decontamination", "lines")
    report.count("training_minutes", done.seconds / 60, "time in training steps", "minutes")
    report.count("tokens_per_s", tokens / max(done.seconds, 1e-9), "training speed", "tokens/s")
    report.count("train_loss", float(np.mean(done.losses[-50:])), "mean loss of the last 50 steps", "nats per token")
    first, last = done.curve[0][1], chosen.target
    report.count("dev_nats_per_character_first", first, f"{NLL} of held-out masked tokens before training; lower is "
                                                        "better",
                 "nats per character")
    report.count("dev_nats_per_character_last", last, f"{NLL} of held-out masked tokens as released; lower is better",
                 "nats per character")
    report.count("best_step", done.best[0], f"step with the lowest held-out {NLL}")
    report.count("interpolation", chosen.share, "interpolation weight of the trained model")
    curves(work.out / "curve.png", f"{NLL.capitalize()} of held-out text while pretraining (lower is better)",
           "optimizer steps", "nats per character",
           {"held-out": ([step for step, _ in done.curve], [value for _, value in done.curve])})
    report.plots["learning curve"] = "curve.png"
    _show(report, work, points, chosen)
    report.gates.append(Gate(name="learned", passed=last < first, value=last, threshold=first, blocking=True,
                             reason=f"held-out {NLL} went from {first:.3f} to {last:.3f} nats per character; it "
                                    "must fall",
                             fix="Lower `pretraining.learning_rate`, raise `pretraining.steps`, or add text"))
    return report


def report_moved(report: Report, moved: float | None) -> None:
    """Report how far training moved the states of held-out texts, if that could be measured."""
    if moved is not None:
        report.count("states_moved", moved, "mean states of held-out texts: squared distance from their initial "
                                            "values, in variances between texts")


def report_translations(report: Report, before: tuple[float, float], after: tuple[float, float]) -> None:
    """Report held-out translations and their gate, from (distance, retrieval share) before and after training."""
    report.count("translation_distance_before", before[0], f"{_DISTANCE}, before training")
    report.count("translation_distance", after[0], f"{_DISTANCE}, as released")
    report.count("translation_found_before", before[1], f"{_FOUND}, before training")
    report.count("translation_found", after[1], f"{_FOUND}, as released")
    # At 1 they are as far from their translations as from the mean: mismatched pairs reach that.
    limit = min(before[0], 1.0)
    report.gates.append(Gate(
        name="translations_learned", passed=after[0] < limit and after[1] >= before[1], value=after[0],
        threshold=limit, reason=(
            f"{after[1]:.0%} of the held-out sentences find their translation ({before[1]:.0%} before), at a "
            f"distance of {after[0]:.3f} ({before[0]:.3f} before); the limit is {limit:.3f}"),
        fix="Check that the pairs match, or add some"))


def _show(report: Report, work: StageContext, points: list[Between], chosen: Between) -> None:
    base = points[0]
    report.samples["interpolation"] = [{
        "of the way": point.share, "target, nats per character": round(point.target, 4),
        "base's languages, nats per character": None if point.replay is None else round(point.replay, 4),
        "chosen": "yes" if point.share == chosen.share else ""} for point in points]
    if base.replay is None or chosen.replay is None:
        return
    report.count("replay_rise", chosen.replay / base.replay - 1,
                 f"relative change of the {NLL} of held-out replay text against the base")
    away = [point for point in points if point.share]
    curves(work.out / "interpolation.png", "Interpolation between the base's weights and the trained ones",
           "base's languages, nats per character", "target, nats per character",
           {"tried": ([point.replay or 0.0 for point in away], [point.target for point in away]),
            "chosen": ([chosen.replay], [chosen.target])})
    report.plots["interpolation"] = "interpolation.png"
