"""Releases with one task of each shape, whose trained weights are random, and what they were scored with."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.tiny import write_bert, write_llama
from tests.unit.tasks.made import kind_of, names_kind, tagged, task_of, topics
from vernacular.config.training import Lora
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.release.export import copy_model, export_task, is_whole_model
from vernacular.release.load_check import Asked
from vernacular.tasks.adapter_model import load, save, trainable
from vernacular.tasks.base import Kind
from vernacular.text.words import word_spans

TEXTS = ["the red fox jumps over the river", "a lazy dog, it's said, looks at the market in 1999", "crow", "naïve ŵa",
         "the quick horse " * 12]
LONGEST = 32


def kind_of_shape(shape: str) -> Kind:
    """A kind of each shape that a task may have."""
    if shape == "entities":
        return kind_of(task_of("token_classification"), tagged("Ada/B-PER Banda/I-PER ku/O Lilongwe/B-LOC City/I-LOC"))
    if shape == "tags":
        return kind_of(task_of("token_classification", tags="plain"), tagged("a/X b/Y c/Z"))
    if shape == "pairs":
        task = task_of("sentence_pairs")
        return type(kind_of(task, []))(task, ["no", "yes"])
    if shape == "search":
        return kind_of(task_of("sentence_retrieval", prefix="a crow "), [])
    if shape in ("question_answering", "generation"):
        prompt = {"prompt": {"format": "{source}:{target}", "longest_answer": 8}} if shape == "generation" else {}
        return kind_of(task_of(shape, **prompt), [])
    return names_kind() if shape == "names" else topics("a", "b", "c", multi_label=shape == "many")


def items_of_shape(shape: str) -> list[Item]:
    if shape in ("entities", "tags", "names"):
        items = [Item(text, tuple(number % 2 for number, _ in enumerate(word_spans(text)))) for text in TEXTS]
        given = Item("red fox , it's again", (1, 1, 0, 0, 1), spans=((0, 3), (4, 7), (8, 9), (10, 14), (15, 20)))
        return [*items[:4], given]  # the last text is longer than what is read
    if shape == "question_answering":
        return [Item(text, spans=((4, 7),), second=f"a {text[4:9]} looks") for text in (*TEXTS[:2], "every lazy crow")]
    if shape in ("pairs", "search", "generation"):
        return [Item(text, (number % 2,), second=f"a {text[4:9]} flies {number}") for number, text in enumerate(TEXTS)]
    return [Item(text, (number % 3,)) for number, text in enumerate(TEXTS)]


def write_release(folder: Path, shape: str, objective: str = "masked", method: str = "lora") -> Asked:
    """A release in ``folder`` with one task whose trained weights are random, and what it was scored with."""
    _ = write_bert(folder / "made", head=True) if objective == "masked" else write_llama(folder / "made")
    copy_model(folder / "made", folder / "out")
    kind, tokenizer = kind_of_shape(shape), load_tokenizer(folder / "made")
    model = load_model(folder / "made", objective)
    network = trainable(kind.bare(model, tokenizer.pad_token_id), Lora(rank=2, alpha=4, method=method), 1).eval()
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:  # LoRA starts at no change; this is some
                parameter.add_(torch.randn_like(parameter) / 4)
    save(network, folder / "trained")
    again = load(kind.bare(load_model(folder / "made", objective), tokenizer.pad_token_id), folder / "trained")
    items = items_of_shape(shape)
    scored = kind.predict(again, tokenizer, items, LONGEST)
    place = f"{'tasks' if is_whole_model(kind) else 'adapters'}/{shape}"
    export_task(kind, folder / "trained", folder / "out", objective, LONGEST, {"task": shape}, folder / "out" / place)
    return Asked(shape, place, kind, items, scored, LONGEST, 1, kind.score(items, scored))
