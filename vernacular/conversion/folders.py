"""Exports the models of a release: converts, compares with the release, measures, and keeps what agrees."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import transformers

from vernacular.config.schema import Language
from vernacular.conversion.card import CARD, ONLY_README, card_of, readme
from vernacular.conversion.ctranslate2_folder import write_ctranslate2
from vernacular.conversion.formats import Format, Wish, check_format
from vernacular.conversion.gate import check_agreement, compare, compare_language_models
from vernacular.conversion.measurement import Measured, measure
from vernacular.conversion.onnx_file import inputs_of, write_onnx
from vernacular.conversion.released import Part, Released, find_release, parts_of
from vernacular.conversion.results import Agreement, Card
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store, write_atomically
from vernacular.modeling.base_models import quiet
from vernacular.tasks.base import Labelling
from vernacular.tasks.sentence_retrieval.kind import SentenceRetrieval
from vernacular.tasks.token_classification import TokenClassification, spans_of

STANDALONE = Path(__file__).parent / "standalone"
ABOUT, TOKENIZER, STATEMENT = "model.json", "tokenizer.json", "data_statement.md"
_SOURCES = {Format.ONNX: "onnx_model.py", Format.CTRANSLATE2: "ctranslate2_model.py"}


def export(store: Store, language: Language, name: str, task: str | None, wish: Wish,
           progress: Callable[[str], None]) -> list[tuple[Path, Card]]:
    """Export the release of the model ``name``: a folder below ``wish.out`` for each task; return them with cards.

    ``task``: only this one. A folder that disagrees with the release is not kept.

    Raises:
        Problem: there is no release, it cannot be converted, or the answers differ too much.
    """
    released = find_release(store, language, name)
    check_format(wish.to, wish.precision, released.results.model.objective, str(released.folder))
    written = []
    for part in parts_of(store, language, name, released, task):
        folder = wish.out / f"{language.code}-{name}-{part.name}-{wish.to}-{wish.precision}"
        written.append((folder, _one(released, part, wish, folder, progress)))
    return written


def _one(released: Released, part: Part, wish: Wish, folder: Path, progress: Callable[[str], None]) -> Card:
    """Export one part into ``folder``, beside which it is built first."""
    if folder.exists() and not (folder / CARD).is_file():
        raise Problem("it exists and is no export", where=str(folder), fix="Name another folder with --out",
                      code=Code.CONFIG_FILE)
    building = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        progress(f"{part.name}: converting to {wish.to}, {wish.precision}")
        asked = convert(part, wish, building)
        progress(f"{part.name}: comparing {len(part.items)} held-out items, and measuring")
        ours, theirs = (measured(part, wish, building, asked, runtime) for runtime in ("exported", "torch"))
        agreement = agreement_of(part, wish, ours, theirs)
        check_agreement(agreement, wish.precision, f"{part.name} --to {wish.to}")
        card = card_of(released, part, wish.to, wish.precision, agreement, ours, theirs, building, wish.threads)
        write_atomically(building / CARD, json.dumps(card.as_json(), ensure_ascii=False, indent=1) + "\n")
        write_atomically(building / ONLY_README, readme(card))
        shutil.copyfile(released.folder / STATEMENT, building / STATEMENT)
        if folder.exists():
            shutil.rmtree(folder)
        building.replace(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return card


def convert(part: Part, wish: Wish, building: Path) -> tuple[str, list[str]]:
    """Write weights, tokenizer, settings and programs; return the class of transformers, and the model's inputs."""
    kind, precision = part.kind, str(wish.precision)
    about: dict[str, Any] = {"longest": part.longest}
    if wish.to is Format.CTRANSLATE2:
        auto, inputs = "AutoModelForCausalLM", ["input_ids", "attention_mask"]
        precision = write_ctranslate2(part.folder, wish.precision, building)
    else:
        auto = "AutoModel" if not isinstance(kind, Labelling) else (
            "AutoModelForTokenClassification" if kind.by_word else "AutoModelForSequenceClassification")
        quiet()
        model = getattr(transformers, auto).from_pretrained(part.folder, local_files_only=True, trust_remote_code=False)
        inputs = inputs_of(model.config)
        write_onnx(model.eval(), auto == "AutoModel", wish.precision, building)
        about |= {"prefix": _prefix(part),
                  "labels": kind.labels if kind is not None else [],
                  "words": isinstance(kind, TokenClassification),
                  "entities": isinstance(kind, TokenClassification) and kind.marks_entities,
                  "several": kind is not None and kind.task.multi_label}
    write_atomically(building / ABOUT, json.dumps({**about, "precision": precision}, ensure_ascii=False) + "\n")
    shutil.copyfile(part.folder / TOKENIZER, building / TOKENIZER)
    shutil.copyfile(STANDALONE / _SOURCES[wish.to], building / "model.py")
    shutil.copyfile(STANDALONE / "serve.py", building / "serve.py")
    return auto, inputs


def measured(part: Part, wish: Wish, building: Path, asked: tuple[str, list[str]], runtime: str) -> Measured:
    """Answer the items of ``part``: ``exported`` by the folder ``building``, ``torch`` by the release.

    ``asked``: what ``convert`` returned.
    """
    items: list[dict[str, Any]] = [{"text": item.text, **({"second": item.second} if item.second else {})}
                                   for item in part.items]
    if isinstance(part.kind, SentenceRetrieval):
        items = [{"text": text} for side in ("text", "second") for text in (getattr(item, side) for item in part.items)]
    elif isinstance(part.kind, TokenClassification):
        items = [{"text": item.text, "spans": spans_of(item)} for item in part.items]
    auto, inputs = asked
    folder = building if runtime == "exported" else part.folder
    return measure({"runtime": runtime, "folder": str(folder.resolve()), "auto": auto, "inputs": inputs, "items": items,
                    "call": "answer" if part.kind is not None else "likeliest", "threads": wish.threads,
                    "longest": part.longest, "prefix": _prefix(part)})


def agreement_of(part: Part, wish: Wish, ours: Measured, theirs: Measured) -> Agreement:
    """Return how the answers of the exported folder differ from the release's."""
    if part.kind is not None:
        return compare(part, ours.answers, wish.precision)
    tokenizer = transformers.AutoTokenizer.from_pretrained(part.folder, local_files_only=True)
    texts = [tokenizer.backend_tokenizer.encode(item.text).ids[:part.longest][1:] for item in part.items]
    return compare_language_models(texts, ours.answers, theirs.answers, wish.precision)


def _prefix(part: Part) -> str:
    return part.kind.task.prefix if isinstance(part.kind, SentenceRetrieval) else ""
