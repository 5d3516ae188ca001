"""What a speaker goes through of ``behaviour/fairness.yaml``: the names of each group, and sentences as asked."""

from __future__ import annotations

from collections.abc import Sequence

from vernacular.behavior_tests.operators.base import Given
from vernacular.evaluation.fairness.plan import Plan
from vernacular.evaluation.fairness.variants import write_variants


def claims(plan: Plan, lines: Sequence[str], given: Given, most: int, seed: int) -> list[tuple[str, str, str]]:
    """What must hold, of which text, and of which others beside it: a row of the table of ``vernacular review`` each.

    Args:
        plan: what the folder compares.
        lines: held-out lines.
        given: the word lists that spellings draw on.
        most: sentences of a comparison at most; names are shown all, for all of them are asked.
        seed: of the draw, as when it is measured.
    """
    rows = []
    for one in plan.comparisons:
        rows += [(f"{one.name}: every name here is one of the group '{group}', spelled as people spell it",
                  ", ".join(names), "") for group, names in one.groups.items()]
        said = (f"{one.name}: each is a good sentence, and only the name is another one" if one.groups else
                f"{one.name}: it is the same sentence, written in the ways {', '.join(one.labels)}; people write so")
        for item in write_variants(one, lines, most, seed, given):
            first, *others = (line for _, line in sorted(zip(item.order, item.lines, strict=True)))
            rows.append((said, first, "\n".join(others)))
    return rows
