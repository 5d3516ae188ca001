"""Whether a finished bundle gives the answers that its card's numbers were made from, asked as a stranger would.

Loads the release folder with ``use.py``, the file that goes along with it: transformers and peft alone, full precision,
one text at a time. Scores what it hears on the items that were scored before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vernacular.models import quiet
from vernacular.tasks.kind import IGNORED, Answer, Item, Kind

MOST = 200  # items asked of each task


def reproduce(folder: Path, task: str, kind: Kind, items: Sequence[Item], kept: Sequence[Answer]) -> dict[str, Any]:
    """What the adapter of ``task`` in the release ``folder`` answers, beside what the stage of the task kept.

    Sums differ in their last bits, so an answer near a tie may turn; how many may is said in ``gates``.

    Args:
        folder: the release.
        task: a task with an adapter in it.
        kind: of the task, with its labels.
        items: that were scored.
        kept: the answers that were scored.

    Returns:
        ``items``, ``answers`` (labelled units), ``same`` (share of these), ``score`` and ``score_before`` on them.
    """
    from vernacular.release import use
    quiet()
    model, tokenizer, about = use.load(folder, task)
    found = [use.choose(use.scores(model, tokenizer, item.text, about, item.spans, item.second), about)
             for item in items]
    pairs: list[tuple[Any, Any]]
    if about["unit"] == "word":
        pairs = [(new, old) for item, news, olds in zip(items, found, kept, strict=True)
                 for label, new, old in zip(item.labels, news, olds, strict=True) if label != IGNORED]
    else:
        pairs = list(zip(found, map(list, kept), strict=True))
    return {"items": len(items), "answers": len(pairs), "same": sum(new == old for new, old in pairs) / len(pairs),
            "score": kind.score(items, found), "score_before": kind.score(items, kept)}
