"""Tiny random models of the families that people start from, and what training does with each.

``python -m tests.families`` writes the table of docs/reference/models.md from ``conformance``.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, PreTrainedTokenizerFast

from tests.family_shapes import CAUSAL, FAMILIES, MASKED, TOKENS, WINDOW
from tests.project import CHECKOUT
from vernacular.config.base import Precision
from vernacular.config.training import Pretraining
from vernacular.conversion.ctranslate2_folder import write_ctranslate2
from vernacular.conversion.formats import Precision as ExportPrecision
from vernacular.conversion.onnx_file import write_onnx
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling import lora
from vernacular.modeling.base_models import load_model, without_dropout
from vernacular.modeling.objectives import Masked, check_reading, objective_for, read
from vernacular.modeling.optimizer import optimizer_for
from vernacular.modeling.packed_attention import choose_packing
from vernacular.modeling.packing import Blocks
from vernacular.modeling.precision import stored_in
from vernacular.modeling.schedules import Stream, order
from vernacular.modeling.training_loop import Plan, batch_of, recompute_states, take_step
from vernacular.tasks.classifier import Unit, build_classifier
from vernacular.tokenizer.embedding_init import grow

PAGE = CHECKOUT / "docs" / "reference" / "models.md"
LENGTH, NEW = 48, 3


def write_family(family: str, folder: Path) -> Path:
    """Save a tiny random model of ``family`` into ``folder``, as transformers does."""
    torch.manual_seed(1)
    config = AutoConfig.for_model(family, **(MASKED.get(family) or CAUSAL[family]))
    loader: Any = AutoModelForMaskedLM if FAMILIES[family] == "masked" else AutoModelForCausalLM
    model = without_dropout(loader.from_config(config))
    for parameter in model.parameters():
        if parameter.dim() > 1:  # the usual range is so small that leaks would not show
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    return folder


def blocks_of(count: int) -> Blocks:
    """Blocks of three pieces each, the longest one longer than the windows."""
    pieces = np.repeat(np.arange(3, dtype=np.int32), (4, 26, LENGTH - 30))
    positions = np.concatenate([np.arange(size, dtype=np.int32) for size in (4, 26, LENGTH - 30)])
    tokens = np.random.default_rng(1).integers(5, TOKENS, (count, LENGTH)).astype(np.int32)
    return Blocks(tokens, np.broadcast_to(np.arange(LENGTH, dtype=np.int32), tokens.shape),
                  np.ones(tokens.shape, bool), np.broadcast_to(pieces, tokens.shape),
                  np.broadcast_to(positions, tokens.shape))


def plan_of(kind: str, **changes: Any) -> Plan:
    """A plan of training on a few blocks."""
    blocks = blocks_of(4)
    objective = Masked(3, TOKENS, 0.3) if kind == "masked" else objective_for(kind, None, 0)
    settings = Pretraining(**{"steps": 12, "sequence_length": LENGTH, "batch_size": 4, "head_first": 0,
                              "learning_rate": 3e-3, **changes})
    return Plan(blocks, order([Stream("target", 4, 1.0)], 200, 1), objective, settings, 12,
                np.arange(TOKENS, TOKENS + NEW), 1, lambda _: 0.0)


def trained(model: Any, plan: Plan) -> tuple[float, float]:
    """Train for the plan's steps; the first and the last loss."""
    optimizer = optimizer_for(model, plan.settings)
    model.train()
    losses = [take_step(model, optimizer, plan, step) for step in range(plan.steps)]
    model.eval()
    return losses[0], losses[-1]


def _packed(model: Any, kind: str) -> str:
    way = choose_packing(model, LENGTH, kind == "causal")
    check_reading(model, batch_of(0, plan_of(kind)))
    return way.value


def _grown(model: Any, kind: str) -> str:
    ids = torch.arange(5, 25)[None]
    before = model(input_ids=ids).logits
    decoder = model.get_output_embeddings()
    rows = {"input": torch.randn(NEW, model.get_input_embeddings().weight.shape[1])}
    if decoder.weight is not model.get_input_embeddings().weight:
        rows["output"] = torch.randn(NEW, decoder.weight.shape[1])
    grow(model, rows)
    after = model(input_ids=ids).logits
    assert after.shape[-1] == TOKENS + NEW
    assert torch.allclose(after[..., :TOKENS], before, atol=1e-4)
    return "yes"


