"""Transformers' classifiers over a language model's body, so that a release loads with ``pipeline(...)``.

A word's label is that of its first token, as with ``aggregation_strategy="first"``; a text's is
that of the whole sequence. Training and scoring here compute exactly what
``AutoModelForTokenClassification`` and ``AutoModelForSequenceClassification`` compute from the
saved weights.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import without_dropout
from vernacular.modeling.device import device_of
from vernacular.modeling.family_faults import NO_TASKS, family_faults
from vernacular.tasks.adapter_model import Encoded, Network

Unit = Literal["word", "text"]
_ENCODERS = {"bert", "camembert", "roberta", "xlm-roberta"}  # normalized after each layer; texts: the first token
_DAMPED, _DAMPING = 2 / 3, 0.3  # share of upper layers, and the scale of their contribution to a state
_MEAN_SCALE = 8.0  # of the mean relative to the first token's own state from the residual connection
_TRIED = 8  # tokens of a text on which a new classifier is tried
_LINEAR_RANGE = 0.3  # tanh of a normalized state times this is nearly linear


class Classifier(Network):
    """A transformers classifier with the interface of ``Network``."""

    def __init__(self, model: Any, unit: Unit) -> None:
        super().__init__(model.base_model, 1, 1, model)
        self.unit = unit
        self.head = _last_linear(model)

    def forward(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Return the logits (units of all items in order, labels); truncated words get the head's bias."""
        logits = self.logits(batch, padding)
        if self.unit == "text":
            return logits
        beyond = torch.zeros(logits.shape[-1]) if self.head.bias is None else self.head.bias
        return _of_first_tokens(logits, batch, beyond.to(logits))

    def states(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Return the head's inputs for each unit: (units of all items in order, hidden) float32."""
        found = self._read_by_head(batch, padding)
        if self.unit == "text":
            return found
        return _of_first_tokens(found, batch, torch.zeros(found.shape[-1], device=found.device))

    def logits(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Return the outputs, with the head in float32: (items, labels), or for words (items, tokens, labels)."""
        found = self._read_by_head(batch, padding)
        with torch.autocast(found.device.type, enabled=False):
            logits: torch.Tensor = self.head(found)
        return logits

    def _read_by_head(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Return the inputs of the last linear layer: (items, hidden), or for words (items, tokens, hidden)."""
        read: list[torch.Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
        try:
            self.whole(**self.inputs(batch, padding))
        finally:
            hook.remove()
        found = read[0].float()
        if self.unit == "word" or found.ndim == 2:
            return found
        last = torch.tensor([len(item.tokens) - 1 for item in batch], device=found.device)  # decoders read the last
        return found[torch.arange(len(batch), device=found.device), last]


def token_labels(item: Encoded, labels: Sequence[int], continued: Sequence[int], ignored: int) -> list[int]:
    """Return each token's training label: that of its word, or of a continued word.

    ``labels``: of its words. ``continued``: label index -> that of further tokens, such as
    I-PER after B-PER. ``ignored``: for tokens outside of words.
    """
    out, before = [], -1
    for word in item.units:
        label = ignored if word < 0 else labels[word]
        out.append(label if word != before or label == ignored else continued[label])
        before = word
    return out


def first_tokens(item: Encoded) -> torch.Tensor:
    """Return whether each token of an item is the first of its word: (tokens,) bool."""
    before = [-1, *item.units[:-1]]
    return torch.tensor([word >= 0 and word != last for word, last in zip(item.units, before, strict=True)])


def _of_first_tokens(values: torch.Tensor, batch: Sequence[Encoded], beyond: torch.Tensor) -> torch.Tensor:
    """Return ``values`` (items, tokens, width) at the first token of each word; ``beyond`` for words without tokens."""
    rows, places, missing, at = [], [], [], 0
    for row, item in enumerate(batch):
        first: dict[int, int] = {}
        for place, word in enumerate(item.units):
            if word >= 0:
                first.setdefault(word, place)
        for word in range(item.count):
            rows.append(row)
            places.append(first.get(word, 0))
            missing += [at] if word not in first else []
            at += 1
    found = values[torch.tensor(rows, dtype=torch.long, device=values.device),
                   torch.tensor(places, dtype=torch.long, device=values.device)]
    if missing:
        found = found.clone()
        found[torch.tensor(missing, device=values.device)] = beyond.to(found.dtype)
    return found


def build_classifier(model: Any, labels: Sequence[str], unit: Unit, many: bool, padding: int | None) -> Any:
    """Build transformers' classifier for ``labels`` over the body of ``model``, sharing its weights.

    An encoder that classifies a text by its first token gets an additional layer that replaces that
    token's state by the mean of all: the head starts from what a sentence encoder was trained to
    give. For words, the upper layers of an encoder start with a smaller contribution, to preserve
    lower-layer word information (docs/experiments/standard-heads.md).

    ``many``: whether a text may have several labels.

    Raises:
        Problem: transformers has no such classifier for this family, or one of its layers cannot
            start as the identity.
    """
    with family_faults(model, f"classifying a {unit}", "tasks", NO_TASKS):
        out = _built(model, labels, unit, many, padding)
        ids = torch.arange(len(model.get_input_embeddings().weight), device=device_of(model))[None, -_TRIED:]
        with torch.no_grad():
            shape = tuple(out(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.shape)
    if shape != ((1, ids.shape[1]) if unit == "word" else (1,)) + (max(1, len(labels)),):
        raise Problem(f"the classifier of a {unit} of {model.config.model_type} models gives outputs of the shape "
                      f"{shape}", where="tasks", fix=NO_TASKS, code=Code.MODEL_KIND)
    return out


def _built(model: Any, labels: Sequence[str], unit: Unit, many: bool, padding: int | None) -> Any:
    """Build the classifier; arguments and errors as in ``build_classifier``."""
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification
    kind: Any = AutoModelForTokenClassification if unit == "word" else AutoModelForSequenceClassification
    config = copy.deepcopy(model.config)
    config.id2label = dict(enumerate(labels)) or {0: ""}
    config.label2id = {label: number for number, label in enumerate(labels)}
    config.problem_type = None if unit == "word" else (
        "multi_label_classification" if many else "single_label_classification")
    config.pad_token_id = padding if padding is not None else config.pad_token_id
    if unit == "text" and config.model_type == "modernbert":
        config.classifier_pooling = "mean"
    encoder = config.model_type in _ENCODERS
    if encoder and unit == "text":
        config.num_hidden_layers += 1
    try:
        with torch.device("meta"):
            out = kind.from_config(config, attn_implementation=model.config._attn_implementation)
    except ValueError:
        raise Problem(f"transformers has no classifier of a {unit} for {config.model_type} models", where="tasks",
                      fix=NO_TASKS, code=Code.MODEL_KIND) from None
    if encoder:
        _share_layers(out.base_model, model.base_model, unit)
    else:
        setattr(out, out.base_model_prefix, _with_pooler(model.base_model, out.base_model))
    head = _last_linear(out)
    device, dtype = next(model.parameters()).device, torch.float32
    for name, module in out.named_modules():
        if any(parameter.is_meta for parameter in module.parameters(recurse=False)):
            module.to_empty(device=device, recurse=False)
            module.to(dtype)
            if module is head:
                head.reset_parameters()
            else:
                _start_as_identity(module, name, config.model_type)
    return without_dropout(out).eval()


def _start_as_identity(module: Any, name: str, family: str) -> None:
    """Initialize a layer between body and head close to the identity; it is not trained."""
    square = isinstance(module, torch.nn.Linear) and module.in_features == module.out_features
    if not square and not hasattr(module, "reset_parameters"):
        raise Problem(f"the classifier of {family} models has {name}, which is neither a square linear layer nor a "
                      "normalization", where="tasks", fix=NO_TASKS, code=Code.MODEL_KIND)
    with torch.no_grad():
        if square:
            module.weight.copy_(torch.eye(module.in_features) * _LINEAR_RANGE)
            if module.bias is not None:
                module.bias.zero_()
        else:
            module.reset_parameters()
    module.requires_grad_(False)


def _with_pooler(body: Any, of_classifier: Any) -> Any:
    """Return ``body``, or a copy that shares its layers and has the pooler that this family's classifier reads."""
    missing = {name: module for name, module in of_classifier.named_children()
               if name.startswith("pooler") and getattr(body, name, None) is None}
    if not missing:
        return body
    out = copy.copy(body)
    out._modules = dict(body._modules)
    for name, module in missing.items():
        setattr(out, name, module)
    return out


def _share_layers(body: Any, from_body: Any, unit: Unit) -> None:
    """Give ``body`` the embeddings and layers of ``from_body``: with a mean layer for texts, damped for words."""
    body.embeddings = from_body.embeddings
    layers = from_body.encoder.layer
    damped = len(layers) if unit == "text" else len(layers) - round(_DAMPED * len(layers))
    for number, layer in enumerate(layers):
        body.encoder.layer[number] = layer if number < damped else _damped_layer(layer)
    if unit == "text":
        body.encoder.layer[-1] = _mean_layer(layers[-1], from_body.config.get_text_config().hidden_size)


def _damped_layer(layer: Any) -> Any:
    """Return a copy of ``layer`` with a smaller contribution."""
    out = copy.deepcopy(layer)
    with torch.no_grad():
        for linear in (out.attention.output.dense, out.output.dense):
            linear.weight.mul_(_DAMPING)
            linear.bias.mul_(_DAMPING)
    return out


def _mean_layer(layer: Any, hidden: int) -> Any:
    """Return a copy of ``layer`` that computes the mean: all tokens attend to all equally."""
    out = copy.deepcopy(layer)
    identity = torch.eye(hidden)
    with torch.no_grad():
        for linear, weight in ((out.attention.self.query, 0 * identity), (out.attention.self.value, identity),
                               (out.attention.output.dense, _MEAN_SCALE * identity)):
            linear.weight.copy_(weight)
            linear.bias.zero_()
        out.output.dense.weight.zero_()
        out.output.dense.bias.zero_()
        for norm in (out.attention.output.LayerNorm, out.output.LayerNorm):
            norm.weight.fill_(1)
            norm.bias.zero_()
    return out


def _last_linear(model: Any) -> Any:
    inside = {id(module) for module in model.base_model.modules()}
    found = [module for module in model.modules() if isinstance(module, torch.nn.Linear) and id(module) not in inside
             and module.out_features == model.config.num_labels]
    if not found:
        raise Problem(f"the classifier of {model.config.model_type} models does not end "
                      "in a linear layer", where="tasks", fix=NO_TASKS, code=Code.MODEL_KIND)
    return found[-1]

