"""Base models: loading with their tokenizer, in float32 or with frozen weights in fewer bytes.

A checkpoint without a masked-LM head (such as a sentence encoder) gets one with an identity
transform and a tied decoder. A GGUF checkpoint is dequantized.
"""

from __future__ import annotations

import logging
import math
import pickle
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vernacular.config.base import Base, Precision
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.modeling.base_checks import check_numbers, check_rows, check_shapes, looks_ahead, plain_config
from vernacular.modeling.base_files import check_weights, locate
from vernacular.modeling.family_faults import family_faults
from vernacular.modeling.precision import check_precision

SENTENCE_MODULES = "modules.json"  # written by Sentence Transformers into a model's folder
_FREEZE: EntryPoint[Any] = EntryPoint("vernacular.modeling.frozen_weights:freeze_in")  # loads torch
_TABLES = ("wpe", "embed_positions", "positions_embed")  # of positions, in decoders: GPT-2, OPT, GPT
# Test inputs for a loaded tokenizer: empty text, letters, a long word, unknown characters.
PROBES = ("", "a b", "a" * 300, "1-2_3", "\u0c95\ufffd \U0001f9ff\t\n")


def quiet() -> None:
    """Silence load reports and progress bars of libraries, and keep them from programs of the hub.

    Missing heads are handled here. With the package `kernels` transformers and bitsandbytes fetch
    compiled programs and run them.
    """
    sys.modules.setdefault("kernels", None)  # type: ignore[arg-type]  # an import of it fails
    import transformers
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # peft uses a deprecated name
    log: Any = transformers.logging
    log.set_verbosity_error()
    log.disable_progress_bar()
    for library in ("transformers", "bitsandbytes"):
        logging.getLogger(library).setLevel(logging.ERROR)


def _from(path: Path) -> tuple[str, dict[str, str]]:
    return (str(path.parent), {"gguf_file": path.name}) if path.is_file() else (str(path), {})


