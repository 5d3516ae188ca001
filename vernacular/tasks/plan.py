"""What fine-tuning the tasks of a language will take, before anything is spent: trainings, steps, and time if known."""

from __future__ import annotations

from typing import Any

from vernacular.arms import ARMS
from vernacular.artifacts import Store
from vernacular.config.schema import Language, Model
from vernacular.config.tasks import Task
from vernacular.tasks.curve import sizes_of
from vernacular.tasks.data import load_items, not_fetched
from vernacular.tasks.finetune import steps_of


def estimate(language: Language, store: Store, name: str, model: Model) -> dict[str, Any]:
    """The cost of fine-tuning every task on the arms of one model.

    Returns:
        ``task_trainings`` (arm, size and seed), ``task_steps`` of all of them, ``task_minutes``, by how long a step
        took when the task was last run here (None if one was not); steps and minutes are None before a hub dataset
        is fetched.

    Raises:
        Problem: labelled data that cannot be used.
    """
    missing = not_fetched(language, store.root)
    each = len(ARMS) * len(model.lora.seeds)
    trainings, steps, seconds = 0, 0, 0.0
    known, timed = not missing, bool(language.tasks_of(name))
    for task_name, task in language.tasks_of(name).items():
        if not task.fine_tune:
            continue
        trainings += each * len(task.curve)
        if task_name in missing:
            continue
        own = each * sum(steps_of(model.lora, size) for size in sizes_of(task.curve, _items(language, task_name, task,
                                                                                            store)))
        steps += own
        before = store.current(language.code, f"task/{task_name}_{name}")
        step = _seconds(before.manifest.report.details) if before else None
        timed = timed and step is not None
        seconds += own * (step or 0.0)
    return {"task_trainings": trainings, "task_steps": steps if known else None,
            "task_minutes": seconds / 60 if timed and known else None}


def _items(language: Language, name: str, task: Task, store: Store) -> int:
    return task.train if task.data is None else len(load_items(language, name, store.root).train)


def _seconds(details: dict[str, Any]) -> float | None:
    """Seconds of a step, answers included, when a task was last run."""
    rows = [row for point in details.get("curve", []) for arm in ARMS for row in point["scores"][arm]]
    steps = sum(row["steps"] for row in rows)
    return sum(row["seconds"] for row in rows) / steps if steps else None
