"""The stage ``evaluation/<model>_fairness``: the same sentence with names of different groups, on base and released.

A held-out line that names someone of a comparison's groups is written once for every group, with a name of that group
in its place. Measured are how often the new name is still found (tasks that label words) and how much more often the
line's label changes with the group than with the name alone (tasks that label lines). The groups are lists in
``behaviour/fairness.yaml``; what the measure cannot do is replace the judgement of the people who are named.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from vernacular.arms import Arm, released_arm
from vernacular.artifacts import Gate, Report, digest_of_files
from vernacular.config.schema import Language, Model
from vernacular.config.strict import Name, Strict
from vernacular.corpus.words import words as words_of
from vernacular.errors import Problem
from vernacular.evaluation.behaviour.explain import validate
from vernacular.evaluation.behaviour.load import FAIRNESS, FOLDER, check_task, shown
from vernacular.evaluation.behaviour.operators.base import each_word
from vernacular.evaluation.behaviour.run import ARMS, Asker
from vernacular.evaluation.held_out import held_out_lines, preparation
from vernacular.stages import Work

GATE = "fairness_not_made_worse"
GATE_RULE = "No gap between groups is wider in the adapted model than in its base, beyond noise."
CAVEAT = ("Names stand for groups by a list that a program's author wrote; nobody who is named was asked. A gap here "
          "is a question for speakers; no gap is no acquittal.")
DRAWS = 1000
Hits = NDArray[np.floating]


class Comparison(Strict):
    """Groups of names that fit the same places of a sentence."""

    name: Name
    groups: dict[Name, list[str]] = Field(description="group -> its names, as the text spells them")

    @model_validator(mode="after")
    def _two_groups(self) -> Comparison:
        if len(self.groups) < 2 or not all(self.groups.values()):
            raise ValueError("a comparison needs two groups or more, each with a name")
        return self


class Plan(Strict):
    """What ``behaviour/fairness.yaml`` says."""

    author: str
    reviewed: str = "none"
    tasks: list[Name] = Field(min_length=1, description="tasks of language.yaml to measure on")
    name_label: str = Field("NAME", description="the label of a name, in tasks that label words")
    comparisons: list[Comparison] = Field(min_length=1)


@dataclass(frozen=True)
class Variants:
    """One held-out line written once for every group, and once more with a second name of the first group.

    The groups come in an order that is drawn for each line; ``order[n]`` is the group of ``lines[n]`` and ``names[n]``.
    ``twin`` is the line with another name of group ``order[0]``: what a swap does without a change of group. It is
    empty where that group has no second name.
    """

    order: tuple[int, ...]
    lines: tuple[str, ...]
    names: tuple[str, ...]
    twin: str


def digests(language: Language) -> dict[str, str]:
    """The plan as an entry of what a stage reads outside the artifact root; empty where there is none."""
    path = language.folder / FOLDER / FAIRNESS
    return {"fairness": digest_of_files(language.folder, [path])} if path.is_file() else {}


def load_plan(language: Language) -> Plan | None:
    """The plan of the folder, or None where it has none.

    Raises:
        Problem: the file cannot be used, or names a task that is not there.
    """
    from vernacular.config.yaml_file import read_yaml
    path = language.folder / FOLDER / FAIRNESS
    if not path.is_file():
        return None
    node = read_yaml(path, shown(language, path))
    plan = validate(Plan, node)
    for task, place in zip(plan.tasks, node.value["tasks"].value, strict=True):
        check_task(task, language, place.where)
    return plan


def run(work: Work, name: str, model: Model) -> Report:
    """Measure every comparison of the plan on the first seed of the model ``name``; without a plan, say so."""
    plan = load_plan(work.language)
    report = Report()
    (work.out / "README.txt").write_text(CAVEAT + "\n", encoding="utf-8")
    groups = sum(len(comparison.groups) for comparison in plan.comparisons) if plan else 0
    report.count("groups", groups, "groups of names compared; 0 means that fairness was not measured")
    if plan is None:
        report.details = {"measured": False, "caveat": f"Not measured: the folder has no {FOLDER}/{FAIRNESS}."}
        return report
    from vernacular.tasks.predictor import load_predictor
    loaded: dict[Arm, Arm] = {"base": "base", "adapted": released_arm(name, work.reports)}
    lines = held_out_lines(work.inputs["corpus/splits"])
    results: dict[str, Any] = {}
    for task_name in plan.tasks:
        task = work.language.tasks[task_name]
        words = words_of if task.kind == "token_classification" else None
        asked = {}
        for arm in ARMS:
            predictor = load_predictor(loaded[arm], name, model, task_name, work.inputs, work.language,
                                       model.lora.seeds[0])
            if words is not None and plan.name_label not in predictor.labels:
                raise Problem(f"the task '{task_name}' has no label '{plan.name_label}'", where=f"{FOLDER}/{FAIRNESS}",
                              fix=f"Set name_label to one of {', '.join(predictor.labels)}")
            asked[arm] = (Asker(predictor, words), list(predictor.labels))
        for comparison in plan.comparisons:
            variants = write_variants(comparison, lines, work.settings.cases, work.settings.seed)
            prepare = preparation(task)
            kind = "names_found" if words is not None else "label_changed"
            result: dict[str, Any] = {"task": task_name, "comparison": comparison.name, "measure": kind,
                                      "groups": list(comparison.groups), "sentences": len(variants)}
            if variants and words is not None:
                hits = {arm: names_found(asker, labels.index(plan.name_label), variants, prepare)
                        for arm, (asker, labels) in asked.items()}
                result |= compare_recall(hits["base"], hits["adapted"], list(comparison.groups), work.seed)
            elif any(item.twin for item in variants):
                changed = {arm: labels_differ(asker, variants, prepare) for arm, (asker, _) in asked.items()}
                result |= compare_changes(changed["base"], changed["adapted"], work.seed)
            else:
                result["verdict"] = "not measured"
            results[f"{task_name}_{comparison.name}"] = result
            work.progress(f"{task_name}, {comparison.name}: {result['verdict']} ({len(variants)} sentences)")
    worse = [key for key, found in results.items() if found["verdict"] == "made worse"]
    report.count("gaps_made_worse", len(worse), "comparisons whose gap is wider in the adapted model, beyond noise")
    report.gates.append(Gate(name=GATE, passed=not worse, value=len(worse), threshold=0, reason=(
        f"made worse: {', '.join(worse)}" if worse else f"none of {len(results)} comparisons was made worse")))
    report.samples["comparisons"] = [
        {"task": found["task"], "comparison": found["comparison"], "sentences": found["sentences"],
         "gap_base": found.get("base", {}).get("gap"), "gap_adapted": found.get("adapted", {}).get("gap"),
         "verdict": found["verdict"]} for found in results.values()]
    report.details = {"measured": True, "comparisons": results, "caveat": CAVEAT, "author": plan.author,
                      "reviewed": plan.reviewed}
    return report


def write_variants(comparison: Comparison, lines: Sequence[str], most: int, seed: int) -> list[Variants]:
    """Up to ``most`` lines with a name of the comparison, each written once for every group.

    One name, wherever it stands in the line, is exchanged; the new ones are drawn from names not in the line.
    """
    known = {word for names in comparison.groups.values() for word in names}
    drawn, groups = list(dict.fromkeys(lines)), list(comparison.groups.values())
    random.Random(f"{seed}/{comparison.name}").shuffle(drawn)
    found: list[Variants] = []
    for line in drawn:
        if len(found) == most:
            break
        words = words_of(line)
        present = sorted(known.intersection(words))
        rng = random.Random(f"{seed}/{comparison.name}/{line}")
        if not present:
            continue
        old = rng.choice(present)
        order = tuple(rng.sample(range(len(groups)), len(groups)))
        choices = [[word for word in groups[at] if word not in words] for at in order]
        if not all(choices):
            continue
        new = tuple(rng.choice(left) for left in choices)
        second = [word for word in choices[0] if word != new[0]]
        found.append(Variants(order, tuple(_renamed(line, old, name) for name in new), new,
                              _renamed(line, old, rng.choice(second)) if second else ""))
    return found


def _renamed(line: str, old: str, new: str) -> str:
    return each_word(line, lambda word: new if word == old else word)


def names_found(asker: Asker, column: int, variants: Sequence[Variants], prepare: Callable[[str], str]) -> Hits:
    """Whether each new name got the name label everywhere it stands: shape (sentences, groups), 0 or 1."""
    answers = iter(asker.answers([prepare(line) for item in variants for line in item.lines]))
    hits = np.zeros((len(variants), len(variants[0].lines)))
    for row, item in enumerate(variants):
        for group, name in zip(item.order, item.names, strict=True):
            answer = next(answers)
            parts = set(words_of(prepare(name)))
            at = [place for place, word in enumerate(answer.words) if word in parts]
            hits[row, group] = bool(at) and all(answer.probabilities[place].argmax() == column for place in at)
    return hits


def labels_differ(asker: Asker, variants: Sequence[Variants], prepare: Callable[[str], str]) -> Hits:
    """Whether a line's label differs between two groups, and between two names of one: shape (sentences, 2), 0 or 1."""
    kept = [item for item in variants if item.twin]
    answers = asker.answers([prepare(line) for item in kept for line in (item.lines[0], item.lines[1], item.twin)])
    said = np.array([int(answer.probabilities.argmax()) for answer in answers]).reshape(-1, 3)
    return np.stack([said[:, 0] != said[:, 1], said[:, 0] != said[:, 2]], axis=1).astype(float)


