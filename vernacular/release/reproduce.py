"""Whether a finished bundle gives the answers that its card's numbers were made from, asked as a stranger would.

Loads the release folder with ``use.py``, the file that goes along with it: transformers and peft alone, full precision,
one text at a time. Scores what it hears on the items that were scored before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vernacular.models import quiet
from vernacular.tasks.items import IGNORED, Item
from vernacular.tasks.scoring import score

MOST = 200  # items asked of each task


def reproduce(folder: Path, task: str, rows: Sequence[Mapping[str, Any]], column: str) -> dict[str, Any]:
    """What the adapter of ``task`` in the release ``folder`` answers, beside what the stage of the task kept.

    Scoring may have computed in bfloat16, so an answer near a tie may turn; how many may is said in ``gates``.

    Args:
        folder: the release.
        task: a task with an adapter in it.
        rows: items with ``text``, ``labels`` and the kept answers.
        column: of the kept answers: arm and seed.

    Returns:
        ``items``, ``answers`` (labelled units), ``same`` (share of these), ``score`` and ``score_before`` on them.
    """
    from vernacular.release import use
    quiet()
    model, tokenizer, about = use.load(folder, task)
    items = [Item(row["text"], tuple(row["labels"]), "") for row in rows]
    found = [use.scores(model, tokenizer, item.text, about).argmax(-1).tolist() for item in items]
    kept = [list(row[column]) for row in rows]
    pairs = [(new, old) for item, news, olds in zip(items, found, kept, strict=True)
             for label, new, old in zip(item.labels, news, olds, strict=True) if label != IGNORED]
    by_word = about["unit"] == "word"
    return {"items": len(items), "answers": len(pairs), "same": sum(new == old for new, old in pairs) / len(pairs),
            "score": score(items, found, by_word), "score_before": score(items, kept, by_word)}
