"""Compares the answers of ``pipeline(...)`` and ``SentenceTransformer(...)`` for a release with the scored ones.

The calls run in a process that cannot import Vernacular (``ecosystem``), in full precision, one text at a time. Spans
and generated text need more than such a call: there peft loads the adapter, and the kind of the task predicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import load_model, load_tokenizer, quiet
from vernacular.modeling.picture_towers import load_tower_folder
from vernacular.release import ecosystem
from vernacular.release.apart import ask_apart
from vernacular.release.export import TOWER
from vernacular.release.model_check import (
    Call,
    Chatted,
    chat_calls,
    compare_chats,
    compare_model,
    model_calls,
)
from vernacular.release.searching import EMBED
from vernacular.release.stage_results import OURS, ModelCheck, TaskCheck
from vernacular.tasks.adapter_model import load
from vernacular.tasks.base import IGNORED, Answer, Kind, Labelling
from vernacular.tasks.image_retrieval.kind import ImageRetrieval
from vernacular.tasks.sentence_pairs import SentencePairs
from vernacular.tasks.sentence_retrieval.kind import SentenceRetrieval
from vernacular.tasks.token_classification import TokenClassification

MOST = 100  # items asked of each task
_SECONDS = 1800.0  # longest that all calls may take
_NEAR = 1e-3  # between vectors of length 1
FIRST, SIMPLE = "first", "simple"


@dataclass(frozen=True)
class Asked:
    """A task of a release and its scored items."""

    task: str  # its name
    place: str  # of what was written for it, in the release; empty where the model itself answers
    kind: Kind  # of it, with its labels
    items: Sequence[Item]  # scored ones; all of them where answers depend on one another
    scored: Sequence[Answer]  # the answers that were scored
    longest: int  # tokens of an item
    seed: int | None  # whose training is released; None where nothing was trained
    card: float  # the score of that seed


@dataclass(frozen=True)
class Found:
    """All that was compared: by task, and by call of the released model."""

    tasks: dict[str, TaskCheck]
    model: dict[str, ModelCheck]


def check_release(folder: Path, objective: str, tasks: Sequence[Asked], lines: Sequence[str], longest: int,
                  chats: Mapping[str, Sequence[Chatted]] | None = None) -> Found:
    """Compare the answers of a finished release with the scored ones.

    ``longest``: tokens of a text.
    ``chats``: folder in the release -> requests and answers, of the models that answer.

    Raises:
        Problem: a call failed.
    """
    quiet()
    alone = [asked for asked in tasks if isinstance(asked.kind, Labelling | SentenceRetrieval | ImageRetrieval)]
    calls = [model_calls(folder, objective, lines, longest), *(_task_calls(folder, asked) for asked in alone),
             chat_calls(folder, chats or {})]
    answers = iter(run_calls([call for some in calls for call in some]))
    grouped = [[next(answers) for _ in some] for some in calls]
    model = compare_model(folder, objective, calls[0], grouped[0], longest)
    checked = {asked.task: _compare_task(asked, some, found)
               for asked, some, found in zip(alone, calls[1:-1], grouped[1:-1], strict=True)}
    model |= {place: compare_chats(some, found) for (place, some), found in zip(
        (chats or {}).items(), grouped[-1], strict=True)}
    checked |= {asked.task: _ask_ours(folder, objective, asked) for asked in tasks if asked not in alone}
    return Found({asked.task: checked[asked.task] for asked in tasks}, model)


def run_calls(calls: Sequence[Call]) -> list[Any]:
    """The answers to calls of ``ecosystem``, from a process without Vernacular.

    Raises:
        Problem: the process failed, with its last line.
    """
    found: list[Any] = ask_apart(ecosystem.__file__, ("-I",), calls, _SECONDS, lambda last: Problem(
        f"the new release does not load ({last})", where="release",
        fix="Report it with the versions of transformers, peft and sentence-transformers", code=Code.RELEASE_LOAD))
    return found


def _task_calls(folder: Path, asked: Asked) -> list[Call]:
    place = str(folder / asked.place)
    if isinstance(asked.kind, SentenceRetrieval):
        prefix = "" if asked.place else asked.kind.task.prefix  # a folder of its own has it among its settings
        return [{"call": EMBED, "folder": place, "inputs": [prefix + text for text in texts]}
                for texts in ([item.text for item in asked.items], [item.second for item in asked.items])]
    if isinstance(asked.kind, ImageRetrieval):  # the folder has the prefix among its settings
        tower = folder / asked.place / TOWER
        size = load_tower_folder(tower).size
        return [{"call": EMBED, "folder": place, "inputs": [item.text for item in asked.items]},
                {"call": "picture-embeddings", "folder": str(tower), "inputs": [[size.height, size.width]]}]
    if isinstance(asked.kind, TokenClassification):
        return [{"call": "token-classification", "folder": place, "strategy": strategy,
                 "inputs": [item.text for item in asked.items]} for strategy in (FIRST, SIMPLE)]
    if isinstance(asked.kind, SentencePairs):
        marked = load_tokenizer(folder).num_special_tokens_to_add(pair=True)
        inputs: list[Any] = [{"text": item.text, "text_pair": item.second} if marked else f"{item.text}\n{item.second}"
                             for item in asked.items]
    else:
        inputs = [item.text for item in asked.items]
    return [{"call": "text-classification", "folder": place, "inputs": inputs}]


def _compare_task(asked: Asked, calls: Sequence[Call], found: Sequence[Any]) -> TaskCheck:
    kind = asked.kind
    if isinstance(kind, SentenceRetrieval):
        sides = [np.array(rows, np.float32) for rows in found]
        ranks = kind.ranks(sides[0] @ sides[1].T, asked.items)
        return _checked(asked, "SentenceTransformer", ranks, list(zip(ranks, map(list, asked.scored), strict=True)))
    if isinstance(kind, ImageRetrieval):
        _compare_tower(Path(calls[1]["folder"]), calls[1]["inputs"][0], found[1][0])
        ranks = kind.ranks(np.array(found[0], np.float32), asked.items)
        return _checked(asked, "SentenceTransformer", ranks, list(zip(ranks, map(list, asked.scored), strict=True)))
    if isinstance(kind, TokenClassification):
        read = {call["strategy"]: [kind.of_groups(item, groups) for item, groups in zip(asked.items, rows, strict=True)]
                for call, rows in zip(calls, found, strict=True)}
        pairs = {strategy: [(new, old) for item, news, olds in zip(asked.items, answers, asked.scored, strict=True)
                            for label, new, old in zip(item.labels, news, olds, strict=True) if label != IGNORED]
                 for strategy, answers in read.items()}
        shares = {strategy: _share(some) for strategy, some in pairs.items()}
        best = max(shares, key=lambda strategy: (shares[strategy], strategy == FIRST))
        return _checked(asked, "token-classification", read[best], pairs[best], best, shares)
    assert isinstance(kind, Labelling)
    index = {label: number for number, label in enumerate(kind.labels)}
    if kind.task.multi_label:
        predicted = [sorted(index[label] for label, score in rows if score >= 0.5) for rows in found[0]]
    else:
        predicted = [[index[rows[0][0]]] for rows in found[0]]
    return _checked(asked, "text-classification", predicted, list(zip(predicted, map(list, asked.scored), strict=True)))


def _compare_tower(folder: Path, size: Sequence[int], found: Sequence[float]) -> None:
    """Raise a Problem unless transformers gives a gray picture the vector that was used in scoring."""
    tower = load_tower_folder(folder)
    ours = tower.embed_pixels(torch.zeros(1, 3, *size, device=tower.device))[0].cpu()
    theirs = torch.nn.functional.normalize(torch.tensor(found), dim=0)
    if not torch.allclose(ours, theirs, atol=_NEAR):
        raise Problem("transformers gives a picture another vector than the one that was scored", where=str(folder),
                      fix="Report it with the version of transformers", code=Code.RELEASE_LOAD)


def _ask_ours(folder: Path, objective: str, asked: Asked) -> TaskCheck:
    """The check of a task whose answers are not labels."""
    model, tokenizer = load_model(folder, objective, None), load_tokenizer(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu")  # as when it was scored
    network = load(asked.kind.bare(model, tokenizer.pad_token_id), folder / asked.place)
    predicted = asked.kind.predict(network, tokenizer, asked.items, asked.longest)
    return _checked(asked, OURS, predicted, list(zip(map(_text, predicted), map(_text, asked.scored), strict=True)))


def _text(answer: Answer) -> Any:
    return answer["text"] if isinstance(answer, dict) else answer


def _share(pairs: Sequence[tuple[Any, Any]]) -> float:
    same = sum(bool(new == old) for new, old in pairs)
    return same / max(1, len(pairs))


def _checked(asked: Asked, call: str, predicted: Sequence[Answer], pairs: Sequence[tuple[Any, Any]], strategy: str = "",
             by_strategy: dict[str, float] | None = None) -> TaskCheck:
    return TaskCheck(seed=asked.seed, card=asked.card, call=call, items=len(asked.items), answers=len(pairs),
                     same=_share(pairs), score=asked.kind.score(asked.items, predicted),
                     score_before=asked.kind.score(asked.items, asked.scored), strategy=strategy,
                     by_strategy=by_strategy or {}, alone=call != OURS)

