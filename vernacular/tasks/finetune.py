"""Fine-tune one encoder or decoder body on one task with LoRA, from one seed.

The classifier is a linear layer on the mean of a text's (or a word's) token states: the same for every arm and
family, and fair between tokenizers that cut words differently. It starts as a logistic regression on the frozen
states (LP-FT, Kumar et al. 2022): with a hundred labels and a few dozen steps a random head would learn nothing.
The adapter is peft's, the head a small tensor file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from vernacular.config.schema import Lora
from vernacular.corpus.words import word_spans
from vernacular.pretraining.loop import autocast
from vernacular.tasks.items import IGNORED, Item

HEAD = "head.safetensors"


@dataclass(frozen=True)
class Encoded:
    """A tokenised text.

    Attributes:
        tokens: ids with special tokens, cut to the longest length.
        units: for each token the index of the unit it belongs to, -1 for none; a unit is a word, or the whole text.
        count: number of units, also of those behind the cut.
    """

    tokens: list[int]
    units: list[int]
    count: int


def encode(texts: Sequence[str], tokenizer: Any, by_word: bool, longest: int) -> list[Encoded]:
    """Tokenise ``texts``; units are the words of ``word_spans`` if ``by_word``, else one for the whole text."""
    out = []
    for text, encoding in zip(texts, tokenizer.backend_tokenizer.encode_batch(list(texts)), strict=True):
        tokens, units = list(encoding.ids), []
        if by_word:
            spans = word_spans(text)
            owner = [-1] * (len(text) + 1)
            for index, (start, stop) in enumerate(spans):
                owner[start:stop] = [index] * (stop - start)
            for (start, stop), special in zip(encoding.offsets, encoding.special_tokens_mask, strict=True):
                # Byte-level tokens may begin with the space before their word: look at the token's last character.
                units.append(-1 if special or stop <= start else owner[stop - 1])
            count = len(spans)
        else:
            units, count = [-1 if special else 0 for special in encoding.special_tokens_mask], 1
        if len(tokens) > longest:  # cut as transformers does: the closing special tokens stay
            mask = encoding.special_tokens_mask
            closing = next((index for index, special in enumerate(reversed(mask)) if not special), 0)
            keep = longest - closing
            tokens, units = tokens[:keep] + tokens[len(tokens) - closing:], units[:keep] + units[len(units) - closing:]
        out.append(Encoded(tokens, units, count))
    return out


class Classifier(torch.nn.Module):
    """A model body with a linear layer on the mean state of each unit.

    Args:
        body: a transformers model that returns ``last_hidden_state``, with or without a peft adapter.
        hidden: width of its states.
        labels: number of labels.
    """

    def __init__(self, body: Any, hidden: int, labels: int) -> None:
        super().__init__()
        self.body = body
        self.head = torch.nn.Linear(hidden, labels)

    def forward(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Logits (units of all texts in order, labels); a unit behind the cut gets the head's bias."""
        states = self.states(batch, padding)
        with torch.autocast(states.device.type, enabled=False):
            logits: torch.Tensor = self.head(states)
        return logits

    def states(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Mean state of each unit: (units of all texts in order, hidden) float32."""
        device = self.head.weight.device
        width = max(len(item.tokens) for item in batch)
        tokens = torch.full((len(batch), width), padding)
        attend = torch.zeros((len(batch), width), dtype=torch.long)
        owner = torch.full((len(batch), width), -1)
        first = 0
        for row, item in enumerate(batch):
            size = len(item.tokens)
            tokens[row, :size] = torch.tensor(item.tokens)
            attend[row, :size] = 1
            units = torch.tensor(item.units)
            owner[row, :size] = torch.where(units >= 0, units + first, -1)
            first += item.count
        states = self.body(input_ids=tokens.to(device), attention_mask=attend.to(device)).last_hidden_state
        kept = (owner >= 0).to(device)
        index = owner.to(device)[kept]
        total = torch.zeros((first, states.shape[-1]), device=device, dtype=torch.float32)
        total = total.index_add(0, index, states[kept].float())
        sizes = torch.zeros(first, device=device).index_add(0, index, torch.ones_like(index, dtype=torch.float32))
        return total / sizes.clamp(min=1)[:, None]


def with_lora(model: Any, settings: Lora, labels: int, seed: int) -> Classifier:
    """The body of ``model`` with a fresh LoRA adapter on every linear layer, and a fresh head, from ``seed``."""
    from peft import LoraConfig, get_peft_model
    torch.manual_seed(seed)
    body = get_peft_model(model.base_model, LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules="all-linear"))
    return Classifier(body, model.config.hidden_size, labels)


def batches(order: Sequence[int], size: int) -> Iterator[list[int]]:
    """``order`` in pieces of ``size``; the last may be shorter."""
    for start in range(0, len(order), size):
        yield list(order[start:start + size])


def start_head(classifier: Classifier, encoded: Sequence[Encoded], targets: Sequence[torch.Tensor],
               padding: int) -> None:
    """Set the head to a logistic regression on the states that the untrained adapter leaves as they are."""
    from sklearn.linear_model import LogisticRegression
    rows, labels = [], []
    device = classifier.head.weight.device
    with torch.inference_mode(), autocast(device):
        for chunk in batches(range(len(encoded)), 32):
            rows.append(classifier.states([encoded[row] for row in chunk], padding).cpu())
            labels.append(torch.cat([targets[row] for row in chunk]))
    states, target = torch.cat(rows), torch.cat(labels)
    states, target = states[target != IGNORED], target[target != IGNORED]
    if len(set(target.tolist())) < 2:
        return  # one label teaches no direction; training goes on from the random head
    mean, spread = states.mean(0), states.std(0) + 1e-6
    found = LogisticRegression(C=0.1, max_iter=300).fit(((states - mean) / spread).numpy(), target.numpy())
    weight, bias = torch.tensor(found.coef_), torch.tensor(found.intercept_)
    if len(found.classes_) == 2:  # scikit-learn keeps one row for two labels
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    weight = weight / spread
    bias = bias - weight @ mean.to(weight.dtype)
    with torch.no_grad():
        classifier.head.weight.zero_()
        classifier.head.bias.fill_(float(bias.min()) - 2)  # labels that no training item has
        classifier.head.weight[torch.tensor(found.classes_)] = weight.float().to(device)
        classifier.head.bias[torch.tensor(found.classes_)] = bias.float().to(device)


def grouped(lengths: Sequence[int], size: int, generator: np.random.Generator) -> list[list[int]]:
    """The batches of one epoch: rows drawn at random, like lengths together, so that little of a batch is padding."""
    order = generator.permutation(len(lengths))
    near = [sorted(chunk, key=lambda row: lengths[row]) for chunk in batches(list(order), size * 8)]
    made = [batch for chunk in near for batch in batches(chunk, size)]
    return [made[index] for index in generator.permutation(len(made))]


def fine_tune(model: Any, tokenizer: Any, items: Sequence[Item], by_word: bool, labels: int, settings: Lora,
              seed: int) -> Classifier:
    """Train a LoRA adapter and a head on ``items``; the model's own weights are not changed."""
    classifier = with_lora(model, settings, labels, seed)
    classifier.train()
    encoded = encode([item.text for item in items], tokenizer, by_word, settings.max_length)
    targets = [torch.tensor(item.labels) for item in items]
    start_head(classifier, encoded, targets, tokenizer.pad_token_id)
    adapter = [parameter for parameter in classifier.body.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [{"params": adapter}, {"params": classifier.head.parameters()}]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, weight_decay=0.01)
    steps = max(1, math.ceil(len(items) / settings.batch_size * settings.epochs))
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm))))
    generator = np.random.default_rng(seed)
    step = 0
    while step < steps:
        for rows in grouped([len(item.tokens) for item in encoded], settings.batch_size, generator):
            if step == steps:
                break
            with autocast(classifier.head.weight.device):
                logits = classifier([encoded[row] for row in rows], tokenizer.pad_token_id)
            target = torch.cat([targets[row] for row in rows]).to(logits.device)
            if (target != IGNORED).any():
                torch.autograd.backward(cross_entropy(logits.float(), target, ignore_index=IGNORED))
                torch.nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
            schedule.step()
            step += 1
    return classifier.eval()


