"""Whether a finished bundle gives the answers that its card's numbers were made from, asked as a stranger would.

Labels are asked through ``use.py``, the file that goes along: transformers and peft alone, full precision, one text at
a time. Spans, neighbours and text are more than a layer gives: there the adapter is loaded by the lines of the card,
and the task's kind asks it. What is heard is scored on items that were scored before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vernacular.models import load_model, load_tokenizer, quiet
from vernacular.tasks.kind import IGNORED, Answer, Item, Kind
from vernacular.tasks.network import load

MOST = 200  # items asked of each task


def reproduce_labels(folder: Path, task: str, kind: Kind, items: Sequence[Item],
                     kept: Sequence[Answer]) -> dict[str, Any]:
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
    return _compared(kind, items, found, kept, pairs)


def reproduce_others(folder: Path, task: str, objective: str, longest: int, kind: Kind, items: Sequence[Item],
                     kept: Sequence[Answer]) -> dict[str, Any]:
    """The same for a kind that labels nothing.

    Args:
        folder: the release.
        task: a task with an adapter in it.
        objective: of the model.
        longest: tokens of an item.
        kind: of the task.
        items: that were scored; all of them, if answers depend on one another.
        kept: the answers that were scored.
    """
    quiet()
    model, tokenizer = load_model(folder / "model", objective), load_tokenizer(folder / "model")
    model.to("cuda" if torch.cuda.is_available() else "cpu")  # as when it was scored: a word may hang on a last bit
    found = kind.predict(load(model, folder / "adapters" / task), tokenizer, items, longest)
    return _compared(kind, items, found, kept, list(zip(map(_said, found), map(_said, kept), strict=True)))


def reproduce_untrained(folder: Path, objective: str, longest: int, kind: Kind, items: Sequence[Item],
                        kept: Sequence[Answer]) -> dict[str, Any]:
    """The same for a task that nothing was trained for: the model of the release itself is asked."""
    quiet()
    model, tokenizer = load_model(folder / "model", objective), load_tokenizer(folder / "model")
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    found = next(iter(kind.untrained(objective, model, tokenizer, [], items, longest, []).values()))[0]
    return _compared(kind, items, found, kept, list(zip(map(_said, found), map(_said, kept), strict=True)))


def _said(answer: Answer) -> Any:
    return answer["text"] if isinstance(answer, dict) else answer


def _compared(kind: Kind, items: Sequence[Item], found: Sequence[Answer], kept: Sequence[Answer],
              pairs: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    return {"items": len(items), "answers": len(pairs), "same": sum(new == old for new, old in pairs) / len(pairs),
            "score": kind.score(items, found), "score_before": kind.score(items, kept)}
