"""What many language folders cost: loading, planning and starting a run of one, a tick of the sensor.

Every folder is the shipped ``lug`` with three sources of a few words. Each number is of a process of its own. A process
that loads definitions is timed from its start until the server of the code location could answer; listing is what the
first page of the UI waits for besides.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.folder import CHECKOUT
from benchmarks.registry import RESULTS, Row, figure

_SIZES, _MANY, _SHARD = (10, 100, 1000), 7000, 250
_SAMPLE = 3  # of the shards of the many: all are alike
_TICKS = 5
_UNIT = "processor s"  # on one core: what a clock shows while nothing else runs


def write_folders(home: Path, count: int) -> list[str]:
    """Write ``count`` language folders below ``home/languages``; returns their codes."""
    given = yaml.safe_load((CHECKOUT / "languages" / "lug" / "language.yaml").read_text(encoding="utf-8"))
    given["sources"] = [{"name": name, "kind": "files", "files": f"{name}.txt", "licence": "CC0-1.0",
                         "consent": "contributor", "register": "other"} for name in ("news", "stories", "letters")]
    text = yaml.safe_dump(given | {"refresh": {"automatic": True}}, sort_keys=False)
    languages = home / "languages"
    languages.mkdir(parents=True)
    (languages / "defaults.yaml").write_bytes((CHECKOUT / "languages" / "defaults.yaml").read_bytes())
    codes = [f"qaa-x-{''.join(letters)}" for letters in
             itertools.islice(itertools.product(string.ascii_lowercase, repeat=3), count)]
    for code in codes:
        folder = languages / code
        folder.mkdir()
        (folder / "language.yaml").write_text(text, encoding="utf-8")
        for source in given["sources"]:
            (folder / source["files"]).write_text(f"A few words of {source['name']} in {code}.\n", encoding="utf-8")
    return codes


@figure
def scale() -> Iterator[Row]:
    """Load seconds and memory, overhead of a run of one language, seconds of a tick: 10 to 7,000 folders."""
    curve: dict[int, dict[str, Any]] = {}
    for count in _SIZES:
        with tempfile.TemporaryDirectory() as place:
            home = Path(place)
            code = write_folders(home, count)[count // 2]
            curve[count] = found = apart(home, "load")
            yield Row(f"load_seconds_{count}", found["processor seconds"], _UNIT, details=found)
            yield from _run(home, code, count)
            ticks = apart(home, "tick")
            yield Row(f"tick_seconds_{count}", ticks["longest"], "s", details=ticks)
    with tempfile.TemporaryDirectory() as place:
        home, shards = Path(place), _MANY // _SHARD
        write_folders(home, _MANY)
        sample = [1 + step * (shards - 1) // (_SAMPLE - 1) for step in range(_SAMPLE)]
        found = [apart(home, "load", f"shard_{number}_of_{shards}") for number in sample]
        curve[_MANY] = max(found, key=lambda each: float(each["processor seconds"]))
        total = sum(each["processor seconds"] for each in found) / _SAMPLE * shards
        yield Row(f"load_seconds_{_MANY}", total, _UNIT, details={
            "means": "one after another; divide by how many load at once", "shards": shards, "measured": sample,
            "the slowest": curve[_MANY]})
    plot(curve, RESULTS.with_name("scale.png"))


def _run(home: Path, code: str, count: int) -> Iterator[Row]:
    """The overhead of a run: of one that finds everything made."""
    seconds, processor = [], []
    for _ in range(3):
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "pipelines.run", code, "--to", "corpus/documents"], check=True,
                       cwd=CHECKOUT, env=_environment(home), capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(round(time.monotonic() - started, 2))
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    yield Row(f"run_overhead_seconds_{count}", min(processor[1:]), _UNIT, details={"seconds": seconds})


def apart(home: Path, *what: str) -> dict[str, Any]:
    """``load`` (of a shard) or ``tick`` in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.scale", *what], cwd=CHECKOUT, env=_environment(home),
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _environment(home: Path) -> dict[str, str]:
    (home / "dagster").mkdir(exist_ok=True)
    return {**os.environ, "VERNACULAR_LANGUAGES": str(home / "languages"), "VERNACULAR_ROOT": str(home / "artifacts"),
            "DAGSTER_HOME": str(home / "dagster")}


def load(attribute: str | None) -> dict[str, Any]:
    """Load the definitions of this project as the server of a code location does; then what a page and a run ask."""
    started = time.monotonic()
    from dagster import serialize_value

    from assets.dagster_internals import (
        CodePointer,
        ReconstructableRepository,
        RepositorySnap,
        get_external_pipeline_subset_result,
    )

    module = ("pipelines.shards", attribute) if attribute else ("pipelines.definitions", "defs")
    recon = ReconstructableRepository(CodePointer.from_module(*module, working_directory=None))
    repository = recon.get_definition()
    repository.load_all_definitions()
    loaded, clock = time.process_time(), time.monotonic() - started
    size = len(serialize_value(RepositorySnap.from_def(repository, defer_snapshots=True)))
    listed = time.process_time()
    key = min(key for key in repository.asset_graph.materializable_asset_keys if len(key.path) > 1)  # of a language
    keys = {each for each in repository.asset_graph.materializable_asset_keys if each.path[0] == key.path[0]}
    get_external_pipeline_subset_result(repository, recon, "__ASSET_JOB", None, keys, None, False)
    return {"processor seconds": round(loaded, 2), "seconds": round(clock, 2),
            "listing processor seconds": round(listed - loaded, 2), "listing MB": round(size / 1e6, 1),
            "processor seconds to plan a run of one": round(time.process_time() - listed, 2),
            "GiB at the peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
            "assets": len(repository.asset_graph.get_all_asset_keys())}


def tick() -> dict[str, Any]:
    """Some ticks of the sensor, all languages automatic, until each was looked at or there were enough."""
    from dagster import DagsterInstance

    from pipelines import definitions
    from pipelines.refresh_sensor import Upkeep
    from vernacular.core.project import find_project

    def warn(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    known = definitions.defs.resolve_asset_graph().get_all_asset_keys()
    work, cursor, seconds, requests = Upkeep(find_project()), None, [], []
    with DagsterInstance.get() as instance:
        for _ in range(_TICKS):
            started = time.monotonic()
            result = work.tick(instance, cursor, known, warn)
            seconds.append(round(time.monotonic() - started, 2))
            cursor = result.cursor
            requests.append(len(result.run_requests or ()))
    return {"longest": max(seconds), "ticks": seconds, "runs asked for": requests}


def plot(curve: dict[int, dict[str, Any]], file: Path) -> None:
    """Draw seconds and memory over the number of folders."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(7, 3), layout="constrained")
    for place, name in zip(picture.subplots(1, 2), ("processor seconds", "GiB at the peak"), strict=True):
        place.plot(list(curve), [found[name] for found in curve.values()], "o-")
        place.set(xscale="log", xlabel=f"language folders ({_MANY:,}: one shard of {_SHARD})", ylabel=name)
        place.set_ylim(bottom=0)
    picture.savefig(file, dpi=120)


if __name__ == "__main__":
    answer = tick() if sys.argv[1] == "tick" else load(sys.argv[2] if len(sys.argv) > 2 else None)
    sys.stdout.write(json.dumps(answer) + "\n")