def load_tokenizer(path: Path) -> Any:
    """Load the fast tokenizer in a folder or GGUF file, without truncation and padding.

    Raises:
        Problem: it cannot be read, is not a fast tokenizer, or fails on a test input.
    """
    from transformers import AutoTokenizer
    quiet()
    folder, extra = _from(path)
    with faults_as_problems("the tokenizer", str(path)):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **extra)
        if not tokenizer.is_fast:
            raise Problem("the tokenizer has no tokenizer.json", where=str(path), fix="Convert it to a fast tokenizer",
                          code=Code.MODEL_FILES)
        if not {*tokenizer.get_vocab()} - {*tokenizer.all_special_tokens}:  # transformers makes one up
            raise Problem("there is no tokenizer beside the model", where=str(path),
                          fix="Download the base model again", code=Code.MODEL_FILES)
        backend = tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        for encoding in backend.encode_batch([*PROBES, ("a", "b")]):
            backend.decode(encoding.ids)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(path: Path, objective: str, precision: Precision | None = "float32") -> Any:
    """Load the language model in a folder or GGUF file, in evaluation mode.

    Args:
        path: a transformers folder or a .gguf file.
        objective: ``masked`` or ``causal``.
        precision: of the weights, which are frozen unless it is ``float32``; None for a model that
            Vernacular saved, as it was saved.

    Raises:
        Problem: it cannot be read, its weights are not in this folder, or more than a head is
            missing.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM
    quiet()
    folder, extra = _from(path)
    how: dict[str, Any] = {**extra}
    if not extra:
        how["use_safetensors"] = check_weights(path)
    kind: Any = AutoModelForMaskedLM if objective == "masked" else AutoModelForCausalLM
    # On a CPU the backward pass of fused attention takes a quarter of a step at 128 tokens; plain
    # products do not. On a GPU transformers chooses what the family has.
    if not torch.cuda.is_available():
        how["attn_implementation"] = "eager"
    if not extra:
        how["config"] = plain_config(folder, kind)
    if precision is None:
        precision = "bfloat16" if getattr(how.get("config"), "dtype", None) == torch.bfloat16 else "float32"
    check_precision(precision, objective, str(path))
    stored = torch.float32 if precision == "float32" else torch.bfloat16
    with faults_as_problems("the model", str(path)):
        try:
            model, info = kind.from_pretrained(folder, output_loading_info=True, dtype=stored,
                                               ignore_mismatched_sizes=True, trust_remote_code=False, **how)
        except pickle.UnpicklingError as error:
            raise Problem("the weights are pickled and contain more than tensors, perhaps a program; they are not read",
                          where=str(path), fix="Get the model in safetensors format",
                          code=Code.MODEL_FILES) from error
    check_shapes(sorted(info["mismatched_keys"]), str(path))
    with family_faults(model, "loading", str(path)):
        return _prepared(model, info["missing_keys"], objective, path, precision, stored if extra else None)


def _prepared(model: Any, missing: Iterable[str], objective: str, path: Path, precision: Precision,
              unquantized: Any) -> Any:
    """Return the loaded ``model`` ready for use, checked; arguments and errors as in ``load_model``.

    ``unquantized``: the type in which weights of a GGUF file are stored; None for others.
    """
    for config in (model.config, model.config.get_text_config()):
        config.return_dict = True  # outputs are read by name
    _name_body(model)
    missing = {name for name in missing if "position_ids" not in name}
    body = {name for name in missing if name.startswith(f"{model.base_model_prefix}.")}
    if body:
        raise Problem(f"the checkpoint lacks {sorted(body)[0]} and {len(body) - 1} more weights",
                      where=str(path), fix=f"Use a {objective} checkpoint", code=Code.MODEL_FILES)
    if missing:
        start_head(model, missing)
    if unquantized is not None:
        model = _name_body(_plain(model).to(unquantized))
    check_numbers(model, path)
    model = without_dropout(model).eval()
    return model if precision == "float32" else _FREEZE(model, precision)


def _name_body(model: Any) -> Any:
    """Have ``base_model`` find the body, in place: Llama 4 names it otherwise than it is called; return the model."""
    if model.base_model is model and hasattr(model, "model"):
        model.base_model_prefix = "model"
    return model


def load_outline(base: Base, objective: str, language: Language) -> tuple[Any, Any]:
    """Load a base's tokenizer, and its model without weights if it is a decoder: with them it may not fit.

    Raises:
        Problem: it cannot be read.
    """
    import torch
    from transformers import AutoModelForCausalLM
    path = locate(base, language)
    if path.is_file() or objective != "causal":  # whether an encoder's head is trained is seen from its weights
        return load_base(base, objective, language)
    with faults_as_problems("the model", str(path)), torch.device("meta"):
        kind: Any = AutoModelForCausalLM
        model = kind.from_config(plain_config(str(path), kind), trust_remote_code=False)
        model.tie_weights()
    return _name_body(model), load_tokenizer(path)


def without_dropout(model: Any) -> Any:
    """Set every dropout of ``model`` to zero: text seen few times needs none, and it costs a fifth of a step."""
    import torch
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name, value in vars(module).items():  # OPT and others apply a rate of their own
            if "drop" in name and isinstance(value, float):
                setattr(module, name, 0.0)
    return model


def positions_of(model: Any) -> int:
    """Return the number of positions that the configuration states; 2**31 if it states none (BLOOM, Mamba)."""
    return int(getattr(model.config.get_text_config(), "max_position_embeddings", None) or 2**31)


def longest_input(model: Any, wanted: int) -> int:
    """Return the largest input of ``model`` up to ``wanted``: its positions minus two (RoBERTa reserves two)."""
    return min(wanted, positions_of(model) - 2)


def most_positions(model: Any) -> float:
    """Return the size of the model's position table; infinite without one."""
    import torch
    parts = getattr(model.base_model, "embeddings", None)
    if not hasattr(parts, "position_embeddings"):
        learned = any(name.rpartition(".")[2] in _TABLES and isinstance(module, torch.nn.Embedding)
                      for name, module in model.base_model.named_modules())
        return positions_of(model) if learned else math.inf
    first = getattr(parts, "padding_idx", None)  # RoBERTa counts from there
    return positions_of(model) - (0 if first is None else int(first) + 1)


