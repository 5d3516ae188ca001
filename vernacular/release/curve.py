"""The learning curve of a task as a table that card and report both show, and what is to be said beside it."""

from __future__ import annotations

from typing import Any

from vernacular.arms import ARMS

COLUMNS = ("labels", *ARMS, "best floor", "adapted minus base (95 %)")


def curve_rows(found: dict[str, Any]) -> list[list[str]]:
    """A row for each number of labels: the mean of each arm with every seed, a floor, a difference with its interval.

    No row where the task was learned at one size alone.
    """
    points = found.get("curve", [])
    return [[f"{point['train_items']:,}", *(_seeds(point, arm) for arm in ARMS),
             f"{max(point['floors'].values()):.3f}", _interval(point["intervals"]["adapted_minus_base"])]
            for point in points] if len(points) > 1 else []


def asked_rows(found: dict[str, Any], seeds: int) -> list[list[str]]:
    """A row for each model and way to ask it without fine-tuning: the name, the score of each of ``seeds``, the mean.

    Where no example is shown there is one score for all seeds, and it stands under the mean alone.
    """
    return [[f"{arm}, {name.replace('_', '-')}, not fine-tuned",
             *([f"{score:.3f}" for score in way["scores"][arm]] if len(way["scores"][arm]) == seeds > 1
               else [""] * seeds), f"{way['means'][arm]:.3f}"]
            for name, way in found.get("untrained", {}).items() for arm in ARMS]


def seeds_differ(found: dict[str, Any]) -> str:
    """How far the trainings of a task differ by their seed alone, as far as that was measured."""
    if len(next(iter(found["scores"].values()))) < 2:
        return "one seed: how far seeds differ is not known"
    return f"seeds differ by up to {found['spread']:.3f}; a smaller gain is called none"


def remarks(found: dict[str, Any]) -> list[str]:
    """What must be said of a task beside its numbers: dead seeds, items left out, parts that were made."""
    dead = [f"{name} ({point['train_items']} labels)" for point in found.get("curve", []) for name in point["dead"]]
    notes = found.get("notes", {})
    labelled = found.get("labelled")
    said = [f"The labels were made by people; licence: {labelled['licence']}"
            f"{' (' + labelled['url'] + ')' if labelled['url'] else ''}."] if labelled else []
    said += [f"No better than the commonest answer, or chance: {', '.join(dead)}."] if dead else []
    taken = [part for part in ("test", "dev") if notes.get(f"{part}_taken_from_train")]
    if taken:
        said.append(f"There was no {' and no '.join(taken)} part: a share of the labelled items, chosen by a digest of "
                    "their text, took its place.")
    same = sum(notes.get(name, 0) for name in ("train_also_in_test", "train_also_in_dev", "dev_also_in_test"))
    if same:
        said.append(f"{same} items were left out because the same text stands in a part that is scored or chosen by.")
    apart = found.get("apart", {})
    if apart.get("not_scored"):
        said.append(f"No scored item has the label {_listed(apart['not_scored'])}: how well it is told was not "
                    "measured.")
    if apart.get("not_learned"):
        said.append(f"No training item has the label {_listed(apart['not_learned'])}: no model could learn it.")
    if notes.get("tags_repaired"):
        said.append(f"{notes['tags_repaired']} tags that IOB2 does not allow were mended.")
    return said


def _listed(labels: list[str]) -> str:
    return " or ".join(f"'{label}'" for label in labels)


def _seeds(point: dict[str, Any], arm: str) -> str:
    each = ", ".join(f"{row['score']:.3f}" for row in point["scores"][arm])
    return f"{point['means'][arm]:.3f} ({each})"


def _interval(interval: list[float]) -> str:
    low, mean, high = interval
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"

