"""Forgetting of the base's languages: likelihood before and after, and the shift of the states.

The text is from the model's ``retention`` sources, the half that did not guard the tokenizer. If
the other half is replayed in training, both are from the same documents, as the report notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from vernacular.config.schema import Model
from vernacular.core.plots import bars
from vernacular.core.report import Gate, Report
from vernacular.evaluation.likelihood import compare
from vernacular.evaluation.stage_results import RISE, ForgettingResult
from vernacular.modeling.base_files import bytes_of_weights
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.device import autocast
from vernacular.modeling.likelihood import LEAST_WORDS, Scored, likelihood
from vernacular.modeling.state_distillation import masked_mean
from vernacular.modeling.variants import ARMS, NLL, Arm, load_arm, nll_name, nll_unit, released_arm
from vernacular.pipeline.parallel import in_processes
from vernacular.pipeline.stage import StageContext
from vernacular.text.words import words
from vernacular.tokenizer.base_language_text import retention_lines

GATE = "base_languages_kept"
REPLAYED = ("the lines are from the documents that training replays, though not the same lines; other text in "
            "these languages may be forgotten more, and was not measured")


def run(work: StageContext, name: str, model: Model) -> Report:
    """Run the stage ``evaluation/<name>_retention``; without retention text, report that it was not measured."""
    lines = [line for line in retention_lines(model, work)[1::2] if len(words(line)) >= LEAST_WORDS]
    if not lines:
        report = Report()
        report.set_result(ForgettingResult(measured=False))
        report.count("retention_lines", 0, "no lines in the base's languages: the model has no retention text")
        report.gates.append(Gate(name=GATE, passed=False, reason=(
            "not measured: `retention:` of the model has no text in the languages of its base")))
        return report
    lines = [lines[row] for row in np.random.default_rng(work.seed).permutation(len(lines))[:model.likelihood_items]]
    found = dict(zip(ARMS, in_processes([partial(_measured, work, name, model, arm, lines) for arm in ARMS],
                                        bytes_of_weights(model.base, work.language)), strict=True))
    scored, states = {arm: found[arm][0] for arm in ARMS}, {arm: found[arm][1] for arm in ARMS}
    unit = nll_unit(model.objective)
    similarity = {arm: float((states["base"] * states[arm]).sum(1).mean()) for arm in ARMS[1:]}
    scores, differences = compare(scored, work.seed)
    report = Report()
    report.set_result(ForgettingResult(
        measured=True, caveat=REPLAYED if model.pretraining.replay else "", unit=unit,
        languages=model.base.languages, items=len(lines),
        scores=scores, differences=differences,
        similarity=dict(similarity)))
    report.count("retention_lines", len(lines), "lines in the base's languages that were scored")
    for arm in ARMS:
        report.count(f"retention_{nll_name(unit)}_{arm}", scored[arm].mean, f"{NLL} of text in the base's languages "
                                                                            f"under {arm}; lower is better", unit)
    for arm, value in similarity.items():
        meaning = f"mean cosine between {arm} and base sentence representations"
        report.count(f"retention_similarity_{arm}", value, meaning)
    bars(work.out / "retention.png", f"{NLL.capitalize()} of text in the base's languages (lower is "
                                     "better)", list(ARMS),
         [scored[arm].mean for arm in ARMS], unit)
    report.plots["retention"] = "retention.png"
    released = released_arm(name, work.reports)
    rise = scored[released].mean / scored["base"].mean - 1
    report.count("retention_rise", rise, f"relative change of the {NLL} of text in the base's languages, {released} "
                                         "against base")
    report.gates.append(gate_of(rise, unit, model.pretraining.replay > 0))
    return report


def _measured(work: StageContext, name: str, model: Model, arm: Arm,
              lines: Sequence[str]) -> tuple[Scored, np.ndarray[Any, Any]]:
    work.progress(f"{arm}: {len(lines)} lines in {', '.join(model.base.languages)}")
    network, tokenizer = load_arm(arm, name, model, work.language, work.inputs)
    return (likelihood(network, tokenizer, model.objective, lines, work.seed),
            mean_states(network, tokenizer, lines))


def gate_of(rise: float, unit: str, replayed: bool) -> Gate:
    """Build the gate on a relative ``rise`` of the negative log-likelihood in ``unit``, noting replay."""
    reason = (f"{NLL} in the base's languages ({unit}) changed by {rise:+.1%}; lower is better, and the limit is "
              f"{RISE:+.1%}")
    return Gate(name=GATE, passed=rise <= RISE, value=rise, threshold=RISE,
                reason=f"{reason}; {REPLAYED}" if replayed else reason,
                fix="Raise `pretraining.replay`, or train fewer steps")


def mean_states(network: Any, tokenizer: Any, lines: Sequence[str], size: int = 32) -> np.ndarray[Any, Any]:
    """Return the mean last state of each line, at unit length: (lines, hidden)."""
    out = []
    device = network.get_input_embeddings().weight.device
    with torch.inference_mode(), autocast(device):
        for first in range(0, len(lines), size):
            batch = tokenizer(list(lines[first:first + size]), padding=True, truncation=True,
                              max_length=longest_input(network, 128), return_tensors="pt").to(device)
            states = network.base_model(input_ids=batch["input_ids"],
                                        attention_mask=batch["attention_mask"]).last_hidden_state.float()
            mean = masked_mean(states, batch["attention_mask"])
            out.append(torch.nn.functional.normalize(mean, dim=-1).cpu().numpy())
    return np.concatenate(out)
