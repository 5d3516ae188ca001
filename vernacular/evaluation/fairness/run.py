"""The stage ``evaluation/<model>_fairness``: every comparison of the plan on base and released model.

Measures how often a group's name is recognized (tasks that label words), how much more often a
prediction changes with the group than within it (tasks that label lines, and spellings), and how
well names of a group are predicted (the language model, if the plan requests it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from vernacular.behavior_tests.labels import columns_of
from vernacular.behavior_tests.lexicons import resolve
from vernacular.behavior_tests.load import FAIRNESS, FOLDER, load_suite
from vernacular.config.behaviour import Behaviour
from vernacular.config.schema import Model
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Gate, Report
from vernacular.evaluation.behavior.askers import Asker
from vernacular.evaluation.behavior.judge import Answer
from vernacular.evaluation.behavior.run import ARMS
from vernacular.evaluation.behavior.word_alignment import aligned
from vernacular.evaluation.fairness.disparities import Hits, compare_changes, compare_groups
from vernacular.evaluation.fairness.plan import GATE, Plan, load_plan
from vernacular.evaluation.fairness.variants import Variants, write_variants
from vernacular.evaluation.held_out import held_out_lines, preparation
from vernacular.evaluation.stage_results import FairnessResult, GapChange, GroupComparison
from vernacular.modeling.base_files import bytes_of_weights
from vernacular.modeling.likelihood import likelihood_of_spans
from vernacular.modeling.variants import Arm, load_arm, released_arm
from vernacular.pipeline.parallel import in_processes
from vernacular.pipeline.stage import StageContext
from vernacular.tasks.predictor import load_predictor
from vernacular.text.words import word_spans
from vernacular.text.words import words as words_of

CAVEAT = ("Names are assigned to groups by a list, without consulting their bearers. A gap is a question for "
          "speakers; no gap does not prove fairness. Within noise: zero is in the interval, or shuffled groups "
          "give as wide a gap.")
NOT_MEASURED = GapChange(verdict="not measured")
Writer = Callable[..., list[Variants]]  # ``write_variants`` without its first argument


def run(work: StageContext[Behaviour], name: str, model: Model) -> Report:
    """Measure every comparison of the plan on the first seed of the model ``name``; report if there is no plan."""
    plan = load_plan(work.language)
    report = Report()
    (work.out / "README.txt").write_text(CAVEAT + "\n", encoding="utf-8")
    groups = sum(len(comparison.labels) for comparison in plan.comparisons) if plan else 0
    report.count("groups", groups, "groups compared; 0 means that fairness was not measured")
    if plan is None:
        report.set_result(FairnessResult(
            measured=False, caveat=f"Not measured: the folder has no {FOLDER}/{FAIRNESS}."))
        return report
    loaded: dict[Arm, Arm] = {"base": "base", "adapted": released_arm(name, work.reports)}
    lines = held_out_lines(work.inputs["corpus/splits"])
    suite = load_suite(work.language)
    given = resolve(suite, lines)
    write = partial(write_variants, lines=lines, most=work.settings.cases, seed=work.settings.seed, given=given)
    jobs = [partial(_of_task, work, name, model, loaded, plan, write, task_name)
            for task_name in plan.tasks if task_name in work.language.tasks_of(name)]
    jobs += [partial(_of_language_model, work, name, model, loaded, plan, write)] if plan.likelihood else []
    results: dict[str, GroupComparison] = {}
    for found in in_processes(jobs, bytes_of_weights(model.base, work.language)):
        results |= found
    for key, one in results.items():
        work.progress(f"{key}: {one.verdict} ({one.sentences} sentences)")
    _note(report, results, plan.author, plan.review_of(suite))
    return report


def _of_task(work: StageContext, name: str, model: Model, loaded: Mapping[Arm, Arm], plan: Plan, write: Writer,
             task_name: str) -> dict[str, GroupComparison]:
    """Measure every comparison under one task; all sentences are predicted together."""
    asked = {arm: _asker(loaded[arm], name, model, task_name, plan, work) for arm in ARMS}
    prepare = preparation(work.language.tasks[task_name])
    variants = {comparison.name: write(comparison, reads=partial(_read_by_all, asked, prepare))
                for comparison in plan.comparisons}
    named = {one.name for one in plan.comparisons if one.groups} if asked["base"].by_word else set()
    texts = [prepare(line) for comparison, written in variants.items() for item in written
             for line in (item.lines if comparison in named else _compared(item))]
    for asker in asked.values():
        asker.answers(texts)
    results = {}
    for comparison in plan.comparisons:
        written, by_name = variants[comparison.name], comparison.name in named
        results[f"{task_name}_{comparison.name}"] = GroupComparison.extending(
            _by_task(asked, written, by_name, plan.name_label, prepare, comparison.labels, work.seed),
            task=task_name, comparison=comparison.name, measure="names_found" if by_name else "label_changed",
            groups=comparison.labels, sentences=len(written))
    return results


def _of_language_model(work: StageContext, name: str, model: Model, loaded: Mapping[Arm, Arm], plan: Plan,
                       write: Writer) -> dict[str, GroupComparison]:
    """Measure every comparison of names under the language model."""
    networks = {arm: load_arm(loaded[arm], name, model, work.language, work.inputs) for arm in ARMS}
    results = {}
    for comparison in (one for one in plan.comparisons if one.groups):
        variants = write(comparison)
        hits = {arm: name_surprisals(*networks[arm], model.objective, variants) for arm in ARMS}
        change = compare_groups(hits["base"], hits["adapted"], comparison.labels, work.seed
                                ) if variants else NOT_MEASURED
        results[f"likelihood_{comparison.name}"] = GroupComparison.extending(
            change, task="likelihood", comparison=comparison.name, groups=comparison.labels, sentences=len(variants),
            measure="nats_per_character" if model.objective == "masked" else "bits_per_byte")
    return results


def _read_by_all(asked: dict[Arm, Asker], prepare: Callable[[str], str], line: str) -> bool:
    return all(asker.reads(prepare(line)) for asker in asked.values())


def _asker(arm: Arm, name: str, model: Model, task_name: str, plan: Plan, work: StageContext) -> Asker:
    predictor = load_predictor(arm, name, model, task_name, work.inputs, work.language, model.lora.seeds[0])
    by_word = work.language.tasks[task_name].kind == "token_classification"
    named = any(comparison.groups for comparison in plan.comparisons)
    if by_word and named and not columns_of(predictor.labels, plan.name_label):
        raise Problem(f"the task '{task_name}' has no label '{plan.name_label}'", where=f"{FOLDER}/{FAIRNESS}",
                      fix=f"Set name_label to one of {', '.join(predictor.labels)}", code=Code.DATA_LABEL)
    return Asker(predictor, words_of if by_word else None)


def _by_task(asked: dict[Arm, Asker], variants: Sequence[Variants], by_name: bool, label: str,
             prepare: Callable[[str], str], groups: list[str], seed: int) -> GapChange:
    if by_name and variants:
        hits = {arm: names_found(asker, columns_of(asker.labels, label), variants, prepare)
                for arm, asker in asked.items()}
        return compare_groups(hits["base"], hits["adapted"], groups, seed)
    if not by_name and any(item.twin for item in variants):
        changed = {arm: labels_differ(asker, variants, prepare) for arm, asker in asked.items()}
        return compare_changes(changed["base"], changed["adapted"], seed)
    return NOT_MEASURED


def _note(report: Report, results: dict[str, GroupComparison], author: str, reviewed: str) -> None:
    verdicts = [found.verdict for found in results.values()]
    worse = [key for key, found in results.items() if found.verdict == "made worse"]
    report.count("gaps_made_worse", len(worse), "comparisons with a significantly wider gap in the released model")
    report.count("gaps_lessened", verdicts.count("lessened"), "comparisons with a significantly narrower gap")
    report.count("gaps_inherited", verdicts.count("inherited"), "comparisons with a gap in the base that remains")
    measured = len(results) - verdicts.count(NOT_MEASURED.verdict)
    report.gates.append(Gate(name=GATE, passed=measured > 0 and not worse, value=len(worse), threshold=0, reason=(
        f"the gap widened significantly in {len(worse)} of {measured} comparisons: {', '.join(worse)}" if worse else
        f"the gap widened significantly in none of {measured} comparisons" if measured else
        "not measured: no held-out sentence could be compared"),
        fix="See the comparisons in the report; add text or labels with these groups" if worse else
            "Add held-out sentences with the words of behaviour/fairness.yaml"))
    report.samples["comparisons"] = [
        {"task": found.task, "comparison": found.comparison, "sentences": found.sentences,
         "gap_base": found.base.gap if found.base else None,
         "gap_adapted": found.adapted.gap if found.adapted else None, "verdict": found.verdict}
        for found in results.values()]
    report.set_result(FairnessResult(measured=True, comparisons=results, caveat=CAVEAT, author=author,
                                     reviewed=reviewed))


def names_found(asker: Asker, columns: Sequence[int], variants: Sequence[Variants],
                prepare: Callable[[str], str]) -> Hits:
    """Return whether each new name got the name label at all its positions: (sentences, groups), 0 or 1."""
    answers = iter(asker.answers([prepare(line) for item in variants for line in item.lines]))
    hits = np.zeros((len(variants), len(variants[0].lines)))
    for row, item in enumerate(variants):
        for group, name, line in zip(item.order, item.names, item.lines, strict=True):
            answer, text = next(answers), prepare(line)
            within = places_of(prepare(name), text)
            at = [place for place, (start, stop) in enumerate(word_spans(text))
                  if any(first <= start and stop <= last for first, last in within)]
            hits[row, group] = bool(at) and all(answer.given[place] in columns for place in at)
    return hits


def places_of(name: str, text: str) -> list[tuple[int, int]]:
    """Return start and end of all occurrences of ``name``, which may have several words (Jean-Paul)."""
    spans = word_spans(text)
    ends = {stop for _, stop in spans}
    return [(start, start + len(name)) for start, _ in spans
            if text.startswith(name, start) and start + len(name) in ends]


def labels_differ(asker: Asker, variants: Sequence[Variants], prepare: Callable[[str], str]) -> Hits:
    """Return whether predictions differ between two groups, and within one: (sentences, 2), 0 or 1."""
    kept = [item for item in variants if item.twin]
    answers = iter(asker.answers([prepare(line) for item in kept for line in _compared(item)]))
    rows = [(next(answers), next(answers), next(answers)) for _ in kept]
    return np.array([[_differ(first, other), _differ(first, twin)] for first, other, twin in rows], float)


def _compared(item: Variants) -> tuple[str, ...]:
    """Return the lines compared by ``labels_differ``: of two groups, and another one of the first group."""
    return (item.lines[0], item.lines[1], item.twin) if item.twin else ()


def _differ(one: Answer, other: Answer) -> bool:
    """Whether two predictions differ; if a spelling splits or joins words, only words in both lines count."""
    if not one.words:
        return one.given != other.given
    return any(one.given[was] != other.given[at] for was, at in aligned(one.words, other.words, keeps_words=True))


def name_surprisals(network: Any, tokenizer: Any, objective: str, variants: Sequence[Variants]) -> Hits:
    """Return the surprisal of each new name in its line: (sentences, groups), nats per character of the name.

    For a causal model bits per byte of the whole line, which differs only in the name.
    """
    texts = [line for item in variants for line in item.lines]
    names = [name for item in variants for name in item.names]
    found = likelihood_of_spans(network, tokenizer, objective, texts, [
        places_of(name, text) for text, name in zip(texts, names, strict=True)])
    values = iter((found.nats / found.size).tolist())
    hits = np.zeros((len(variants), len(variants[0].lines) if variants else 0))
    for row, item in enumerate(variants):
        for group in item.order:
            hits[row, group] = next(values)
    return hits


