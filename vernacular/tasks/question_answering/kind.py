"""Extractive question answering: start and end of the answer in a text.

Each token's state gives two scores, and the mean state of the window two more for "no answer here"
(BERT's [CLS], for bodies without such a token). Start and end are each a softmax over one window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item, Row
from vernacular.tasks.adapter_model import Encoded, Network, in_batches, padded
from vernacular.tasks.base import Answer, Batched, Head
from vernacular.tasks.question_answering.baseline import answer_length, nearest_span
from vernacular.tasks.question_answering.squad_metrics import statistics
from vernacular.tasks.question_answering.windows import Window, Windows, encode_questions
from vernacular.tasks.sequence_classification import text_of

NOT_HERE = 0  # the position of "no answer here"; token n is at n + 1
_LONGEST = 200  # characters of an answer
_MOST_LEARNED = 3  # windows per question in a step: first those with the answer, then others
_PROBE_ITEMS, _PROBE_STEPS, _PROBE_DECAY = 200, 40, 1e-3


class QuestionAnswering(Batched):
    """A span of the context for a question. A prediction is its text, empty for none."""

    def item(self, row: Row) -> Item:
        """Return context, question, and start and end of each right answer.

        Raises:
            Problem: as for every kind; or an answer is not at its stated position.
        """
        context = row.fields["context"]
        if not isinstance(context, str) or not context.strip():
            raise Problem("its context is empty or not text", where=row.where,
                          fix="Remove the row, or select the right column with `columns:`", code=Code.DATA_EMPTY)
        spans = tuple(_checked(context, answer, start, row.where) for answer, start in _answers(row))
        if not spans and not self.task.unanswerable:
            raise Problem("the question has no answer", where=row.where,
                          fix="Add one, or set `unanswerable: true` on the task", code=Code.DATA_LABEL)
        return Item(context, document=row.where, second=text_of(row, "question"), spans=spans)

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return all windows of each context with its question."""
        return encode_questions([(item.second, item.text) for item in items], tokenizer, longest)

    def cut(self, items: Sequence[Item], tokenizer: Any, longest: int) -> int:
        """Return 0: all windows of a long context are read."""
        return 0

    def together(self, item: Item) -> str:
        """Return the context, which many questions may share."""
        return item.text

    def bare(self, model: Any, padding: int | None) -> Network:
        """Return a head with two outputs: start and end."""
        return Network(model.base_model, model.config.get_text_config().hidden_size, 2, model)

    def start(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> Head | None:
        """Fit the head to the frozen states of the first questions: a convex problem, solved by L-BFGS from zero."""
        learned = [_learned(item, question) for item, question in
                   zip(encoded[:_PROBE_ITEMS], items[:_PROBE_ITEMS], strict=True)]
        windows = [window for kept, _ in learned for window in kept]
        targets = [at for _, wanted in learned for at in wanted]
        found = in_batches(network, windows, lambda rows: _separate(*_states(
            network, [windows[row] for row in rows], padding)))
        states = pad_sequence([torch.from_numpy(row) for row in found], batch_first=True)
        allowed = torch.arange(states.shape[1]) < torch.tensor([[len(row)] for row in found])
        wanted = torch.tensor([[max(NOT_HERE, place - window.first) for place in at]
                               for window, at in zip(windows, targets, strict=True)])
        head = torch.nn.Linear(network.head.in_features, 2)
        torch.nn.init.zeros_(head.weight), torch.nn.init.zeros_(head.bias)
        optimizer = torch.optim.LBFGS(head.parameters(), max_iter=_PROBE_STEPS, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = _cost(_allowed(head(states), allowed), wanted) + _PROBE_DECAY * head.weight.square().sum()
            torch.autograd.backward(loss)
            return loss.detach()

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        return {name: tensor.detach() for name, tensor in head.state_dict().items()}

    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return the cross entropy of start and end, over windows with and without the answer."""
        learned = [_learned(item, question) for item, question in zip(encoded, items, strict=True)]
        scores = _scores(network, [window for windows, _ in learned for window in windows], padding)
        return _cost(scores, torch.tensor([at for _, targets in learned for at in targets], device=scores.device))

    def answer(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> list[Answer]:
        """Return the likeliest span of each context over all windows, or none if no answer is likelier overall."""
        windows = [(row, window) for row, item in enumerate(encoded) for window in _windows(item)]
        tables = _scores(network, [window for _, window in windows], padding).cpu()
        best, nothing = [(-np.inf, "")] * len(items), [np.inf] * len(items)
        for (row, window), table in zip(windows, tables, strict=True):
            nothing[row] = min(nothing[row], float(table[NOT_HERE].sum()))
            found = best_span(window, table)
            if found is not None and found[0] > best[row][0]:
                best[row] = found[0], items[row].text[found[1]:found[2]].strip()
        return [text if not self.task.unanswerable or score > none else ""
                for (score, text), none in zip(best, nothing, strict=True)]

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return token F1, exact match and the count: (items, 3)."""
        return statistics([_right(item) for item in items], answers)

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return means over the questions."""
        means = totals[..., :2] / np.maximum(totals[..., 2:], 1)
        return {"token_f1": means[..., 0], "exact_match": means[..., 1]}

    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return the most frequent training answer; words beside the overlap with the nearest sentence."""
        known = [_right(item)[0] for item in train]
        length = answer_length(known)
        return {"majority": [Counter(known).most_common(1)[0][0]] * len(test),
                "nearest_span": [nearest_span(item.second, item.text, length) for item in test]}


def _right(item: Item) -> list[str]:
    """Return the right answers in words; an empty one if there is none."""
    return [item.text[start:stop] for start, stop in item.spans or ()] or [""]


def _answers(row: Row) -> list[tuple[Any, Any]]:
    """Return the texts and starts of a row's answers, in either of SQuAD's two formats."""
    value = row.fields["answers"]
    if isinstance(value, Mapping) and all(isinstance(value.get(name), list) for name in ("text", "answer_start")):
        texts, starts = value["text"], value["answer_start"]
        value = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=False)]
        value = value if len(texts) == len(starts) else None
    if isinstance(value, list) and all(isinstance(answer, Mapping) and isinstance(answer.get("text"), str)
                                       and type(answer.get("answer_start")) is int for answer in value):
        return [(answer["text"], answer["answer_start"]) for answer in value]
    raise Problem("its answers are neither a list of {text, answer_start} nor lists text and answer_start of "
                  "equal length", where=row.where, fix="Correct them; use [] for a question without an answer",
                  code=Code.DATA_LABEL)


