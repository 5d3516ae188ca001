"""A head that finds where an answer starts and where it ends, on a body with LoRA: trained, asked, saved, loaded.

Each token's state gives two scores, and the mean state of the window two more, for "the answer is not in here" (BERT's
[CLS] in SQuAD 2.0, for bodies that have no such token). Start and end are each a softmax over one window. The head
starts as the best one on the frozen states (LP-FT, Kumar et al. 2022), as in classification.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from vernacular.config.schema import Lora
from vernacular.pretraining.loop import autocast, device_of
from vernacular.tasks.finetune import HEAD
from vernacular.tasks.question_answering.questions import Question
from vernacular.tasks.question_answering.windows import Window, windows
from vernacular.tasks.training import adapted_body, train

NOT_HERE = 0  # the position of "not in this window"; token n stands at n + 1
_PROBE_WINDOWS = 500  # most windows that the head starts from
_PROBE_STEPS = 40
_PROBE_DECAY = 1e-3


class SpanFinder(torch.nn.Module):
    """A model body with scores for the start and the end of an answer.

    Args:
        body: a transformers model that returns ``last_hidden_state``, with or without a peft adapter.
        hidden: width of its states.
        segments: whether it reads segment ids.
    """

    longest_answer: torch.Tensor
    always: torch.Tensor

    def __init__(self, body: Any, hidden: int, segments: bool) -> None:
        super().__init__()
        self.body, self.segments = body, segments
        self.head = torch.nn.Linear(hidden, 2)
        # What the training questions said of answers: most characters, and whether each context held one.
        self.register_buffer("longest_answer", torch.tensor(0))
        self.register_buffer("always", torch.tensor(True))

    def states(self, batch: Sequence[Window], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean state and token states of each window, and which of them may be an answer's.

        Returns:
            (windows, 1 + tokens, hidden) float32 and (windows, 1 + tokens) bool.
        """
        device = self.head.weight.device
        width = max(len(window.tokens) for window in batch)
        tokens, types = torch.full((len(batch), width), padding), torch.zeros((len(batch), width), dtype=torch.long)
        attend, allowed = torch.zeros_like(types), torch.zeros((len(batch), 1 + width), dtype=torch.bool)
        allowed[:, NOT_HERE] = True
        for row, window in enumerate(batch):
            size = len(window.tokens)
            tokens[row, :size] = torch.tensor(window.tokens)
            types[row, :size] = torch.tensor(window.types)
            attend[row, :size] = 1
            allowed[row, 1 + window.first:1 + window.stop] = True
        extra = {"token_type_ids": types.to(device)} if self.segments else {}
        states = self.body(input_ids=tokens.to(device), attention_mask=attend.to(device),
                           **extra).last_hidden_state.float()
        weight = attend.to(device)[..., None]
        mean = (states * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True)
        return torch.cat([mean, states], 1), allowed.to(device)

    def forward(self, batch: Sequence[Window], padding: int) -> torch.Tensor:
        """Log-probabilities of start and end: (windows, 1 + tokens, 2) float32, -inf where no answer may be."""
        return self.scored(*self.states(batch, padding))

    def scored(self, states: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
        """The same from what ``states`` returns."""
        with torch.autocast(states.device.type, enabled=False):
            logits: torch.Tensor = self.head(states)
        return logits.masked_fill(~allowed[..., None], float("-inf")).log_softmax(1)


def fine_tune(model: Any, tokenizer: Any, questions: Sequence[Question], settings: Lora, seed: int) -> SpanFinder:
    """Train a LoRA adapter and a head on ``questions``; the model's own weights are not changed."""
    body = adapted_body(model.base_model, settings, seed)
    network = SpanFinder(body, model.config.hidden_size, _has_segments(model)).to(device_of(model))
    spans = [span for question in questions for span in question.answers]
    network.longest_answer.fill_(max((stop - start for start, stop in spans), default=0))
    network.always.fill_(all(question.answers for question in questions))
    made = windows(questions, tokenizer, settings.max_length)
    targets = [_target(window, questions[window.question]) for window in made]
    _start_head(network, made, targets, tokenizer.pad_token_id, settings.batch_size)

    def loss_of(rows: list[int]) -> torch.Tensor:
        scores = network([made[row] for row in rows], tokenizer.pad_token_id)
        return _loss(scores, [targets[row] for row in rows])

    train(network, [len(window.tokens) for window in made], loss_of, settings, seed)
    return network


def _has_segments(model: Any) -> bool:
    return getattr(model.config, "type_vocab_size", 0) > 1


def _target(window: Window, question: Question) -> tuple[int, int]:
    """The positions of start and end of the first answer that the window holds whole."""
    places = [window.place(span) for span in question.answers]
    found = next((place for place in places if place is not None), None)
    return (NOT_HERE, NOT_HERE) if found is None else (found[0] + 1, found[1] + 1)


def _loss(scores: torch.Tensor, targets: Sequence[tuple[int, int]]) -> torch.Tensor:
    wanted = torch.tensor(targets, device=scores.device)
    return (cross_entropy(scores[..., 0], wanted[:, 0]) + cross_entropy(scores[..., 1], wanted[:, 1])) / 2


def _start_head(network: SpanFinder, made: Sequence[Window], targets: Sequence[tuple[int, int]], padding: int,
                size: int) -> None:
    """Set the head to the best one on the states that the untrained adapter leaves as they are (a convex problem)."""
    held = []
    with torch.no_grad(), autocast(network.head.weight.device):
        for start in range(0, min(len(made), _PROBE_WINDOWS), size):
            held.append((*network.states(made[start:start + size], padding), targets[start:start + size]))
    network.head.requires_grad_(True)
    optimizer = torch.optim.LBFGS(network.head.parameters(), max_iter=_PROBE_STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        total = sum((len(wanted) * _loss(network.scored(states, allowed), wanted) for states, allowed, wanted in held),
                    start=torch.zeros((), device=network.head.weight.device))
        loss = total / sum(len(wanted) for *_, wanted in held) + _PROBE_DECAY * network.head.weight.square().sum()
        torch.autograd.backward(loss)
        return loss.detach()

    optimizer.step(closure)  # type: ignore[no-untyped-call]


def answers(network: SpanFinder, tokenizer: Any, questions: Sequence[Question], longest: int,
            size: int = 32) -> list[str]:
    """The likeliest answer to each question, over all windows of its context; empty where there is none.

    An empty answer is given only by a network that was trained on questions without one, and where "not in here" is
    likelier than every span in each of the windows.
    """
    made = windows(questions, tokenizer, longest)
    best: list[tuple[float, str]] = [(float("-inf"), "")] * len(questions)
    nothing = [float("inf")] * len(questions)
    order = sorted(range(len(made)), key=lambda row: len(made[row].tokens))
    with torch.inference_mode(), autocast(network.head.weight.device):
        for start in range(0, len(order), size):
            chunk = [made[row] for row in order[start:start + size]]
            scores = network(chunk, tokenizer.pad_token_id).cpu()
            for window, table in zip(chunk, scores, strict=True):
                at = window.question
                nothing[at] = min(nothing[at], float(table[NOT_HERE].sum()))
                found = _best_span(window, table, int(network.longest_answer))
                if found is not None and found[0] > best[at][0]:
                    text = questions[at].context[found[1]:found[2]].strip()
                    best[at] = (found[0], text)
    return [text if network.always or score > none else "" for (score, text), none in zip(best, nothing, strict=True)]


def _best_span(window: Window, table: torch.Tensor, most: int) -> tuple[float, int, int] | None:
    """The likeliest span of at most ``most`` characters: its log-probability, start and end in the context."""
    inside = slice(1 + window.first, 1 + window.stop)
    offsets = torch.tensor(window.offsets[window.first:window.stop])
    if not len(offsets):
        return None
    # A byte-level token may begin with the space before its word: one character more is let pass.
    lengths = offsets[None, :, 1] - offsets[:, None, 0]
    fits = (lengths <= most + 1).triu()
    if not fits.any():
        return None
    joint = (table[inside, 0][:, None] + table[inside, 1][None, :]).masked_fill(~fits, float("-inf"))
    first, last = divmod(int(joint.argmax()), len(offsets))
    return float(joint[first, last]), int(offsets[first, 0]), int(offsets[last, 1])


def save(network: SpanFinder, folder: Path) -> None:
    """Write adapter and head into ``folder``."""
    network.body.save_pretrained(folder)
    kept = {"weight": network.head.weight, "bias": network.head.bias,
            "longest_answer": network.longest_answer, "always": network.always}
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in kept.items()}, folder / HEAD)


def load(model: Any, folder: Path) -> SpanFinder:
    """The network that ``save`` wrote, on the body of ``model``."""
    from peft import PeftModel
    kept = load_file(folder / HEAD)
    network = SpanFinder(PeftModel.from_pretrained(model.base_model, folder), model.config.hidden_size,
                         _has_segments(model))
    network.head.load_state_dict({"weight": kept["weight"], "bias": kept["bias"]})
    network.longest_answer, network.always = kept["longest_answer"], kept["always"]
    return network.to(device_of(model)).eval()
