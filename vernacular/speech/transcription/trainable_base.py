"""Which weights of a speech model a method trains: low-rank changes, adapters, or all.

The convolutions that read the sound stay as they are, with every method: they learned what sound is
from far more of it (Baevski et al. 2006.11477, section 4.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.modeling.base_models import quiet
from vernacular.speech.encoders import SpeechBase, load_speech_model

Change = Literal["lora", "adapter", "full"]
ADAPTER_WIDTH = 16  # of MMS (Pratap et al. 2305.13516)
_ATTENTION = ("q_proj", "k_proj", "v_proj", "out_proj", "linear_q", "linear_k", "linear_v", "linear_out")
_FEED_FORWARD = ("intermediate_dense", "output_dense", "fc1", "fc2")


def load_for_ctc(path: Path, symbols: int, change: Change, rank: int, seed: int) -> SpeechBase:
    """Load a base with a new head for CTC, and leave only what ``change`` trains trainable.

    Args:
        path: the base, a transformers folder.
        symbols: that the head can write; number 0 is the blank.
        change: what is trained besides the head.
        rank: of low-rank changes.
        seed: of new weights.

    Raises:
        Problem: the family cannot be trained in this way.
    """
    quiet()
    import transformers
    torch.manual_seed(seed)
    how: dict[str, Any] = {"vocab_size": symbols, "pad_token_id": 0, "ctc_zero_infinity": True}
    if change == "adapter":
        with faults_as_problems("config.json of the model", str(path)):
            known = transformers.AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        how["adapter_attn_dim"] = getattr(known, "adapter_attn_dim", None) or ADAPTER_WIDTH
    base = load_speech_model(path, "AutoModelForCTC", **how)
    network = base.network
    torch.nn.init.normal_(network.lm_head.weight, std=0.02)  # never that of another alphabet
    torch.nn.init.zeros_(network.lm_head.bias)
    network.requires_grad_(False)
    if change == "lora":
        add_low_rank_changes(network, rank)
    elif change == "adapter":
        for parameter in _adapters(base, path):
            parameter.requires_grad_(True)
    else:
        network.base_model.requires_grad_(True)
        if hasattr(network, "freeze_feature_encoder"):
            network.freeze_feature_encoder()
    network.lm_head.requires_grad_(True)
    return base


def body_of(network: Any) -> Iterator[torch.nn.Parameter]:
    """Yield what is trained besides the head."""
    head = {id(parameter) for parameter in network.lm_head.parameters()}
    return (parameter for parameter in network.parameters() if parameter.requires_grad and id(parameter) not in head)


def add_low_rank_changes(network: Any, rank: int) -> None:
    """Freeze ``network``, and add low-rank changes to its layers in place (Hu et al. 2106.09685).

    WavLM reads the weights of its attention without calling the layers, so that only the others get one.
    """
    from peft import LoraConfig, inject_adapter_in_model
    names = _FEED_FORWARD if network.config.model_type == "wavlm" else (*_ATTENTION, *_FEED_FORWARD)
    wanted = [name for name, module in network.named_modules()
              if isinstance(module, torch.nn.Linear) and name.rpartition(".")[2] in names]
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank, target_modules=wanted), network)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_("lora_" in name)


def merge_low_rank_changes(network: Any) -> Any:
    """Merge the changes in place, and return the plain network."""
    from peft.tuners.lora import LoraLayer
    for name, module in list(network.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            parent, _, own = name.rpartition(".")
            setattr(network.get_submodule(parent), own, module.get_base_layer())
    if hasattr(network, "peft_config"):
        del network.peft_config
    return network


def adapter_weights(network: Any) -> dict[str, torch.Tensor]:
    """Return adapters and head, as ``Wav2Vec2ForCTC.load_adapter`` reads them."""
    return {name: tensor.detach().contiguous() for name, tensor in network._get_adapters().items()}


def _adapters(base: SpeechBase, path: Path) -> Iterator[torch.nn.Parameter]:
    """Yield the weights of the adapters; new ones change nothing at first."""
    layers = [(name, module) for name, module in base.network.named_modules() if name.endswith(".adapter_layer")]
    if base.family != "wav2vec2" or not layers:
        raise Problem("only models of the family wav2vec2 with `do_stable_layer_norm`, such as XLS-R and MMS, have "
                      "adapters", where=str(path), fix="Set `method: lora`, or use another base",
                      code=Code.MODEL_KIND)
    for name, layer in layers:
        if f"{name}.linear_2.weight" in base.missing:
            torch.nn.init.zeros_(layer.linear_2.weight)
            torch.nn.init.zeros_(layer.linear_2.bias)
        yield from layer.parameters()
