"""The stage ``release/<model>``: the folder that leaves the machine, and the gates that say whether it may.

Writes ``model/`` (with the tokenizer), ``adapters/<task>/``, ``use.py``, ``README.md``, ``data_statement.md``,
``evaluation.json`` and ``documents.txt``. No path of the machine it was made on goes along.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from vernacular.arms import Arm, model_folder, released_arm
from vernacular.artifacts import Artifact, Gate, Report
from vernacular.config.schema import Model
from vernacular.corpus.ledger import BESIDE
from vernacular.jsonl import read_jsonl
from vernacular.models import load_model, longest_input
from vernacular.release import use
from vernacular.release.adapter import ABOUT, export
from vernacular.release.card import write_card
from vernacular.release.reproduce import MOST, reproduce_labels, reproduce_others, reproduce_untrained
from vernacular.release.rights import beside_rights, corpus_rights
from vernacular.release.statement import write_statement
from vernacular.release.summary import gather
from vernacular.stages import Work
from vernacular.tasks.kind import Item, Labelling, class_of
from vernacular.tasks.predictor import adapter_folder
from vernacular.tasks.stage import items_of

_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})
_PLACES = ("_name_or_path", "name_or_path", "base_model_name_or_path")  # keys under which paths are saved


def run(work: Work, name: str, model: Model) -> Report:
    """Put the release of the model ``name`` together.

    Raises:
        Problem: the model folder or an adapter is not there.
    """
    train = corpus_rights(list(read_jsonl(work.inputs["corpus/splits"] / "train.jsonl")),
                          work.inputs["corpus/documents"] / "documents.jsonl")
    arm = released_arm(name, work.reports)
    folder = model_folder(arm, name, work.inputs)
    beside = beside_rights(read_jsonl(folder.parent / BESIDE), model)
    copy_model(folder, work.out / "model")
    shutil.copyfile(use.__file__, work.out / "use.py")
    reloaded = {}
    for task in work.language.tasks_of(name):
        work.progress(f"{task}: the adapter is exported, loaded and asked again")
        reloaded[task] = _adapter(work, name, model, arm, task)
    results = gather(work.language, name, model, work.reports, reloaded=reloaded,
                     seconds={stage: Artifact(folder).manifest.seconds for stage, folder in work.inputs.items()})
    path = work.language.folder / "statement.md"
    written = path.read_text(encoding="utf-8") if path.is_file() else None
    texts = {
        "README.md": write_card(results),
        "data_statement.md": write_statement(results, written, train, beside),
        "evaluation.json": json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        "documents.txt": documents_text([*train, *beside]),
    }
    for file, text in texts.items():
        (work.out / file).write_text(text, encoding="utf-8", newline="\n")
    report = Report(gates=[Gate.model_validate(gate) for gate in results["release_gates"]])
    report.count("documents_trained_on", len(train), "documents that training drew from", "documents")
    report.count("documents_beside", len(beside), "documents beside the corpus that it drew from",
                 "documents")
    for task, one in reloaded.items():
        report.count(f"reloaded_same_{task}", one["same"], f"share of the answers of {task} that the released adapter "
                     "gives again")
    report.count("size_mb", round(sum(path.stat().st_size for path in work.out.rglob("*") if path.is_file()) / 1e6, 2),
                 "size of the release", "MB")
    for task, found in results["tasks"].items():
        report.count(f"score_{arm}_{task}", found["means"][arm], f"mean {found['metric']} of {task}, {arm}")
        report.count(f"score_base_{task}", found["means"]["base"], f"mean {found['metric']} of {task}, base")
    report.samples["gates"] = [{"gate": gate.name, "passed": gate.passed, "reason": gate.reason}
                               for gate in report.gates]
    report.details = {"card": "README.md", "reloaded": reloaded, "waivers": results["waivers"],
                      "verdicts": {task: found["verdicts"] for task, found in results["tasks"].items()}}
    return report


def _adapter(work: Work, name: str, model: Model, arm: Arm, task: str) -> dict[str, Any]:
    """Export what the first seed trained for one task, and ask it again from the folder that goes out."""
    if not work.language.tasks[task].fine_tune:
        return _found_again(work, name, model, arm, task)
    stage, seed, to = f"task/{task}_{name}", model.lora.seeds[0], work.out / "adapters" / task
    details, trained = work.reports[stage].details, adapter_folder(work.inputs[stage], arm, seed)
    score = {row["seed"]: row["score"] for row in details["scores"][arm]}[seed]
    about = {"task": task, "kind": details["kind"], "metric": details["metric"], "seed": seed, "score": score}
    prompt = work.language.tasks[task].prompt
    if prompt is not None:  # whoever asks the model needs its words
        about["prompt"] = prompt.model_dump(mode="json")
    items = items_of(work, task)
    longest = longest_input(load_model(work.out / "model", model.objective), model.lora.max_length)
    kept = [row[f"{arm}_{seed}"] for row in read_jsonl(work.inputs[stage] / "predictions.jsonl")]
    said = {"seed": seed, "card": score, "alone": isinstance(items.kind, Labelling)}
    most = MOST if items.kind.each_by_itself else len(items.test)
    if not isinstance(items.kind, Labelling):
        as_it_is(trained, about, to)
        return {**said, **reproduce_others(work.out, task, model.objective, longest, items.kind, items.test[:most],
                                           kept[:most])}
    many, entities = work.language.tasks[task].multi_label, items.kind.by_word and any(
        label.startswith("I-") for label in items.kind.labels) and work.language.tasks[task].tags == "bio"
    export(trained, work.out / "model", {
        **about, "labels": items.kind.labels, "unit": "word" if items.kind.by_word else "text", "longest": longest,
        "choice": "many" if many else "entities" if entities else "best"}, to)
    return {**said, **reproduce_labels(work.out, task, items.kind, items.test[:most], kept[:most])}


def _found_again(work: Work, name: str, model: Model, arm: Arm, task: str) -> dict[str, Any]:
    """Ask the released model itself for a task that nothing was trained for."""
    stage, about = f"task/{task}_{name}", work.language.tasks[task]
    rows = list(read_jsonl(work.inputs[stage] / "predictions.jsonl"))
    items = [Item(row["text"], second=row.get("second", "")) for row in rows]
    longest = longest_input(load_model(work.out / "model", model.objective), model.lora.max_length)
    score = work.reports[stage].details["means"][arm]
    return {"seed": None, "card": score, "alone": False, **reproduce_untrained(
        work.out, model.objective, longest, class_of(about)(about, []), items, [row[arm] for row in rows])}


def as_it_is(trained: Path, about: dict[str, Any], to: Path) -> None:
    """Copy an adapter of a kind that labels nothing: it loads onto the model's body, the head beside it."""
    to.mkdir(parents=True)
    for path in sorted(trained.iterdir()):
        if path.is_file() and path.name != "README.md":  # PEFT's empty card names the folder it was made from
            _copy(path, to / path.name, "model")
    (to / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def documents_text(rows: list[dict[str, Any]]) -> str:
    r"""One line a document: its id, the digest of its text as read, what for, its source and path, with tabs between.

    A tab or a line break in a path is written as ``\t``, ``\n`` or ``\r``.
    A document of the language itself is for ``target``; others are named by their role in training.
    """
    lines = sorted(f"{row['id']}\t{row['raw_digest']}\t{row.get('role', 'target')}\t{row['source']}\t"
                   f"{row['path'].translate(_ESCAPES)}"
                   for row in rows)
    return "\n".join(["id\traw_digest\tfor\tsource\tpath", *lines]) + "\n"


def copy_model(folder: Path, to: Path) -> None:
    """Copy weights, settings and tokenizer into a folder that transformers can load."""
    to.mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            _copy(path, to / path.name, "model")


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
