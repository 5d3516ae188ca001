"""The stage ``release/<model>``: the folder that leaves the machine, and the gates that say whether it may.

Writes ``model/`` (with the tokenizer), ``adapters/<task>/``, ``README.md``, ``data_statement.md``, ``evaluation.json``
and ``documents.txt``. No path of the machine it was made on goes along.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from vernacular.arms import Arm, model_folder
from vernacular.artifacts import Gate, Report
from vernacular.config.schema import Model
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl
from vernacular.release.card import write_card
from vernacular.release.statement import write_statement
from vernacular.release.summary import gather
from vernacular.stages import Work

_TRAINED = ("adapter_config.json", "body.safetensors")  # by LoRA, or whole
_PLACES = ("_name_or_path", "name_or_path", "base_model_name_or_path")  # keys under which paths are saved


def run(work: Work, name: str, model: Model) -> Report:
    """Put the release of the model ``name`` together.

    Raises:
        Problem: the model folder or an adapter is not there.
    """
    results = gather(work.language, name, model, work.reports)
    train = list(read_jsonl(work.inputs["corpus/splits"] / "train.jsonl"))
    arm: Arm = results["released"]["arm"]
    copy_model(model_folder(arm, name, work.inputs), work.out / "model")
    for task in work.language.tasks_of(name):
        copy_adapter(work.inputs[f"task/{task}_{name}"], arm, model.lora.seeds[0], results["tasks"][task]["labels"],
                     work.out / "adapters" / task)
    path = work.language.folder / "statement.md"
    written = path.read_text(encoding="utf-8") if path.is_file() else None
    texts = {
        "README.md": write_card(results),
        "data_statement.md": write_statement(results, written, train),
        "evaluation.json": json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        "documents.txt": documents_text(train),
    }
    for file, text in texts.items():
        (work.out / file).write_text(text, encoding="utf-8", newline="\n")
    report = Report(gates=[Gate.model_validate(gate) for gate in results["release_gates"]])
    report.count("documents_trained_on", len(train), "documents that the model was trained on", "documents")
    report.count("size_mb", round(sum(path.stat().st_size for path in work.out.rglob("*") if path.is_file()) / 1e6, 2),
                 "size of the release", "MB")
    for task, found in results["tasks"].items():
        report.count(f"score_{arm}_{task}", found["means"][arm], f"mean {found['metric']} of {task}, {arm}")
        report.count(f"score_base_{task}", found["means"]["base"], f"mean {found['metric']} of {task}, base")
    report.samples["gates"] = [{"gate": gate.name, "passed": gate.passed, "reason": gate.reason}
                               for gate in report.gates]
    report.details = {"card": "README.md", "verdicts": {task: found["verdicts"]
                                                        for task, found in results["tasks"].items()}}
    return report


def documents_text(rows: list[dict[str, Any]]) -> str:
    """One line a document: its id, the digest of its text as read, its source and path, with tabs between."""
    lines = sorted(f"{row['id']}\t{row['raw_digest']}\t{row['source']}\t{row['path']}" for row in rows)
    return "\n".join(["id\traw_digest\tsource\tpath", *lines]) + "\n"


def copy_model(folder: Path, to: Path) -> None:
    """Copy weights, settings and tokenizer into a folder that transformers can load."""
    to.mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            _copy(path, to / path.name, "model")


def copy_adapter(task: Path, arm: Arm, seed: int, labels: list[str], to: Path) -> None:
    """Copy the adapter of one arm and seed, and write its labels beside it.

    Raises:
        Problem: there is none.
    """
    folder = task / arm / f"seed-{seed}"
    if not any((folder / name).is_file() for name in _TRAINED):
        raise Problem(f"there is no adapter for seed {seed}", where=str(folder),
                      fix="Delete this artifact and run again")
    to.mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != "README.md":  # PEFT's empty card names the folder it was made from
            _copy(path, to / path.name, "model")
    (to / "labels.json").write_text(json.dumps(labels, ensure_ascii=False) + "\n", encoding="utf-8")


def _copy(path: Path, to: Path, model: str) -> None:
    """Copy one file; in settings files, ``model`` takes the place of the paths they were saved with."""
    if path.suffix != ".json" or path.name == "tokenizer.json":
        shutil.copyfile(path, to)
        return
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, dict):
        for key in _PLACES:
            if key in data:
                data[key] = model
    to.write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
