"""The three variants of a model in every comparison: base, control and adapted.

Base is the original; control was pretrained with the original tokenizer; adapted with the extended
one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from vernacular.config.schema import Language, Model
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.modeling.base_files import locate
from vernacular.modeling.base_models import load_base, load_model, load_tokenizer

Arm = Literal["base", "control", "adapted"]
ARMS: tuple[Arm, ...] = get_args(Arm)
# Comparisons: the released variant against its base.
COMPARED: tuple[tuple[Arm, Arm], ...] = (("adapted", "base"), ("adapted", "control"), ("control", "base"))
MODEL_FOLDER = "model"
ANSWERS = "answers.jsonl"  # of the model that answers, in its artifact
NLL = "negative log-likelihood"  # the measure of language models; in nats per character, or bits per byte
DEV_LIKELIHOOD = "dev_likelihood"  # its count in a pretraining report
TIE = 0.005  # RECIPE 2c: a difference below half a percent is a tie


def released_arm(name: str, reports: Mapping[str, Report]) -> Arm:
    """Return the variant to release: the one with the better dev likelihood, per character or byte.

    Within half a percent it is ``adapted``, which needs fewer tokens.

    ``reports``: stage name -> report, including both pretrainings; ``adapted`` if one was not
    measured.
    """
    adapted, control = (reports[stage].counts.get(DEV_LIKELIHOOD) if stage in reports else None
                        for stage in (f"model/{name}", f"model/{name}_control"))
    if adapted is None or control is None:
        return "adapted"
    return "control" if adapted.value > control.value * (1 + TIE) else "adapted"


def model_folder(arm: Arm, name: str, inputs: Mapping[str, Path]) -> Path:
    """Return the folder of the pretrained ``control`` or ``adapted`` among a stage's inputs.

    Raises:
        Problem: it does not exist; the base model is never used instead.
    """
    stage = f"model/{name}" if arm == "adapted" else f"model/{name}_control"
    folder = inputs[stage] / MODEL_FOLDER
    if not (folder / "config.json").is_file():
        raise Problem(f"{stage} contains no model", where=str(inputs[stage]), fix="Delete that folder and run again",
                      code=Code.STAGE_INPUT)
    return folder


def load_arm(arm: Arm, name: str, model: Model, language: Language, inputs: Mapping[str, Path]) -> tuple[Any, Any]:
    """Load the language model and the tokenizer of a variant.

    ``arm``: ``base``, ``control`` or ``adapted``. ``inputs``: stage name -> artifact folder,
    with ``model/<name>`` and ``model/<name>_control``.
    """
    if arm == "base":
        return load_base(model.base, model.objective, language)
    folder = model_folder(arm, name, inputs)
    return load_model(folder, model.objective, None), load_tokenizer(folder)


def load_chat_arm(arm: Arm, name: str, model: Model, language: Language, inputs: Mapping[str, Path]) -> tuple[Any, Any]:
    """Load the same variant of the model that answers: ``base`` is the instruct model, the others have a difference.

    ``inputs``: stage name -> artifact folder, with ``instruct/<name>``.
    """
    assert model.instruct is not None  # ensured by Language.tasks_of
    folder = inputs[f"instruct/{name}"] / arm
    path = locate(model.instruct.model, language) if arm == "base" else (
        folder if folder.is_dir() else inputs[f"instruct/{name}"] / MODEL_FOLDER)
    return load_model(path, model.objective), load_tokenizer(path)


def nll_unit(objective: str) -> str:
    """Return the unit of the negative log-likelihood of models with this objective."""
    return "nats per character" if objective == "masked" else "bits per byte"


def nll_name(unit: str) -> str:
    """Return the count name of the negative log-likelihood in ``unit`` ("nats per character", "bits per byte")."""
    return "negative_log_likelihood_per_character" if unit == "nats per character" else unit.replace(" ", "_")
