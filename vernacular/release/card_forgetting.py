"""What was kept of the base's languages on tasks in them, as sentences for card and page."""

from __future__ import annotations

from vernacular.modeling.variants import ARMS
from vernacular.release.markdown import interval_text, number
from vernacular.release.result_models import ReleaseResults


def kept_on_tasks(results: ReleaseResults) -> list[str]:
    """A sentence for each task with a ``language``: the mean of each arm, and the released one against the base."""
    released, said = results.released.arm, []
    for task, found in results.tasks.items():
        if not found.language:
            continue
        means = ", ".join(f"{arm} {number(found.means[arm])}" for arm in ARMS if arm in found.means)
        interval = found.intervals.get(f"{released}_minus_base")
        said.append(f"{task}, in {found.language}, a language of the base ({found.metric}, "
                    f"{found.train_items} items to learn from, {found.test_items} scored): {means}"
                    + (f"; {released} against base {interval_text(interval)}." if interval else "."))
    return said
