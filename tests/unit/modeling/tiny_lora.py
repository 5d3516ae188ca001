"""A tiny model with new rows and a LoRA adapter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.modeling.tiny_training import setting
from vernacular.modeling.lora import wrap
from vernacular.modeling.training_loop import train
from vernacular.tokenizer.embedding_init import grow

NEW = 4


def wrapped(folder, kind, precision="float32", **changes):
    model, plan = setting(folder, kind, precision, method="lora", **changes)
    rows = {"input": torch.randn(NEW, 32, generator=torch.Generator().manual_seed(1))}
    if kind == "masked":
        rows["bias"] = torch.zeros(NEW)
    old = len(model.get_input_embeddings().weight)
    grow(model, rows)
    plan = replace(plan, new_rows=np.arange(old, old + NEW))
    plan.blocks.tokens[:, 5] = old + np.arange(len(plan.blocks)) % NEW  # the new pieces are used
    torch.manual_seed(1)
    return model, plan, wrap(model, plan.new_rows.tolist(), 8)


def interrupted(model, plan, checkpoint):
    """Train until an error in step 7, after which ``checkpoint`` can be resumed."""
    original = plan.objective.batch

    def batch(*args):
        if args[-1][-1] == 7:
            raise MemoryError
        return original(*args)

    plan.objective.batch = batch
    with pytest.raises(MemoryError):
        train(model, plan, checkpoint, lambda line: None)