def _full(model: Any, kind: str) -> str:
    first, last = trained(model, plan_of(kind))
    assert last < first - 0.1, (first, last)
    return "yes"


def _recomputed(model: Any, kind: str) -> str:
    frozen = stored_in(model) != "float32"
    plan, other = plan_of(kind, recompute=True, method="lora" if frozen else "full"), copy.deepcopy(model)
    recompute_states(other)
    for one in (model, other) if frozen else ():
        torch.manual_seed(1)
        lora.wrap(one, plan.new_rows.tolist(), 4)
    assert np.allclose(trained(other, plan), trained(model, plan), rtol=1e-4)
    return "yes"


def _lora(model: Any, kind: str) -> str:
    plan = plan_of(kind, method="lora")
    wrapped = lora.wrap(model, plan.new_rows.tolist(), 4)
    first, last = trained(model, plan)
    assert last < first - 0.01, (first, last)
    with torch.no_grad():
        before = read(model, batch_of(0, plan))
        merged = lora.merge(wrapped)
        apart = (read(merged, batch_of(0, plan)) - before).abs()
        if stored_in(model) == "float32":
            assert float(apart.max()) < 1e-3
        assert float(apart.mean()) < 0.02 * float(before.abs().max())  # the sum is rounded to two bytes
    return "yes"


def _saved(model: Any, kind: str) -> str:
    ids, loader = torch.arange(5, 25)[None], AutoModelForMaskedLM if kind == "masked" else AutoModelForCausalLM
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        for again in (load_model(Path(folder), kind),
                      loader.from_pretrained(folder, attn_implementation=model.config._attn_implementation).eval()):
            assert torch.equal(again(input_ids=ids).logits, model(input_ids=ids).logits)
    return "yes"


def _classifies(unit: Unit, model: Any, kind: str) -> str:
    classifier = build_classifier(model, ["a", "b"], unit, False, 0)
    ids = torch.arange(5, 25)[None]
    assert classifier(input_ids=ids).logits.shape == ((1, 20, 2) if unit == "word" else (1, 2))
    return "yes"


def _exported(model: Any, kind: str) -> str:
    """Convert as ``vernacular export`` does, in float32, and compare the logits."""
    ids = torch.arange(5, 5 + 2 * WINDOW - 4).view(2, -1)  # CTranslate2 reads no text longer than a window
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "masked":
            classifier = build_classifier(model, ["a", "b"], "text", False, 0)
            write_onnx(classifier, False, ExportPrecision.FP32, folder)
            from onnxruntime import InferenceSession  # optional packages
            session = InferenceSession(folder / "model.onnx")
            inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
            given = {one.name: inputs[one.name].numpy() for one in session.get_inputs()}
            found, wanted = session.run(None, given)[0], classifier(input_ids=ids).logits
        else:
            model.save_pretrained(folder / "model")
            _write_tokenizer(folder / "model")
            (folder / "out").mkdir()
            write_ctranslate2(folder / "model", ExportPrecision.FP32, folder / "out")
            from ctranslate2 import Generator
            scores = Generator(str(folder / "out")).forward_batch(ids.tolist(), return_log_probs=False)
            found, wanted = np.array(scores), model(input_ids=ids).logits
    if not np.allclose(found[..., :TOKENS], wanted, rtol=0, atol=1e-3 * float(wanted.abs().max())):
        raise Problem("the converted model has other logits", where="export", fix="", code=Code.EXPORT_GATE)
    return "onnx" if kind == "masked" else "ctranslate2"


def _write_tokenizer(folder: Path) -> None:
    words = {f"w{index}": index for index in range(TOKENS)}
    tokenizer = Tokenizer(models.BPE(vocab=words, merges=[]))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="w0", bos_token="w1", eos_token="w2",
                            unk_token="w3").save_pretrained(folder)


COLUMNS: dict[str, Callable[[Any, str], str]] = {
    "packed": _packed, "new tokens": _grown, "full": _full, "LoRA": _lora, "recompute": _recomputed, "saved": _saved,
    "tags words": partial(_classifies, "word"), "classifies texts": partial(_classifies, "text"), "export": _exported}


