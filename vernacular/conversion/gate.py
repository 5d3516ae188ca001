"""Compares the answers of an exported folder with the release's, on held-out items that neither has learned from.

In float32 the answers must be the same, but for one that a near tie turns. In int8 the score may fall by one point.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vernacular.conversion.formats import Precision
from vernacular.conversion.released import Part
from vernacular.conversion.results import Agreement
from vernacular.core.codes import Code
from vernacular.core.confidence import ratio_difference
from vernacular.core.errors import Problem
from vernacular.release.gates import NEAR, SAME
from vernacular.tasks.base import IGNORED, Answer, Labelling
from vernacular.tasks.scoring import differences
from vernacular.tasks.sentence_retrieval.kind import SentenceRetrieval
from vernacular.tasks.token_classification import OUTSIDE, TokenClassification

POINT = 0.01  # of a score between 0 and 1
_SEED = 1  # of the resamples


def compare(part: Part, answers: Sequence[Any], precision: Precision) -> Agreement:
    """Return how the answers of the exported folder to a task's items differ from the scored ones.

    ``answers``: of ``model.py``, one for each item; for retrieval, those of the second texts follow.
    """
    kind = part.kind
    assert kind is not None
    predicted, pairs = _read(part, answers)
    metric, difference = next(iter(differences(kind, part.items, [predicted], [part.scored], _SEED).items()))
    return Agreement(
        items=len(part.items), answers=len(pairs), same=_share(pairs), metric=metric,
        score=kind.score(part.items, predicted), score_before=kind.score(part.items, part.scored),
        difference=difference, at_most=_allowed(precision))


def compare_language_models(texts: Sequence[Sequence[int]], ours: Sequence[Sequence[int]],
                            theirs: Sequence[Sequence[int]], precision: Precision) -> Agreement:
    """Return how the likeliest next tokens differ; the score is the share of right ones.

    Args:
        texts: ids of the tokens of each text but the first, which are predicted.
        ours: predictions of the exported folder.
        theirs: those of the release.
        precision: of the exported weights.
    """
    pairs = [pair for mine, other in zip(ours, theirs, strict=True) for pair in zip(mine, other, strict=True)]
    sums = [(np.array([sum(map(int.__eq__, text, found)) for text, found in zip(texts, side, strict=True)], float),
             np.array([len(text) for text in texts], float)) for side in (ours, theirs)]
    low, mean, high = ratio_difference(sums[0], sums[1], _SEED)
    score, before = (float(right.sum() / count.sum()) for right, count in sums)
    return Agreement(items=len(texts), answers=len(pairs), same=_share(pairs), metric="next_token_accuracy",
                     score=score, score_before=before, difference=(low, mean, high), at_most=_allowed(precision))


def check_agreement(found: Agreement, precision: Precision, where: str) -> None:
    """Check that the exported folder is as good as the release.

    Raises:
        Problem: it is not, with the figures.
    """
    low, mean, high = found.difference
    good = mean >= -found.at_most - 1e-9  # false for NaN
    if precision is Precision.FP32:
        good = good and found.same >= min(SAME, 1 - 1 / max(1, found.answers))
    if not good:
        raise Problem(
            f"{precision} gives {found.same:.1%} of the release's answers to {found.items} held-out items, and "
            f"{found.metric} {found.score:.3f} instead of {found.score_before:.3f} ({mean:+.3f}, 95% interval "
            f"{low:+.3f} to {high:+.3f}; at most {found.at_most:.2f} may be lost), so nothing was kept", where=where,
            fix="Use --precision fp32" if precision is Precision.INT8 else "Report this family with its task",
            code=Code.EXPORT_GATE)


def _read(part: Part, answers: Sequence[Any]) -> tuple[list[Answer], list[tuple[Any, Any]]]:
    """The answers as the kind's predictions, and pairs of new and scored answer of each unit."""
    kind = part.kind
    if isinstance(kind, SentenceRetrieval):
        vectors = np.array(answers, np.float32)
        count = len(part.items)
        predicted = kind.ranks(vectors[:count] @ vectors[count:].T, part.items)
        return predicted, [(new[2], old[2]) for new, old in zip(predicted, part.scored, strict=True)]
    assert isinstance(kind, Labelling)
    index = {label: number for number, label in enumerate(kind.labels)}
    if isinstance(kind, TokenClassification):
        outside = index.get(OUTSIDE, 0)
        predicted = [[index.get(label, outside) for _, label, _ in words] for words in answers]
        return predicted, [(new, old) for item, news, olds in zip(part.items, predicted, part.scored, strict=True)
                           for label, new, old in zip(item.labels, news, olds, strict=True) if label != IGNORED]
    several = kind.task.multi_label
    predicted = [sorted(index[label] for label, share in answer.items() if share >= 0.5) if several
                 else [index[next(iter(answer))]] for answer in answers]
    return predicted, list(zip(predicted, map(list, part.scored), strict=True))


def _share(pairs: Sequence[tuple[Any, Any]]) -> float:
    return sum(bool(new == old) for new, old in pairs) / max(1, len(pairs))


def _allowed(precision: Precision) -> float:
    return POINT if precision is Precision.INT8 else NEAR
