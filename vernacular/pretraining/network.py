"""The network that is trained, before its first step and after its last one."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from vernacular.config.schema import Model
from vernacular.modeling import lora
from vernacular.modeling.base_models import load_base, load_tokenizer
from vernacular.modeling.checkpoint import restore_weights
from vernacular.modeling.device import device_of
from vernacular.modeling.distributed import together
from vernacular.modeling.sharding import whole
from vernacular.modeling.variants import Arm
from vernacular.pipeline.stage import StageContext
from vernacular.pretraining.cost import check_length
from vernacular.tokenizer.embedding_init import grow
from vernacular.tokenizer.trim import KEPT, shrink

_ROOM = 0.7  # share of a card's free memory that weights may take: reading needs some, too


def load_start(work: StageContext, name: str, model: Model, arm: Arm) -> tuple[Any, Any, NDArray[np.int64]]:
    """Return the network to train, its tokenizer and the ids of its new rows."""
    folder = work.inputs[f"tokenizer/{name}"]
    network, _ = load_base(model.base, model.objective, work.language)
    check_length(network, model.pretraining, f"{work.language.code} models {name}: pretraining")
    if (folder / KEPT).is_file():
        shrink(network, load_file(folder / KEPT)["ids"].tolist())
    new_rows = np.zeros(0, dtype=np.int64)
    if arm == "adapted":
        rows = load_file(folder / "rows.safetensors")
        grow(network, rows)
        new_rows = rows["ids"].numpy()
    return network, load_tokenizer(folder / ("extended" if arm == "adapted" else "base")), new_rows


def gather(network: Any, work: StageContext, name: str, model: Model, arm: Arm) -> tuple[Any, Any]:
    """Return the whole trained network and its argument of ``lora.merge``, in the first process; all must ask.

    It goes to the card if it fits there.
    """
    trained = {name: whole(parameter.detach()).cpu() for name, parameter in network.named_parameters()
               if parameter.requires_grad}
    if together()[0]:
        return None, None
    device = device_of(network)
    gathered, _, new_rows = load_start(work, name, model, arm)
    wrapped = (lora.wrap(gathered, new_rows.tolist(), model.pretraining.lora_rank)
               if model.pretraining.method == "lora" else None)
    restore_weights(gathered, trained)
    size = sum(parameter.nbytes for parameter in gathered.parameters())
    if device.type == "cuda" and size < _ROOM * torch.cuda.mem_get_info()[0]:
        gathered.to(device)
    return gathered, wrapped