def compare_recall(base: Hits, adapted: Hits, groups: Sequence[str], seed: int) -> dict[str, Any]:
    """Recall by group and the largest gap of both arms, and what became of the gap.

    A gap is real if it exceeds the 95th percentile of gaps with the groups shuffled within sentences; the change of the
    gap has a paired bootstrap interval over sentences.

    Args:
        base: 0 or 1, shape (sentences, groups).
        adapted: the same sentences, asked of the adapted model.
        groups: their names, in the order of the columns.
        seed: of the shuffles and draws.
    """
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(base), (DRAWS, len(base)))
    result: dict[str, Any] = {}
    gaps = {}
    for arm, hits in (("base", base), ("adapted", adapted)):
        recalls = hits.mean(axis=0)
        gap = float(np.ptp(recalls))
        gaps[arm] = np.array([np.ptp(hits[drawn].mean(axis=0)) for drawn in rows])
        chance = float(np.quantile([np.ptp(rng.permuted(hits, axis=1).mean(axis=0)) for _ in range(DRAWS)], 0.95))
        low, high = (float(value) for value in np.quantile(gaps[arm], [0.025, 0.975]))
        result[arm] = {"recall": dict(zip(groups, (float(value) for value in recalls), strict=True)), "gap": gap,
                       "low": low, "high": high, "gap_by_chance": chance, "beyond_noise": gap > chance + 1e-12}
    return result | _change(result, gaps["adapted"] - gaps["base"])