def start_head(model: Any, missing: Iterable[str]) -> None:
    """Initialize a missing masked-LM head: identity transform, no bias, decoder tied to the embeddings.

    Args:
        model: with a head outside its body.
        missing: names of the head's parameters that the checkpoint lacks.

    Raises:
        Problem: the transform changes the width, so that no identity exists.
    """
    import torch
    decoder = model.get_output_embeddings()
    with torch.no_grad():
        for name in missing:
            parent, _, part = name.rpartition(".")
            module, parameter = model.get_submodule(parent), model.get_parameter(name)
            if module is decoder and part == "weight":
                continue  # tied below
            if part == "bias":
                parameter.zero_()
            elif parameter.dim() == 1:
                parameter.fill_(1)  # of a layer norm
            elif parameter.shape[0] == parameter.shape[1]:
                parameter.copy_(torch.eye(len(parameter)))
            else:
                raise Problem(f"the checkpoint has no head, and that of a {type(model).__name__} cannot be started "
                              f"as an identity ({name})", where="models base", fix="Use a checkpoint with its head",
                              code=Code.MODEL_FILES)
    model.tie_weights()


def has_fresh_head(model: Any) -> bool:
    """Whether the masked-LM head was made by ``start_head``, so that it is untrained."""
    import torch
    body = {id(module) for module in model.base_model.modules()}
    transforms = [module.weight for module in model.modules() if isinstance(module, torch.nn.Linear)
                  and id(module) not in body and module is not model.get_output_embeddings()]
    return any(weight.shape[0] == weight.shape[1] and bool(torch.equal(weight, torch.eye(len(weight)).to(weight)))
               for weight in transforms)


def is_sentence_encoder(base: Base, objective: str, language: Language) -> bool:
    """Whether the base gives sentence embeddings: declared, or its masked-LM head was never trained."""
    path = locate(base, language)
    return objective == "masked" and (
        (path / SENTENCE_MODULES).is_file() or has_fresh_head(load_model(path, objective)))


def _plain(model: Any) -> Any:
    """Copy the weights into an unquantized model, since GGUF models cannot be saved or trained."""
    config = type(model.config).from_dict({name: value for name, value in model.config.to_dict().items()
                                           if name not in ("quantization_config", "_name_or_path")})
    plain = type(model)(config)
    plain.load_state_dict(model.state_dict())
    plain.tie_weights()
    return plain


def load_base(base: Base, objective: str, language: Language) -> tuple[Any, Any]:
    """Load the base model and its tokenizer.

    Raises:
        Problem: it does not exist, its tokenizer lacks a required token, or a causal objective is
            used with a bidirectional model.
    """
    path = locate(base, language)
    tokenizer = load_tokenizer(path)
    lacks = ("a mask token" if objective == "masked" and tokenizer.mask_token_id is None else
             "a token for padding or for the end of a text" if tokenizer.pad_token_id is None else "")
    if lacks:
        raise Problem(f"the tokenizer has no {lacks.removeprefix('a ')}", where=str(path),
                      fix=f"Use a base made for the {objective} objective, or set the token in tokenizer_config.json",
                      code=Code.MODEL_KIND)
    model = load_model(path, objective, base.precision)
    check_rows(tokenizer, model, objective, str(path))
    with family_faults(model, "reading text", str(path)):
        ahead = objective == "causal" and looks_ahead(model)
    if ahead:
        raise Problem("the base model is bidirectional; a causal objective needs a decoder", where=str(path),
                      fix="Set `objective: masked`, or use a causal base model", code=Code.MODEL_KIND)
    return model, tokenizer