def _checked(context: str, answer: str, start: int, where: str) -> tuple[int, int]:
    if answer and start >= 0 and context[start:start + len(answer)] == answer:
        return start, start + len(answer)
    found = [at for at in range(len(context)) if answer and context.startswith(answer, at)]
    hint = f"it occurs at {', '.join(map(str, found[:3]))}" if found else "the context does not contain it"
    raise Problem(f"the answer '{answer[:40]}' does not start at character {start} of the context ({hint})",
                  where=where, fix="Count characters in NFC from 0, not bytes", code=Code.DATA_LABEL)


def _windows(item: Encoded) -> Sequence[Window]:
    assert isinstance(item, Windows)  # created by encode
    return item.windows


def _learned(item: Encoded, question: Item) -> tuple[list[Window], list[tuple[int, int]]]:
    """Return the training windows of a question, and the positions of start and end in each."""
    found = []
    for window in _windows(item):
        places = (window.place(span) for span in question.spans or ())
        place = next((place for place in places if place is not None), None)
        found.append((window, (NOT_HERE, NOT_HERE) if place is None else (place[0] + 1, place[1] + 1)))
    found.sort(key=lambda pair: pair[1][0] == NOT_HERE)
    return [window for window, _ in found[:_MOST_LEARNED]], [at for _, at in found[:_MOST_LEARNED]]


def _states(network: Network, windows: Sequence[Window], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and token states of each window, and the mask of possible answer positions.

    Returns:
        (windows, 1 + tokens, hidden) float32 and (windows, 1 + tokens) bool.
    """
    states = network.token_states(windows, padding).float()
    weight = padded(windows, padding)[1].to(states.device)[..., None]
    allowed = torch.zeros((len(windows), 1 + states.shape[1]), dtype=torch.bool)
    allowed[:, NOT_HERE] = True
    for row, window in enumerate(windows):
        allowed[row, 1 + window.first:1 + window.stop] = True
    return torch.cat([(states * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True), states], 1), (
        allowed.to(states.device))


def _separate(states: torch.Tensor, allowed: torch.Tensor) -> list[NDArray[np.float32]]:
    return [row[may].cpu().numpy() for row, may in zip(states, allowed, strict=True)]


def _scores(network: Network, windows: Sequence[Window], padding: int) -> torch.Tensor:
    """Return log-probabilities of start and end: (windows, 1 + tokens, 2) float32, -inf at impossible positions."""
    states, allowed = _states(network, windows, padding)
    with torch.autocast(states.device.type, enabled=False):
        return _allowed(network.head(states), allowed)


def _allowed(outputs: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    return outputs.masked_fill(~allowed[..., None], float("-inf")).log_softmax(1)


def _cost(scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return the cross entropy of the wanted starts and ends (windows, 2)."""
    return (cross_entropy(scores[..., 0], wanted[:, 0]) + cross_entropy(scores[..., 1], wanted[:, 1])) / 2


def best_span(window: Window, table: torch.Tensor) -> tuple[float, int, int] | None:
    """Return a window's likeliest span: log-probability, start and end in the context; None if empty.

    ``table``: log-probabilities of start and end, (1 + tokens or more, 2).
    """
    offsets = torch.tensor(window.offsets[window.first:window.stop])
    if not len(offsets):
        return None
    inside = slice(1 + window.first, 1 + window.stop)
    # One token is always short enough; several up to the longest answer.
    fits = (offsets[None, :, 1] - offsets[:, None, 0] <= _LONGEST).triu() | torch.eye(len(offsets), dtype=torch.bool)
    joint = (table[inside, 0][:, None] + table[inside, 1][None, :]).masked_fill(~fits, float("-inf"))
    first, last = divmod(int(joint.argmax()), len(offsets))
    return float(joint[first, last]), int(offsets[first, 0]), int(offsets[last, 1])