def probabilities(classifier: Classifier, tokenizer: Any, texts: Sequence[str], by_word: bool, longest: int,
                  size: int = 32) -> list[np.ndarray[Any, Any]]:
    """For each text the label probabilities of its units: (units, labels) float32."""
    encoded = encode(texts, tokenizer, by_word, longest)
    order = sorted(range(len(texts)), key=lambda row: len(encoded[row].tokens))  # like lengths together: less padding
    out: list[np.ndarray[Any, Any]] = [np.zeros(0)] * len(texts)
    with torch.inference_mode(), autocast(classifier.head.weight.device):
        for rows in batches(order, size):
            chunk = [encoded[row] for row in rows]
            scores = classifier(chunk, tokenizer.pad_token_id).float().softmax(-1).cpu().numpy()
            first = 0
            for row, item in zip(rows, chunk, strict=True):
                out[row] = scores[first:first + item.count]
                first += item.count
    return out


def save(classifier: Classifier, folder: Path) -> None:
    """Write adapter and head into ``folder``."""
    classifier.body.save_pretrained(folder)
    head = {name: tensor.detach().contiguous() for name, tensor in classifier.head.state_dict().items()}
    save_file(head, folder / HEAD)


def load(model: Any, folder: Path) -> Classifier:
    """The classifier that ``save`` wrote, on the body of ``model``."""
    from peft import PeftModel
    head = load_file(folder / HEAD)
    classifier = Classifier(PeftModel.from_pretrained(model.base_model, folder), model.config.hidden_size,
                            head["weight"].shape[0])
    classifier.head.load_state_dict(head)
    return classifier.eval()
