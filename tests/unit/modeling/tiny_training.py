"""A tiny model with a plan of its training, and comparison of weights."""

from __future__ import annotations

import numpy as np
import torch

from tests.generate import make_documents
from tests.tiny import write_bert, write_llama
from vernacular.config.training import Pretraining
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.objectives import objective_for
from vernacular.modeling.packing import pack
from vernacular.modeling.schedules import Stream, order
from vernacular.modeling.training_loop import Plan

TEXTS = [text for texts in make_documents(30).values() for text in texts]


def setting(folder, kind="masked", precision="float32", **changes):
    """A tiny model and a plan for it."""
    if not (folder / "config.json").exists():  # the tokenizers library orders equal pieces by chance
        (write_bert if kind == "masked" else write_llama)(folder)
    model, tokenizer = load_model(folder, kind, precision), load_tokenizer(folder)
    settings = Pretraining(**{"steps": 12, "sequence_length": 32, "batch_size": 4, "head_first": 0.25, **changes})
    blocks = pack(TEXTS, tokenizer, 32)
    plan = Plan(blocks, order([Stream("target", len(blocks), 1.0)], 40 * settings.batch_size, 1),
                objective_for(kind, tokenizer, 0.15), settings, settings.steps,
                np.zeros(0, np.int64), 1, lambda model: 0.0)
    return model, plan


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left, right):
    return all(torch.equal(left[name], right[name]) for name in left)
