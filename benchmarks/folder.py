"""A language folder in a temporary place, and its stages run in a process of their own and timed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
CODE = "qaa"


def write_folder(root: Path, seed: Sequence[str], files: Mapping[str, Sequence[str]], **more: Any) -> Path:
    """Write ``root/languages/qaa`` and return it.

    Args:
        root: an empty folder.
        seed: lines known to be in the language.
        files: name -> documents of a plain text file, which blank lines part.
        more: further keys of language.yaml; an absolute path of a base becomes a link in the folder.
    """
    folder = root / "languages" / CODE
    (folder / "text").mkdir(parents=True)
    (root / "languages" / "defaults.yaml").write_text("# none\n", encoding="utf-8")
    (folder / "seed.txt").write_text("\n".join(seed) + "\n", encoding="utf-8")
    for name, documents in files.items():
        write_text(folder, name, documents)
    settings: dict[str, Any] = {
        "name": "Benchmark", "script": "Latn", "owner": "team:benchmarks", "neighbours": ["sna", "zul"],
        "sources": [{"name": "text", "kind": "files", "files": "text/*.txt", "licence": "unverified",
                     "consent": "unknown", "register": "news"}],
        "models": {"none": {"base": {"path": "none", "licence": "unverified"}, "objective": "masked",
                            "pretraining": {"steps": 1}}}, **more}
    for name, model in settings["models"].items():
        link = folder / "bases" / name
        if Path(model["base"].get("path", "")).is_absolute():  # a language folder names only what is in it
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(model["base"]["path"])
            settings["models"][name] = {**model, "base": {**model["base"], "path": f"bases/{name}"}}
    (folder / "language.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def write_text(folder: Path, name: str, documents: Sequence[str]) -> None:
    """Write documents to the file ``name`` of a folder."""
    (folder / "text" / f"{name}.txt").write_text("\n\n".join(documents) + "\n", encoding="utf-8")


def run(folder: Path, root: Path, *names: str, threads: int = 1, watch: bool = False) -> dict[str, float]:
    """Run stages in a fresh process; return the seconds that each took, on the clock.

    Args:
        folder: of the language.
        root: of the artifacts.
        names: of the stages, in an order in which they can run; those of the corpus if none is given.
        threads: that array and tensor libraries may use.
        watch: let what the stages say be seen, where they take long.

    Raises:
        RuntimeError: it failed; the message is its output.
    """
    done = subprocess.run([sys.executable, "-m", __name__, str(folder), str(root), *names], cwd=CHECKOUT,
                          stdout=subprocess.PIPE, stderr=None if watch else subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": str(threads)})
    if done.returncode:
        raise RuntimeError((done.stderr or f"it ended with {done.returncode}").strip()[-2000:])
    found: dict[str, float] = orjson.loads(done.stdout)
    return found


def artifact(root: Path, stage: str) -> Path:
    """The folder of the current artifact of a stage."""
    home = root / CODE / stage
    return home / (home / "current").read_text(encoding="utf-8").strip()


def main() -> None:
    """Run the stages and write the seconds to the standard output."""
    from vernacular.catalog import stages_of
    from vernacular.config.load import load_language
    from vernacular.core.store import Store
    from vernacular.corpus.stages import stages
    from vernacular.pipeline.stage import run_stage

    language, store, seconds = load_language(Path(sys.argv[1])), Store(Path(sys.argv[2])), {}
    every = stages_of(language)
    for name in sys.argv[3:] or [stage.name for stage in stages(language)]:
        started = time.perf_counter()
        run_stage(every[name], language, store, lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
        seconds[name] = time.perf_counter() - started
    sys.stdout.buffer.write(orjson.dumps(seconds))


if __name__ == "__main__":
    main()
