"""How fast pretraining is on a GPU, and how much of what the card can do it uses.

Models have random weights in the shape of public ones. Blocks are packed with several texts each, as
in a training, and for comparison hold one each. The steps are those of a training: the packing is
found out, the body compiled, and the processor prepares a step while the card computes the last one.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.registry import Row, Skipped, figure

# Dense bfloat16 with sums in float32, FLOP/s, by the driver's name of the card. NVIDIA's data sheets
# (H100, H200, A100, L4, L40S) give them, some as twice as much "with sparsity".
_PEAKS = {"NVIDIA H100 80GB HBM3": 989e12, "NVIDIA H100 PCIe": 756e12, "NVIDIA H100 NVL": 835e12, "NVIDIA H200": 989e12,
          "NVIDIA A100-SXM4-40GB": 312e12, "NVIDIA A100-SXM4-80GB": 312e12, "NVIDIA A100-PCIE-40GB": 312e12,
          "NVIDIA A100 80GB PCIe": 312e12, "NVIDIA L4": 121e12, "NVIDIA L40S": 362e12}
_STEPS, _UNTIMED = 40, 10
_NEW_ROWS = 1000  # tokens that a low-rank training adds
_PIECES = 4  # texts in a block, on average


@dataclass(frozen=True)
class Setup:
    """A model and its batches."""

    kind: Any  # transformers' class
    config: Any
    objective: str  # masked or causal
    length: int  # tokens of a block
    batch: int  # blocks of a step
    rank: int = 0  # of low-rank changes of a frozen model in bfloat16; 0: all weights are trained


@dataclass(frozen=True)
class Timed:
    """What a run of some steps took."""

    seconds: list[float]  # of each step
    flops: float  # of a token
    packing: str  # how blocks were read


@figure
def mlm_gpu_tokens_per_s() -> Iterator[Row]:
    """Tokens a second of masked pretraining on this card: random weights in the shape of XLM-R base, 512 tokens."""
    from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

    config = XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
                              hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    yield from _on_card("mlm_gpu", Setup(XLMRobertaForMaskedLM, config, "masked", length=512, batch=64))


@figure
def clm_gpu_tokens_per_s() -> Iterator[Row]:
    """Tokens a second of causal pretraining on this card: random weights in the shape of SmolLM2-360M, 1,024 tokens."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=49_152, hidden_size=960, intermediate_size=2560, num_hidden_layers=32,
                         num_attention_heads=15, num_key_value_heads=5, max_position_embeddings=8192,
                         rms_norm_eps=1e-5, tie_word_embeddings=True)
    yield from _on_card("clm_gpu", Setup(LlamaForCausalLM, config, "causal", length=1024, batch=16))