def conformance(family: str, folder: Path, precision: Precision = "float32") -> dict[str, str]:
    """What works for a family: column -> ``yes``, how blocks are read, or the error."""
    kind = FAMILIES[family]
    model = load_model(write_family(family, folder), kind, precision)
    found = {}
    for column, check in COLUMNS.items():
        if precision != "float32" and column in ("full", "saved", "export"):
            continue
        subject = copy.deepcopy(model)
        try:
            with torch.set_grad_enabled(column in ("full", "LoRA", "recompute")):
                if column in ("full", "LoRA", "recompute"):
                    with torch.no_grad():
                        _grown(subject, kind)
                found[column] = check(subject, kind)
        except Problem as problem:
            found[column] = "-" if problem.code == Code.EXPORT_KIND else f"no: {problem.what}"
    return found


HEAD = """# Families of base models

Any checkpoint of these families works as `base:`, from a package, a folder or the hub. `objective: masked` is for
encoders, `objective: causal` for decoders. The table is what a tiny random model of each family did in a test;
`python -m tests.families` writes it again, in about five minutes. Others may work too: each training begins with the
check of the column *packed*, and refuses in one line what it cannot train correctly (`VN-MODEL-KIND`).

- **packed**: several texts share a row, and each must get the states that it has alone. `mask`: one mask for all
  layers. `layers`: a mask for each type of layer, such as sliding windows. `alone`: the family mixes tokens without
  attention (recurrence, convolution) or takes no such mask; each text is a row, in batches of similar length.
  `unpadded`: padding changes the states too; batches of equal length, slower.
  Not in the table, which was written on a processor: `varlen`, on a GPU with bfloat16. FlashAttention gets the lengths
  of the texts, with no padding and no mask; it is tried first, and used where the states are the same.
- **new tokens**: rows for new tokens are added, and the logits of the old tokens stay.
- **full**, **LoRA**: `pretraining.method`; the loss falls, and low-rank changes are merged without a difference.
- **recompute**: `pretraining.recompute` gives the same losses with less memory.
- **saved**: what is saved loads again with the same logits, in Vernacular and with transformers alone.
- **tags words**, **classifies texts**: whether transformers has a classifier of the family, which tasks such as names
  or topics need. Without one, `vernacular check` refuses the model with such tasks (`VN-MODEL-KIND`).
- **export**: [`vernacular export`](../how-to/export-a-release.md) in float32 gives the same logits: of an encoder with
  its classifier as `onnx`, of a decoder as `ctranslate2`, here on texts shorter than a window (CTranslate2 leaves out
  Gemma 2's caps of logits). `-`: no converter, or one that does not read this family's present settings (Phi,
  GPT-NeoX).

A family or a checkpoint that does something unexpected ends in one line that names the family, what failed and the
library's own words (`VN-MODEL-KIND`), or the file that does not fit (`VN-MODEL-FILES`): before the first step, not
after hours. Encoders with a decoder (T5, T5Gemma, BART, mBART, NLLB, Whisper) are refused, also for their encoder
alone; a checkpoint of BART's decoder is a decoder. So are families that transformers does not know, and quantized
checkpoints. DeBERTa v1 and X-MOD fail where bfloat16 is computed natively.

**Large bases.** `base.precision: bfloat16` stores matrices in two bytes a weight, `nf4` in half a byte (decoders, with
`pip install 'vernacular[nf4]'`). They are then frozen; LoRA and the rows of new tokens are trained in float32. `nf4` is
for pretraining: what is merged, scored and released has two bytes a weight. Activations are computed as before, so the
checks of this page hold. Families whose weights are not in linear layers (experts of Mixtral and gpt-oss) or are read
without calling them (Mamba) are refused in one line.
[Memory of large models](../experiments/memory.md) has measurements.

Weights may be safetensors, GGUF, or pickled (`pytorch_model.bin`); of pickled ones only tensors are read. No code of a
checkpoint is run (`trust_remote_code`).

"""


def page(found: dict[str, dict[str, str]]) -> str:
    """The page of the reference, with a row per family; what does not work is explained below the table."""
    lines = [f"| family | objective | {' | '.join(COLUMNS)} |", f"|---|---|{'---|' * len(COLUMNS)}"]
    notes = []
    for family, cells in found.items():
        notes += [f"- `{family}`, {column}: {cell.removeprefix('no: ')}" for column, cell in cells.items()
                  if cell.startswith("no: ") and column in ("LoRA", "recompute", "export")]
        short = " | ".join(cell.partition(":")[0] for cell in cells.values())
        lines.append(f"| {family} | {FAMILIES[family]} | {short} |")
    return HEAD + "\n".join(lines) + "\n\n" + "\n".join(notes) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        rows = {family: conformance(family, Path(place) / family) for family in FAMILIES}
        PAGE.write_text(page(rows), encoding="utf-8")
