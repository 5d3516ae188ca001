"""Checks of a base model when it is loaded: its family, its numbers, and whether tokenizer and weights fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.modeling.base_files import family_of

_OF_TEXTS = ("bos_token", "eos_token", "pad_token")
_SPECIAL = {"causal": _OF_TEXTS, "masked": (*_OF_TEXTS, "cls_token", "sep_token", "mask_token")}  # that are read


def plain_config(folder: str, kind: Any) -> Any:
    """Load a configuration, without the programs for attention and experts that it asks for, perhaps of the hub.

    Raises:
        Problem: it cannot be read, or the installed transformers has no ``kind`` of model for it.
    """
    from transformers import CONFIG_MAPPING, AutoConfig, __version__
    family = family_of(Path(folder))
    with faults_as_problems("config.json of the model", folder):
        if family is not None and family not in CONFIG_MAPPING:
            raise Problem(f"transformers {__version__} has no models of the family {family}; code that a model brings "
                          "along is not run", where=folder, fix="Use a base model of another family",
                          code=Code.MODEL_KIND)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if getattr(config, "is_encoder_decoder", False):
        raise Problem(f"a {config.model_type} model is an encoder with a decoder", where=folder,
                      fix="Use an encoder with `objective: masked`, or a decoder with `objective: causal`",
                      code=Code.MODEL_KIND)
    if type(config) not in kind._model_mapping:
        raise Problem(f"transformers {__version__} has no {kind.__name__} for the family {config.model_type}",
                      where=folder, code=Code.MODEL_KIND,
                      fix="Use an encoder with `objective: masked`, or a decoder with `objective: causal`")
    config._attn_implementation = config._experts_implementation = None
    return config


def check_shapes(mismatched: Sequence[tuple[Any, ...]], where: str) -> None:
    """Check what ``from_pretrained`` found: names of weights with their shapes in the checkpoint and in the model.

    Raises:
        Problem: they differ.
    """
    if mismatched:
        name, found, wanted = mismatched[0]
        raise Problem(f"config.json and the weights disagree: {name} has the shape {tuple(found)}, not {tuple(wanted)}",
                      where=where, fix="Download the base model again, or use another one", code=Code.MODEL_FILES)


def check_numbers(model: Any, path: Path) -> None:
    """Check that the model has tables of tokens, and weights that are numbers.

    Raises:
        Problem: it has not.
    """
    tables: list[Any] = [getattr(table, "weight", None)
                         for table in (model.get_input_embeddings(), model.get_output_embeddings())]
    if any(getattr(table, "ndim", 0) != 2 for table in tables) or len({len(table) for table in tables}) > 1:
        raise Problem(f"a {model.config.model_type} model has no two tables with a row for each token", where=str(path),
                      fix="Use a base model of another family", code=Code.MODEL_KIND)
    if getattr(model, "hf_quantizer", None) is not None:
        raise Problem("the weights of this checkpoint are quantized, and cannot be trained", where=str(path), fix=(
            "Use the model that it was made from; `precision: nf4` quantizes one when it is loaded"),
            code=Code.MODEL_KIND)
    check_finite(model, path)


def check_finite(model: Any, path: Path) -> None:
    """Check that all weights are numbers.

    Raises:
        Problem: they are not.
    """
    for name, parameter in model.named_parameters():
        if parameter.is_floating_point() and not bool(parameter.detach().sum().isfinite()):
            raise Problem(f"the weights {name} are not all numbers", where=str(path),
                          fix="Download the base model again, or use another one", code=Code.MODEL_FILES)


def check_rows(tokenizer: Any, model: Any, objective: str, where: str) -> None:
    """Check that the tokens of text, and the special ones that are used, have rows in the table of ``model``.

    Tokens that were added without a row, such as one for images, are never read; nor is one for unknown
    characters that transformers adds to a tokenizer of bytes (that of texts is among the tokens of texts).

    Raises:
        Problem: one has none.
    """
    rows = len(model.get_input_embeddings().weight)
    used = {**tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False), **{
        token: tokenizer.convert_tokens_to_ids(token) for name, token in tokenizer.special_tokens_map.items()
        if name in _SPECIAL[objective]}}
    beyond = sorted(token for token, index in used.items() if index is not None and index >= rows)
    if beyond:
        raise Problem(f"the tokenizer has {len(beyond)} tokens without a row among the model's {rows:,}, such as "
                      f"{beyond[0]!r}", where=where, code=Code.MODEL_FILES, fix=(
                          "Use the tokenizer that the model was trained with, or if it is a special one, name another "
                          "one in tokenizer_config.json"))


def looks_ahead(model: Any) -> bool:
    """Whether outputs depend on later tokens: transformers also loads encoders as causal models."""
    import torch
    read: list[Any] = []
    ids = torch.tensor([[0, 1, 2]])

    def follow(_: Any, inputs: Any, rows: Any) -> Any:
        read.append(rows.detach().requires_grad_())
        return read[-1].clone()  # some scale their inputs in place

    hook = model.get_input_embeddings().register_forward_hook(follow)
    try:
        with torch.enable_grad():
            energy = model(input_ids=ids, use_cache=False).logits[0, 0].square().sum()
            gradients = torch.autograd.grad(energy, read, allow_unused=True)
    finally:
        hook.remove()
    if any(isinstance(value, torch.Tensor) and value.grad_fn is not None
           for module in model.modules() for value in vars(module).values()):
        with torch.no_grad():  # RecurrentGemma keeps its last state, and cannot be copied with a graph
            model(input_ids=ids, use_cache=False)
    return any(by is not None and bool(by[0, 1:].any()) for by in gradients)