@figure
def lora_gpu_tokens_per_s() -> Iterator[Row]:
    """Tokens a second of LoRA (rank 16, weights in bfloat16) on this card: the shape of Llama 3.2 1B, 1,024 tokens."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=128_256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16,
                         num_attention_heads=32, num_key_value_heads=8, head_dim=64, max_position_embeddings=8192,
                         rms_norm_eps=1e-5, tie_word_embeddings=True)
    yield from _on_card("lora_gpu", Setup(LlamaForCausalLM, config, "causal", length=1024, batch=16, rank=16))


def _on_card(name: str, setup: Setup) -> Iterator[Row]:
    import torch

    if not torch.cuda.is_available():
        raise Skipped("there is no CUDA card here")
    card = torch.cuda.get_device_name()
    for packed, kind in ((True, ""), (False, "_whole_rows")):
        torch.cuda.reset_peak_memory_stats()
        timed = time_steps(setup, _STEPS, "cuda", packed)
        speed = setup.length * setup.batch / statistics.median(timed.seconds[_UNTIMED:])
        yield Row(f"{name}_tokens_per_s{kind}", speed, "tokens/s", details={
            "card": card, "blocks a step": setup.batch, "packing": timed.packing, "FLOP a token": timed.flops,
            "peak FLOP/s": _PEAKS.get(card, "unknown"), "GiB": torch.cuda.max_memory_allocated() / 2**30})
        if card in _PEAKS:
            yield Row(f"{name}_share_of_peak{kind}", speed * timed.flops / _PEAKS[card], "of the card's FLOP/s")


def time_steps(setup: Setup, steps: int, device: str, packed: bool) -> Timed:
    """Take steps of our loop on random text with a random model."""
    import torch

    from vernacular.modeling.objectives import check_reading
    from vernacular.modeling.optimizer import optimizer_for
    from vernacular.modeling.pending_loss import PendingLoss, read_all_but
    from vernacular.modeling.training_loop import batch_of, compile_body, start_step

    torch.manual_seed(1)
    model, plan = _model(setup, device), _plan(setup, packed)
    check_reading(model, batch_of(0, plan))
    optimizer = optimizer_for(model, plan.settings)
    compile_body(model, plan.steps)
    model.train()
    seconds, pending = [], deque[PendingLoss]()
    for step in range(steps):
        started = time.perf_counter()
        pending.append(start_step(model, optimizer, plan, step))
        read_all_but(1, pending)  # the last step is then done, and the card begins this one
        seconds.append(time.perf_counter() - started)
    read_all_but(0, pending)
    batch = batch_of(0, plan)
    lengths = np.diff(np.append(np.flatnonzero(batch.positions == 0), batch.positions.size))
    return Timed(seconds, flops_per_token(model, lengths, len(batch.predicted) / batch.inputs.size, batch.causal),
                 str(model.packing) if packed or model.packing == "varlen" else "whole rows")


def _model(setup: Setup, device: str) -> Any:
    import torch

    from vernacular.modeling.frozen_weights import freeze_in
    from vernacular.modeling.lora import wrap

    setup.config._attn_implementation = "sdpa"
    with torch.device(device):
        model = setup.kind(setup.config)
    if setup.rank:
        freeze_in(model, "bfloat16")
        last = setup.config.vocab_size
        wrap(model, range(last - min(_NEW_ROWS, last // 2), last), setup.rank)
    return model.to(device)


def _plan(setup: Setup, packed: bool) -> Any:
    """Random text, in blocks of one text or of several; some of those fill a block."""
    from vernacular.config.training import Pretraining
    from vernacular.modeling.objectives import Causal, Masked
    from vernacular.modeling.packing import Blocks
    from vernacular.modeling.training_loop import Plan

    generator, vocabulary = np.random.default_rng(1), setup.config.vocab_size
    shape = (4 * setup.batch, setup.length)
    tokens = generator.integers(10, vocabulary, shape, dtype=np.int32)
    starts = np.zeros(shape, bool)
    if packed:
        starts = generator.random(shape) < (_PIECES - 1) * generator.random((len(starts), 1)) * 2 / setup.length
    starts[:, 0] = True
    places = np.broadcast_to(np.arange(setup.length, dtype=np.int32), shape)
    positions = places - np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    blocks = Blocks(tokens, places, np.ones(shape, bool), starts.cumsum(1, dtype=np.int32) - 1, positions)
    settings = Pretraining(steps=1000, sequence_length=setup.length, batch_size=setup.batch, head_first=0,
                           method="lora" if setup.rank else "full")
    return Plan(blocks, np.arange(len(tokens)), Masked(4, vocabulary, 0.15) if setup.objective == "masked"
                else Causal(), settings, 1000, np.zeros(0, np.int64), 1, lambda model: 0.0)


def flops_per_token(model: Any, lengths: NDArray[Any], predicted: float, causal: bool) -> float:
    """Floating-point operations of a training step for each token.

    Two a weight forward, two backward for the states, two for the weight's own gradient unless it is
    frozen; those of the head for predicted tokens. Attention: scores and sums, forward once and
    backward twice, of the tokens that one may attend to. Nothing that is computed again counts.

    Args:
        model: of transformers; its low-rank changes are layers, too.
        lengths: tokens of each text.
        predicted: share of tokens that are predicted.
        causal: whether a token attends only to earlier ones.
    """
    import torch

    body, total = {id(module) for module in model.base_model.modules()}, 0.0
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            share = 1.0 if id(module) in body else predicted
            total += share * module.weight.numel() * (6 if module.weight.requires_grad else 4)
    config = model.config
    attended = float((lengths.astype(float) ** 2).sum() / lengths.sum()) / (2 if causal else 1)
    width = config.num_attention_heads * (getattr(config, "head_dim", None)
                                          or config.hidden_size // config.num_attention_heads)
    return total + 3 * 4 * config.num_hidden_layers * width * attended
