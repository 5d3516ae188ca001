"""What a release contains that can be exported, and the scored items that an exported folder is compared on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.config.stage_names import SPLITS
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl
from vernacular.core.store import Artifact, Store, describe
from vernacular.datasets.items import Item
from vernacular.evaluation.held_out import held_out_lines
from vernacular.release.export import ABOUT
from vernacular.release.result_models import ReleaseResults
from vernacular.release.verification import EVALUATION
from vernacular.tasks.base import Answer, Kind, Labelling, class_of
from vernacular.tasks.labeled_items import load_items
from vernacular.tasks.predictor import LABELS
from vernacular.tasks.sentence_retrieval.kind import SentenceRetrieval

ITEMS = 400  # held-out items that are compared, at most; retrieval needs all, since they compete
LANGUAGE_MODEL = "language_model"  # what a decoder is exported as


@dataclass(frozen=True)
class Released:
    """A release in the store."""

    artifact: Artifact
    results: ReleaseResults

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.artifact.folder


@dataclass(frozen=True)
class Part:
    """A model of a release that is exported by itself."""

    name: str  # of its task, or LANGUAGE_MODEL
    folder: Path  # of the model, in the release
    longest: int  # tokens of an item
    kind: Kind | None  # of its task
    items: Sequence[Item]  # held out
    scored: Sequence[Answer]  # the release's scored answers to them; none for a language model


def find_release(store: Store, language: Language, name: str) -> Released:
    """Return the current release of the model ``name``.

    Raises:
        Problem: there is none, or its files were changed.
    """
    artifact = store.current(language.code, f"release/{name}")
    if artifact is None:
        raise Problem("there is no release yet", where=f"{language.code} {name}",
                      fix=f"Make one with `vernacular run {language.cli_args(name)}`", code=Code.RESULT_MISSING)
    if describe(artifact.folder)[1] != artifact.manifest.data_version:
        raise Problem("files of the release were changed after it was made", where=str(artifact.folder),
                      fix="Delete this folder and run the language again", code=Code.RESULT_UNREADABLE)
    text = (artifact.folder / EVALUATION).read_text(encoding="utf-8")
    return Released(artifact, ReleaseResults.model_validate_json(text, extra="ignore"))


def parts_of(store: Store, language: Language, name: str, released: Released, only: str | None) -> list[Part]:
    """Return what can be exported: of an encoder the tasks that label or embed, of a decoder the language model.

    ``only``: the name of a task.

    Raises:
        Problem: there is nothing, or not this task.
    """
    tasks = released.results.tasks
    if only is not None and only not in tasks:
        raise Problem(f"the release has no task '{only}'", where=f"{language.code} {name}",
                      fix=f"Choose one of: {', '.join(tasks)}", code=Code.COMMAND_NAME)
    if released.results.model.objective == "causal":
        if only is not None:
            raise Problem("of a decoder the language model is exported, not a task", where=f"--task {only}",
                          fix="Remove --task", code=Code.EXPORT_KIND)
        splits = _artifact(store, language, released, SPLITS)
        lines = list(dict.fromkeys(held_out_lines(splits.folder)))[:ITEMS]
        return [Part(LANGUAGE_MODEL, released.folder, released.results.model.lora.max_length, None,
                     [Item(line) for line in lines], [])]
    found = [part for task in tasks if only in (None, task)
             if (part := _task(store, language, name, released, task)) is not None]
    if not found:
        raise Problem("no task of the release labels texts or embeds them", where=f"{language.code} {name}",
                      fix="Add a task of token_classification, sequence_classification, sentence_pairs or "
                          "sentence_retrieval", code=Code.EXPORT_KIND)
    return found


def _task(store: Store, language: Language, name: str, released: Released, task: str) -> Part | None:
    """The part of one task; None where its kind has no file of its own."""
    if task not in language.tasks:
        raise Problem(f"the folder no longer has the task '{task}' of the release", where=f"{language.code} tasks",
                      fix=f"Run `vernacular run {language.cli_args(name)}`", code=Code.RESULT_MISSING)
    settings, stage = language.tasks[task], f"task/{task}_{name}"
    kind_class = class_of(settings)
    if not issubclass(kind_class, Labelling | SentenceRetrieval):
        return None
    artifact = _artifact(store, language, released, stage)
    folder = released.folder / "tasks" / task if settings.fine_tune else released.folder
    labels = json.loads((artifact.folder / LABELS).read_text(encoding="utf-8")) if settings.fine_tune else []
    column: str = released.results.released.arm
    if settings.fine_tune:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        column, longest = f"{column}_{about['seed']}", int(about["longest"])
    else:
        longest = int(json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"])
    rows = list(read_jsonl(artifact.folder / "predictions.jsonl"))
    kind = kind_class(settings, labels)
    items = [Item(row["text"], tuple(row["labels"]), second=row.get("second", "")) for row in rows]
    if settings.data is not None:  # these have words of their own
        items = _with_words(load_items(language, task, store.root).test, items, f"{language.code} {task}")
    most = ITEMS if kind.each_by_itself else len(items)
    return Part(task, folder, longest, kind, items[:most], [row[column] for row in rows][:most])


def _with_words(current: Sequence[Item], scored: Sequence[Item], where: str) -> list[Item]:
    """The scored items as the folder has them, with the places of their words."""
    if [(item.key(), item.labels) for item in current] != [(item.key(), item.labels) for item in scored]:
        raise Problem("its test items have changed since the release was made", where=where,
                      fix="Run the language again", code=Code.RESULT_MISSING)
    return list(current)


def _artifact(store: Store, language: Language, released: Released, stage: str) -> Artifact:
    """The artifact that the release was made from."""
    key = released.artifact.manifest.reports.get(stage, "")
    found = store.find(language.code, stage, key) if key else None
    if found is None:
        raise Problem(f"the result of {stage} that the release was made from is no longer there", where=language.code,
                      fix="Run the language again", code=Code.RESULT_MISSING)
    return found
