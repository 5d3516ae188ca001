"""Writes models into a release as transformers and Sentence Transformers load them, without Vernacular.

The pretrained model is in the root of the release, as in a repository of the hub. Each task that gives labels or
embeddings has a whole model in ``tasks/<task>``, its adapter merged; adapters of other tasks are added as peft saved
them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import SENTENCE_MODULES, load_model, load_tokenizer
from vernacular.modeling.picture_towers import PictureTower
from vernacular.tasks.adapter_model import ADAPTER, BODY, load
from vernacular.tasks.base import Kind, Labelling
from vernacular.tasks.image_retrieval.kind import ImageRetrieval
from vernacular.tasks.sentence_retrieval.kind import SentenceRetrieval

ABOUT = "task.json"
TOWER = "tower"  # folder of the model of pictures, beside a task
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
              "chat_template.jinja")
# Keys under which paths are saved, and code of a repository that a reader's transformers would offer to run.
_LEFT_OUT = ("_name_or_path", "name_or_path", "base_model_name_or_path", "auto_map", "custom_pipelines")


def copy_model(folder: Path, to: Path) -> None:
    """Copy weights, settings and tokenizer of a saved model into the folder ``to``."""
    to.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            _copy(path, to / path.name)


def export_task(kind: Kind, trained: Path, release: Path, objective: str, longest: int, about: Mapping[str, Any],
                to: Path) -> None:
    """Write what was trained for a task into the folder ``to``.

    ``longest``: tokens of an item.
    ``about``: content of ``task.json``.

    Raises:
        Problem: nothing was trained.
    """
    if not (trained / BODY).is_file() and not (trained / ADAPTER).is_file():
        raise Problem("there is no adapter", where=str(trained), fix="Delete this artifact and run again",
                      code=Code.STAGE_INPUT)
    to.mkdir(parents=True)
    if is_whole_model(kind):
        model, tokenizer = load_model(release, objective, None), load_tokenizer(release)
        network = load(kind.bare(model, tokenizer.pad_token_id), trained)
        if hasattr(network.body, "merge_and_unload"):
            network.body.merge_and_unload()
        whole = network.whole if isinstance(kind, Labelling) else network.whole.base_model
        whole.save_pretrained(to)
        for path in to.glob("*.json"):
            _copy(path, path)
        for name in _TOKENIZER:
            if (release / name).is_file():
                _copy(release / name, to / name)
        _set_longest(to / "tokenizer_config.json", longest)
        if isinstance(kind, SentenceRetrieval | ImageRetrieval):
            dense = network.head if isinstance(kind, ImageRetrieval) else None
            write_sentence_modules(to, model.config.get_text_config().hidden_size, longest, kind.task.prefix, dense)
    else:
        for path in sorted(trained.iterdir()):
            if path.is_file() and path.name != "README.md":  # PEFT's empty card, in adapters of earlier versions
                _copy(path, to / path.name)
    write_json(to / ABOUT, dict(about))


def is_whole_model(kind: Kind) -> bool:
    """Whether a task of this kind is released as a whole model that calls of the ecosystem load."""
    return isinstance(kind, Labelling | SentenceRetrieval | ImageRetrieval)


def export_projection(kind: ImageRetrieval, release: Path, longest: int, about: Mapping[str, Any],
                      to: Path) -> None:
    """Write the released model with the projection of its teacher into the folder ``to``, for a task without training.

    ``longest``: tokens of a text. ``about``: content of ``task.json``.
    """
    assert kind.projection is not None  # ensured by Language.tasks_of
    copy_model(release, to)
    for name in (SENTENCE_MODULES, "sentence_bert_config.json", "config_sentence_transformers.json"):
        (to / name).unlink(missing_ok=True)  # those of the release itself
    hidden = kind.projection.weight.shape[1]
    dense = torch.nn.Linear(hidden, kind.width)
    dense.load_state_dict({"weight": kind.projection.weight, "bias": kind.projection.bias})
    write_sentence_modules(to, hidden, longest, kind.task.prefix, dense)
    write_json(to / ABOUT, dict(about))


def write_sentence_modules(folder: Path, hidden: int, longest: int, prefix: str = "",
                           dense: torch.nn.Linear | None = None) -> None:
    """Write what makes a model's folder a sentence encoder: the mean of a text's token states, made of length 1.

    ``longest``: tokens of a text that are read.
    ``prefix``: put before every text.
    ``dense``: a linear map of the mean, such as to the vectors of pictures.
    """
    kinds = ["Transformer", "Pooling", *(["Dense"] if dense is not None else []), "Normalize"]
    write_json(folder / SENTENCE_MODULES, [
        {"idx": number, "name": str(number), "path": f"{number}_{kind}" if number else "",
         "type": f"sentence_transformers.models.{kind}"} for number, kind in enumerate(kinds)])
    if dense is not None:
        (folder / "2_Dense").mkdir()
        write_json(folder / "2_Dense" / "config.json", {
            "in_features": dense.in_features, "out_features": dense.out_features, "bias": True,
            "activation_function": "torch.nn.modules.linear.Identity"})
        save_file({f"linear.{name}": tensor.detach().cpu().contiguous() for name, tensor in dense.state_dict().items()},
                  folder / "2_Dense" / "model.safetensors")
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False})
    write_json(folder / "config_sentence_transformers.json", {
        "prompts": {"query": prefix} if prefix else {}, "default_prompt_name": "query" if prefix else None,
        "similarity_fn_name": "cosine"})
    (folder / "1_Pooling").mkdir()
    write_json(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": hidden, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False})


def export_tower(tower: PictureTower, to: Path) -> None:
    """Write the model of pictures beside a task, into ``to / TOWER``, as transformers loads it."""
    (to / TOWER).mkdir()
    tower.save(to / TOWER)
    for path in (to / TOWER).glob("*.json"):
        _copy(path, path)


def write_json(path: Path, data: Any) -> None:
    """Write ``data`` so that the same data gives the same bytes."""
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _set_longest(path: Path, longest: int) -> None:
    """Let a tokenizer truncate where training and scoring did, wherever it is called with truncation."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, {**settings, "model_max_length": longest})


def _copy(path: Path, to: Path) -> None:
    """Copy one file, settings without ``_LEFT_OUT``."""
    if path.suffix != ".json" or path.name == "tokenizer.json":
        if path != to:
            shutil.copyfile(path, to)
        return
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if key not in _LEFT_OUT}
    write_json(to, data)
