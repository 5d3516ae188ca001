"""The three models that every comparison sets side by side: base, control and adapted.

Base is untouched; control was pretrained with the original tokenizer; adapted with the extended one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from vernacular.config.schema import Language, Model
from vernacular.core.errors import Problem
from vernacular.core.store import Report
from vernacular.modeling.base_models import load_base, load_model, load_tokenizer

Arm = Literal["base", "control", "adapted"]
ARMS: tuple[Arm, ...] = get_args(Arm)
# What is set against what: whichever arm is released, it is compared with the base that it came from.
COMPARED: tuple[tuple[Arm, Arm], ...] = (("adapted", "base"), ("adapted", "control"), ("control", "base"))
MODEL_FOLDER = "model"
NLL = "negative log-likelihood"  # what a language model is measured by; in nats per character, or bits per byte
DEV_LIKELIHOOD = "dev_likelihood"  # the count of it in the report of a pretraining
TIE = 0.005  # RECIPE 2c: a difference below half a per cent is a tie


def released_arm(name: str, reports: Mapping[str, Report]) -> Arm:
    """Which arm the release takes: the one that foresees dev text better, per character or byte, never per token.

    Within half a per cent it is ``adapted``, whose text is shorter in tokens and so cheaper to read and write.

    Args:
        name: the model's name in the language folder.
        reports: stage name -> report, with those of both pretrainings; ``adapted`` where one was not measured.
    """
    adapted, control = (reports[stage].counts.get(DEV_LIKELIHOOD) if stage in reports else None
                        for stage in (f"model/{name}", f"model/{name}_control"))
    if adapted is None or control is None:
        return "adapted"
    return "control" if adapted.value > control.value * (1 + TIE) else "adapted"


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


def nll_name(unit: str) -> str:
    """The negative log-likelihood in ``unit`` ("nats per character", "bits per byte") as the name of a count."""
    return "negative_log_likelihood_per_character" if unit == "nats per character" else unit.replace(" ", "_")
