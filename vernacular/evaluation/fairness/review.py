"""Review of ``behaviour/fairness.yaml``: the names of each group, and sentences as measured."""

from __future__ import annotations

from collections.abc import Sequence

from vernacular.behavior_tests.operators.base import Given
from vernacular.evaluation.fairness.plan import Plan
from vernacular.evaluation.fairness.variants import write_variants


def claims(plan: Plan, lines: Sequence[str], given: Given, most: int, seed: int) -> list[tuple[str, str, str]]:
    """Return rows for ``vernacular review``: a statement, the text it is about, and the texts to compare.

    ``given``: the word lists used by spellings. ``most``: most sentences per comparison; all
    names are shown, since all are measured. ``seed``: of the draw, as in the measurement.
    """
    rows = []
    for one in plan.comparisons:
        rows += [(f"{one.name}: every name here belongs to the group '{group}' and is spelled as usual",
                  ", ".join(names), "") for group, names in one.groups.items()]
        statement = (f"{one.name}: each is a good sentence, and only the name differs" if one.groups else
                f"{one.name}: it is the same sentence, spelled in the ways {', '.join(one.labels)}, which people use")
        for item in write_variants(one, lines, most, seed, given):
            first, *others = (line for _, line in sorted(zip(item.order, item.lines, strict=True)))
            rows.append((statement, first, "\n".join(others)))
    return rows
