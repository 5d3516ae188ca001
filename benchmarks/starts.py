"""Where new rows start from: ours and the package ``deepfocus``, then the same steps on the same text, and likelihood.

``deepfocus`` is not installed beside ours: it is in a folder of its own in the cache, which ``peer_rows`` alone sees.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import yaml

from benchmarks.base_text import CACHE
from benchmarks.cleaning import real_lines
from benchmarks.extension import LINES, NAME, SEED_LINES, WORDS, minilm, model, some
from benchmarks.folder import CHECKOUT, run, write_folder
from benchmarks.registry import Row, Skipped, figure
from vernacular.config.training import Vocabulary
from vernacular.provenance.corpus_tables import read_rows

_STEPS, _ITEMS = 100, 1000  # few steps: with more of them the starts come closer together
_SEEDS = (1,)
_DEFAULT, _PEER = str(Vocabulary().initialise), "deepfocus"
_STARTS = ("mean", _PEER, "weighted", "focus", "random")
# ``fasttext``, which it asks for, has to be compiled; ``fasttext-numpy2`` is the same module as a wheel
_PACKAGES = ("deepfocus==1.0.1", "entmax==1.3", "fastdist==1.1.7", "fasttext-numpy2==0.10.4", "llvmlite==0.50.0",
             "numba==0.68.1", "print-on-steroids==1.2.3")


def _make_known(code: str) -> None:
    def measure() -> Iterator[Row]:
        base, lines = minilm(), list(some(real_lines(code), WORDS))
        peer_packages()
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(
                Path(place), lines[::max(1, len(lines) // SEED_LINES)],
                {"text": ["\n".join(lines[at:at + LINES]) for at in range(0, len(lines), LINES)]},
                models={NAME: _model(base, _DEFAULT, _SEEDS[0])})
            run(folder, Path(place) / "artifacts")
            ours = [_measured(folder, base, _DEFAULT, seed) for seed in _SEEDS]
            for start in dict.fromkeys((_DEFAULT, *_STARTS)):
                runs = ours if start == _DEFAULT else [_measured(folder, base, start, seed) for seed in _SEEDS]
                yield _row(f"start_{start}_{code}_minilm", runs, ours)

    measure.__name__ = f"starts_{code}_minilm"
    measure.__doc__ = (f"Held-out likelihood of MiniLM after {_STEPS} steps from different new rows, from 0.2 million "
                       f"words of {code}.")
    figure(measure)


for _code in ("nya", "lug"):
    _make_known(_code)


def _model(base: dict[str, str], start: str, seed: int) -> dict[str, Any]:
    settings = model(base, steps=_STEPS, passes=20)
    settings["pretraining"]["interpolate"] = [1.0]
    return {**settings, "seed": seed, "likelihood_items": 10,
            "vocabulary": {"initialise": "mean" if start == _PEER else start}}


def _measured(folder: Path, base: dict[str, str], start: str, seed: int) -> dict[str, Any]:
    """Train from ``start`` in a process of its own: ``nats`` and ``size`` of each line, the ``curve`` of dev text."""
    settings = yaml.safe_load((folder / "language.yaml").read_text(encoding="utf-8"))
    settings["models"][NAME] = _model(base, start, seed)
    (folder / "language.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    done = subprocess.run([sys.executable, "-m", __name__, str(folder), str(folder.parents[1] / "artifacts"), start],
                          cwd=CHECKOUT, capture_output=True, text=True, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"})
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:])
    found: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return found


def _row(name: str, runs: Sequence[dict[str, Any]], ours: Sequence[dict[str, Any]]) -> Row:
    """Likelihood from a start, beside that from our default: means over the seeds, an interval over the lines."""
    from vernacular.evaluation.likelihood import difference
    from vernacular.modeling.likelihood import Scored

    def scored(some: Sequence[dict[str, Any]]) -> Scored:
        return Scored(np.mean([run["nats"] for run in some], axis=0), np.array(some[0]["size"]),
                      np.array(some[0]["unknown"]))

    value, reference = scored(runs).mean, scored(ours).mean
    low, mean, high = difference(scored(runs), scored(ours), seed=1)
    return Row(name, value, "nats per character", reference, value / reference, details={
        f"less {_DEFAULT}": f"{mean:+.3f}, 95% interval over lines {low:+.3f} to {high:+.3f}",
        "by seed": [round(scored([run]).mean - scored([other]).mean, 3)
                    for run, other in zip(runs, ours, strict=True)],
        "dev text, masked tokens, by step": [[step, round(value, 3)] for step, value in runs[0]["curve"]],
        "new rows": runs[0]["pieces"], "lines": len(runs[0]["nats"]), "seeds": len(runs)})


def peer_packages() -> Path:
    """The folder that holds ``deepfocus`` and what it needs beyond torch and transformers; filled once.

    Raises:
        Skipped: pip cannot get them.
    """
    folder = CACHE / f"deepfocus-{sys.version_info.major}.{sys.version_info.minor}"
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as place:
            done = subprocess.run(
                [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target",
                 f"{place}/packages", *_PACKAGES], capture_output=True, text=True, check=False)
            if done.returncode:
                raise Skipped(f"pip install {_PACKAGES[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
            Path(place, "packages").rename(folder)
    return folder


def _peer_rows(tokenizers: Path, texts: Sequence[str], table: Any, seed: int) -> Any:
    """The embeddings of the extended vocabulary as ``deepfocus`` makes them: (pieces, hidden)."""
    from safetensors.torch import load_file, save_file

    with tempfile.TemporaryDirectory() as place:
        text, old, new = (Path(place) / name for name in ("text.txt", "old.safetensors", "new.safetensors"))
        text.write_text("\n".join(texts) + "\n", encoding="utf-8")
        save_file({"embeddings": table.contiguous()}, old)
        done = subprocess.run(
            [sys.executable, "-P", str(Path(__file__).with_name("peer_rows.py")), str(tokenizers / "base"),
             str(tokenizers / "extended"), str(text), str(old), str(seed), str(new)], capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONPATH": str(peer_packages()), "XDG_CACHE_HOME": place,
                              "HF_HOME": place, "HF_HUB_OFFLINE": "1"})
        if done.returncode:
            raise RuntimeError(f"deepfocus failed: {(done.stdout + done.stderr).strip()[-2000:]}")
        return load_file(new)["embeddings"]


def main() -> None:
    """Run the tokenizer's and the model's stage from a start, score test lines, write it all to the standard output."""
    from safetensors.torch import load_file, save_file

    from vernacular.catalog import stages_of
    from vernacular.config.load import load_language
    from vernacular.core.report import Report
    from vernacular.core.store import Store
    from vernacular.modeling.base_models import load_base, load_model, load_tokenizer
    from vernacular.modeling.likelihood import LEAST_WORDS, likelihood
    from vernacular.modeling.variants import MODEL_FOLDER
    from vernacular.pipeline.stage import StageContext, run_stage
    from vernacular.text.words import words

    language, store, start = load_language(Path(sys.argv[1])), Store(Path(sys.argv[2])), sys.argv[3]
    every = stages_of(language)
    tokenizer = every[f"tokenizer/{NAME}"]

    def from_peer(work: StageContext) -> Report:
        report = tokenizer.run(work)
        settings = language.models[NAME]
        base, _ = load_base(settings.base, settings.objective, language)
        rows = load_file(work.out / "rows.safetensors")
        texts = [row["text"] for row in read_rows(work.inputs["corpus/splits"] / "train.parquet")]
        table = _peer_rows(work.out, texts, base.get_input_embeddings().weight.detach(), work.seed)
        rows["input"] = table[rows["ids"]].contiguous()
        save_file(rows, work.out / "rows.safetensors")
        return report

    chosen = replace(tokenizer, version=f"{tokenizer.version} {_PEER}", run=from_peer) if start == _PEER else tokenizer
    made = run_stage(chosen, language, store)
    trained = run_stage(every[f"model/{NAME}"], language, store).folder
    held_out = read_rows(store.current(language.code, "corpus/splits").folder / "test.parquet")  # type: ignore[union-attr]
    lines = [line for row in held_out for line in row["text"].split("\n") if len(words(line)) >= LEAST_WORDS]
    network, used = load_model(trained / MODEL_FOLDER, "masked"), load_tokenizer(trained / MODEL_FOLDER)
    scored = likelihood(network, used, "masked", lines[:_ITEMS], seed=1)
    sys.stdout.buffer.write(b"\n" + orjson.dumps({
        "nats": scored.nats.tolist(), "size": scored.size.tolist(), "unknown": scored.unknown.tolist(),
        "pieces": len(load_file(made.folder / "rows.safetensors")["ids"]),
        "curve": orjson.loads((trained / "curve.json").read_bytes())["curve"]}))


if __name__ == "__main__":
    main()
