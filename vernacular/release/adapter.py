"""A trained adapter and its head as peft saves them for transformers' own token classifier.

Our classifiers put a linear layer on the mean state of a unit's tokens. The mean of linear scores is the linear score
of the mean, so the same weights in ``AutoModelForTokenClassification`` give each token a score whose mean over the unit
is ours, if they are given the mean of all layers' states (``use.py``): nobody needs code of ours to load an adapter. A
family whose token classifier holds more than a linear layer (ModernBERT) has none that fits, and is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from vernacular.errors import Problem
from vernacular.tasks.network import BODY, HEAD

_BODY = "base_model.model."  # what peft puts before the names of a body's weights
_ADAPTER = "adapter_model.safetensors"
ABOUT = "task.json"


def export(trained: Path, model_folder: Path, about: Mapping[str, Any], to: Path) -> None:
    """Write what was trained in ``trained`` into ``to``: an adapter as peft reads it, or a whole token classifier.

    Args:
        trained: what ``tasks.network.save`` wrote.
        model_folder: the released model, whose configuration the classifier takes.
        about: what ``task.json`` says: ``labels``, ``unit`` (word or text), ``choice`` (best, many or entities),
            ``longest`` (tokens), and whatever else.
        to: the folder to make.

    Raises:
        Problem: nothing was trained, or the model's family has no token classifier that it fits into.
    """
    from transformers import AutoConfig
    whole = (trained / BODY).is_file()
    if not whole and not (trained / "adapter_config.json").is_file():
        raise Problem("there is no adapter", where=str(trained), fix="Delete this artifact and run again")
    labels = about["labels"]
    config: Any = AutoConfig.from_pretrained(model_folder)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    prefix, head = parts_of(config)
    before = "" if whole else _BODY
    weights = {f"{before}{prefix}.{name.removeprefix(_BODY)}": value
               for name, value in load_file(trained / (BODY if whole else _ADAPTER)).items()}
    layer = load_file(trained / HEAD)
    weights |= {f"{before}{head}.{name}": value.contiguous() for name, value in layer.items()}
    to.mkdir(parents=True)
    save_file(weights, to / ("model.safetensors" if whole else _ADAPTER), metadata={"format": "pt"})
    if not whole:
        settings = json.loads((trained / "adapter_config.json").read_text(encoding="utf-8"))
        settings |= {"base_model_name_or_path": "model", "task_type": "TOKEN_CLS", "modules_to_save": [head],
                     "auto_mapping": None, "inference_mode": True}
        if isinstance(settings["target_modules"], list):
            settings["target_modules"].sort()  # peft writes a set, in any order
        _write(to / "adapter_config.json", settings)
    config.architectures = [type(_token_classifier(config)).__name__]
    _write(to / "config.json", {name: value for name, value in config.to_dict().items()
                                if name not in ("_name_or_path", "name_or_path")})
    _write(to / ABOUT, {"beyond": layer["bias"].tolist(), "head": head, **about})


def parts_of(config: Any) -> tuple[str, str]:
    """The names of the body and of the linear layer in transformers' token classifier of this configuration.

    Raises:
        Problem: it holds another layer beside these.
    """
    model = _token_classifier(config)
    body: str = model.base_model_prefix
    layers = {name: layer for name, layer in model.named_children()
              if name != body and not isinstance(layer, torch.nn.Dropout)}
    if len(layers) != 1 or not isinstance(layer := next(iter(layers.values())), torch.nn.Linear) or layer.bias is None:
        raise Problem(f"the token classifier of {config.model_type} models holds {', '.join(layers) or 'no layer'}, "
                      "not one linear layer", where="release adapters",
                      fix="Take a base of another family, or leave the tasks of this folder out")
    return body, next(iter(layers))


def _token_classifier(config: Any) -> Any:
    """Transformers' token classifier without its weights: a shape to look at."""
    from transformers import AutoModelForTokenClassification
    with torch.device("meta"):
        kind: Any = AutoModelForTokenClassification
        return kind.from_config(config)


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
