"""The three models that every comparison sets side by side: base, control and adapted.

Base is untouched; control was pretrained with the original tokenizer; adapted with the extended one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from vernacular.config.schema import Language, Model
from vernacular.errors import Problem
from vernacular.models import load_base, load_model, load_tokenizer

Arm = Literal["base", "control", "adapted"]
ARMS: tuple[Arm, ...] = get_args(Arm)
MODEL_FOLDER = "model"


def model_folder(arm: Arm, name: str, inputs: Mapping[str, Path]) -> Path:
    """Where the pretrained model of ``control`` or ``adapted`` stands among a stage's input folders.

    Raises:
        Problem: it is not there; the base model never stands in.
    """
    stage = f"model/{name}" if arm == "adapted" else f"model/{name}_control"
    folder = inputs[stage] / MODEL_FOLDER
    if not (folder / "config.json").is_file():
        raise Problem(f"{stage} holds no model", where=str(inputs[stage]), fix="Delete that folder and run again")
    return folder


def load_arm(arm: Arm, name: str, model: Model, language: Language, inputs: Mapping[str, Path]) -> tuple[Any, Any]:
    """The language model and the tokenizer of an arm.

    Args:
        arm: ``base``, ``control`` or ``adapted``.
        name: the model's name in the language folder.
        model: its settings.
        language: the language folder.
        inputs: stage name -> artifact folder, with ``model/<name>`` and ``model/<name>_control``.
    """
    if arm == "base":
        return load_base(model.base, model.objective, language)
    folder = model_folder(arm, name, inputs)
    return load_model(folder, model.objective), load_tokenizer(folder)