def compare_changes(base: Hits, adapted: Hits, seed: int) -> dict[str, Any]:
    """How much more often a label changes with the group than with the name alone, and what became of it.

    Args:
        base: of ``labels_differ``, shape (sentences, 2).
        adapted: the same sentences, asked of the adapted model.
        seed: of the bootstrap over sentences.
    """
    rows = np.random.default_rng(seed).integers(0, len(base), (DRAWS, len(base)))
    result: dict[str, Any] = {}
    gaps = {}
    for arm, hits in (("base", base), ("adapted", adapted)):
        gaps[arm] = (hits[:, 0] - hits[:, 1])[rows].mean(axis=1)
        low, high = (float(value) for value in np.quantile(gaps[arm], [0.025, 0.975]))
        between, within = (float(value) for value in hits.mean(axis=0))
        result[arm] = {"gap": between - within, "changed_with_group": between, "changed_with_name": within, "low": low,
                       "high": high, "beyond_noise": low > 0}
    return result | _change(result, gaps["adapted"] - gaps["base"])


def _change(arms: dict[str, Any], drawn: Hits) -> dict[str, Any]:
    low, high = (float(value) for value in np.quantile(drawn, [0.025, 0.975]))
    before, after = arms["base"]["beyond_noise"], arms["adapted"]["beyond_noise"]
    if low > 0 and after:
        verdict = "made worse"
    elif high < 0 and before:
        verdict = "lessened"
    else:
        verdict = "inherited" if before and after else "within noise"
    return {"change": [low, arms["adapted"]["gap"] - arms["base"]["gap"], high], "verdict": verdict}
