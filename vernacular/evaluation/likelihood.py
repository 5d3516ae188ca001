"""The stage ``evaluation/<model>_likelihood``: base, control and adapted on the same held-out words, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from vernacular.config.schema import Model
from vernacular.core.codes import Code
from vernacular.core.confidence import ratio, ratio_difference
from vernacular.core.errors import Problem
from vernacular.core.jsonl import write_jsonl
from vernacular.core.plots import bars
from vernacular.core.report import Gate, Report
from vernacular.core.result import Estimate, Interval
from vernacular.evaluation.char_ngram_baseline import floor_nats
from vernacular.evaluation.examples import Answers, Drawn
from vernacular.evaluation.held_out import held_out_lines
from vernacular.evaluation.stage_results import LikelihoodResult
from vernacular.modeling.base_files import bytes_of_weights
from vernacular.modeling.base_models import load_tokenizer
from vernacular.modeling.likelihood import (
    LEAST_WORDS,
    Scored,
    choose_words,
    likelihood,
)
from vernacular.modeling.variants import ARMS, COMPARED, NLL, TIE, Arm, load_arm, model_folder, nll_name, nll_unit
from vernacular.pipeline.parallel import in_processes
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.tasks.weak_labels import lower


def interval(scored: Scored, seed: int) -> Estimate:
    """Return the mean with a 95% bootstrap interval over lines."""
    return Estimate.model_validate(ratio(scored.nats, scored.size, seed))


def difference(ours: Scored, theirs: Scored, seed: int) -> Interval:
    """Return the difference of the means (ours minus theirs) with a paired 95% interval: low, mean, high."""
    low, mean, high = ratio_difference((ours.nats, ours.size), (theirs.nats, theirs.size), seed)
    return low, mean, high


def compare(scored: Mapping[Arm, Scored], seed: int) -> tuple[dict[str, Estimate], dict[str, Interval]]:
    """Return the intervals of each variant and of each difference."""
    return ({arm: interval(value, seed) for arm, value in scored.items()},
            {f"{ours}_minus_{theirs}": difference(scored[ours], scored[theirs], seed) for ours, theirs in COMPARED})


def run(work: StageContext, name: str, model: Model) -> Report:
    """Run the stage ``evaluation/<name>_likelihood``: the variants and the baseline on the same held-out words.

    Raises:
        Problem: no held-out line is long enough.
    """
    held_out = held_out_lines(work.inputs["corpus/splits"], LEAST_WORDS)
    if not held_out:
        raise Problem(f"no held-out line has {LEAST_WORDS} words", where=f"{work.language.code} corpus/splits",
                      fix="Add text with whole sentences", code=Code.DATA_SPLIT)
    order = np.random.default_rng(work.seed).permutation(len(held_out))[:model.likelihood_items]
    lines = [held_out[row] for row in order]
    masked = model.objective == "masked"
    examples = Drawn(held_out, work.seed, masked)
    jobs: list[Callable[[], tuple[Scored, Answers | None]]] = [
        partial(_scored, work, name, model, arm, lines, examples) for arm in ARMS]
    if masked:
        jobs.append(partial(_floor, work, load_tokenizer(model_folder("adapted", name, work.inputs)), lines))
    found = in_processes(jobs, bytes_of_weights(model.base, work.language))
    scored = {arm: one for arm, (one, _) in zip(ARMS, found, strict=False)}
    examples.write(work.out, {arm: answers for arm, (_, answers) in zip(ARMS, found, strict=False)
                              if answers is not None})
    unit = nll_unit(model.objective)
    scores, differences = compare(scored, work.seed)
    floor = {"character_5gram": interval(found[-1][0], work.seed)} if masked else {}
    result = LikelihoodResult(unit=unit, scores=scores, differences=differences, items=len(lines))
    report = Report()
    report.set_result(result.model_copy(update={"floor": floor}) if floor else result)
    short = nll_name(unit)
    for arm in ARMS:
        report.count(f"{short}_{arm}", scores[arm].mean, f"{NLL} of {len(lines)} held-out lines under {arm}; "
                                                            "lower is better", unit)
    for arm in ARMS:
        report.count(f"unknown_characters_{arm}", int(scored[arm].unknown.sum()),
                     f"share covered by unknown tokens of {arm}, charged as random characters")
    if masked:
        report.count(f"{short}_floor", floor["character_5gram"].mean,
                     f"{NLL} of the baseline, a character 5-gram model of the training text", unit)
    bars(work.out / "likelihood.png", f"{NLL.capitalize()} of held-out text (lower is better)",
         [*ARMS, *(["5-gram floor"] if masked else [])],
         [*(scores[arm].mean for arm in ARMS),
          *(one.mean for one in floor.values())], unit)
    report.plots[f"held-out {NLL}"] = "likelihood.png"
    by_line = {arm: scored[arm].nats / scored[arm].size for arm in ARMS}
    write_jsonl(work.out / "lines.jsonl", ({"line": line, **{arm: by_line[arm][row] for arm in ARMS}}
                                           for row, line in enumerate(lines)))
    for other, gate in (("base", "adapted_beats_base"), ("control", "adapted_not_worse_than_control")):
        low, mean, high = differences[f"adapted_minus_{other}"]
        limit = 0.0 if other == "base" else TIE * scores["control"].mean
        report.gates.append(Gate(name=gate, passed=(high < 0) if other == "base" else (mean <= limit), value=mean,
                                 threshold=limit, fix="Raise `pretraining.steps`, or add text", reason=(
                                     f"{NLL} of adapted is {mean:+.3f} {unit} against {other}, 95% interval "
                                     f"{low:+.3f} to {high:+.3f}; lower is better, and " + (
                                         "the interval must be below 0" if other == "base" else
                                         f"the limit is {limit:+.3f}"))))
    return report


def _scored(work: StageContext, name: str, model: Model, arm: Arm, lines: Sequence[str],
            examples: Drawn) -> tuple[Scored, Answers | None]:
    work.progress(f"{arm}: {len(lines)} held-out lines")
    network, tokenizer = load_arm(arm, name, model, work.language, work.inputs)
    return (likelihood(network, tokenizer, model.objective, lines, work.seed), examples.ask(network, tokenizer))


def _floor(work: StageContext, tokenizer: Any, lines: Sequence[str]) -> tuple[Scored, Answers | None]:
    """Score the same words with the baseline, on text as the models see it (lower-cased if the base is)."""
    normaliser = tokenizer.backend_tokenizer.normalizer
    lowers = normaliser is not None and normaliser.normalize_str("A") == "a"
    fold = lower if lowers else str
    training = "\n".join(row["text"] for row in read_rows(work.inputs["corpus/splits"] / file_of("train"), ["text"]))
    spans = choose_words(lines, work.seed)
    nats = floor_nats(fold(training), [fold(line) for line in lines], spans)
    return Scored(nats, np.array([stop - start for start, stop in spans], float), np.zeros(len(lines))), None
