"""The stage on tiny models: what it writes, measures and refuses, and what an end-to-end reader gets of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.generate import TINY_MODEL, make_documents, write_language
from tests.tiny import write_instruct, write_llama
from tests.unit.instruct.adapted import write_adapted
from vernacular.config.load import load_language
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl
from vernacular.instruct import stage
from vernacular.instruct.gates import ENGLISH, GATES, SPECS, TEMPLATE
from vernacular.instruct.requests import HARMFUL, SIMPLE
from vernacular.instruct.stage_results import InstructResult
from vernacular.instruct.stages import stages
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.variants import ANSWERS, MODEL_FOLDER
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import write_rows
from vernacular.tasks.adapter_model import save, trainable
from vernacular.tasks.chat.kind import Chat
from vernacular.tasks.predictor import adapter_folder

CHATS = {"kind": "chat", "data": {"kind": "files", "train": "chats.jsonl"}}
ENGLISH_TEXT = {"name": "english", "kind": "files", "files": "english.txt", "licence": "CC0-1.0",
                "consent": "contributor", "register": "other"}


def work_of(tmp_path: Path, retention: bool = True, **instruct: Any) -> StageContext:
    """The stage's work on tiny models, with held-out text."""
    model = {**TINY_MODEL, "objective": "causal", "likelihood_items": 10,
             "instruct": {"model": {"path": "instruct", "licence": "CC0-1.0"}, **instruct},
             "retention": [ENGLISH_TEXT] if retention else []}
    folder = write_language(tmp_path / "languages", documents=3, tasks={}, models={"tiny": model})
    (folder / "english.txt").write_text("\n".join(
        f"the {word} dog jumps over the lazy market" for word in ("red", "green", "grey", "brown")), encoding="utf-8")
    write_llama(folder / "base", turns=True)
    write_adapted(folder / "base", tmp_path / "model/tiny" / MODEL_FOLDER)
    write_instruct(folder / "base", folder / "instruct")
    splits = tmp_path / "splits"
    splits.mkdir()
    texts = [text for some in make_documents(6).values() for text in some]
    for part, text in zip(("train", "dev", "test"), texts, strict=False):
        write_rows(splits / f"{part}.parquet", [{"text": text}])
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir()
    return StageContext(
        load_language(folder), {}, {"corpus/splits": splits, "model/tiny": tmp_path / "model/tiny"}, {},
        tmp_path / "out", tmp_path / "scratch", 1, print, tmp_path, tmp_path, tmp_path)


def test_it_writes_a_model_and_measures_each_scale(tmp_path: Path) -> None:
    work = work_of(tmp_path, scale=0.5, compare=[0.25])
    model = work.language.models["tiny"]
    report = stage.run(work, "tiny", model)
    result = report.read_result(InstructResult, "instruct/tiny")
    assert [one.scale for one in result.scales] == [0, 0.25, 0.5] and result.arm == "adapted"
    assert result.english_lines and result.before.english is not None and not result.same_as_base
    assert {gate.name for gate in report.gates} == {*GATES} == {spec.name for spec in SPECS}
    assert next(gate for gate in report.gates if gate.name == TEMPLATE).passed
    answers = [*read_jsonl(work.out / ANSWERS)]
    assert [row["request"] for row in answers] == [*(request for request, _ in SIMPLE), *HARMFUL]
    tokenizer = load_tokenizer(work.out / MODEL_FOLDER)
    assert tokenizer.chat_template and tokenizer.eos_token == "<|over|>"
    assert not any(path.is_dir() for path in work.scratch.iterdir())  # what was only compared is gone


def test_what_it_learned_from_conversations_is_measured_again(tmp_path: Path) -> None:
    work = work_of(tmp_path)
    model, task = work.language.models["tiny"], Task.model_validate(CHATS)
    language = work.language.model_copy(update={"tasks": {"talk": task}})
    artifact, place = tmp_path / "instruct/tiny", tmp_path / "task/talk_tiny"
    write_instruct(work.language.folder / "base", artifact / MODEL_FOLDER, seed=7)
    tokenizer = load_tokenizer(artifact / MODEL_FOLDER)
    network = trainable(Chat(task, []).bare(load_model(artifact / MODEL_FOLDER, "causal"), tokenizer.pad_token_id),
                        model.lora, 1)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    save(network, adapter_folder(place, "adapted", model.lora.seeds[0]))
    inputs = {**work.inputs, "instruct/tiny": artifact, "task/talk_tiny": place}
    report = stage.run_tuned(replace(work, language=language, inputs=inputs), "tiny", model, "talk")
    assert {gate.name for gate in report.gates} == {*GATES} and (work.out / ANSWERS).is_file()
    before, after = (load_model(folder / MODEL_FOLDER, "causal").state_dict() for folder in (artifact, work.out))
    assert before.keys() == after.keys()  # merged
    assert not torch.equal(before["model.layers.0.mlp.up_proj.weight"], after["model.layers.0.mlp.up_proj.weight"])
    assert load_tokenizer(work.out / MODEL_FOLDER).chat_template
    assert [one.name for one in stages(language, "tiny", model)] == ["instruct/tiny", "chat/talk_tiny"]


def test_without_english_text_the_gate_is_red(tmp_path: Path) -> None:
    work = work_of(tmp_path, retention=False)
    report = stage.run(work, "tiny", work.language.models["tiny"])
    assert not next(gate for gate in report.gates if gate.name == ENGLISH).passed
    assert report.read_result(InstructResult, "instruct/tiny").after.english is None


def test_a_model_of_another_size_is_refused(tmp_path: Path) -> None:
    work = work_of(tmp_path)
    write_llama(work.language.folder / "instruct", seed=3)
    with pytest.raises(Problem) as refused:
        stage.run(work, "tiny", work.language.models["tiny"])
    assert refused.value.code == Code.MODEL_SIBLING


def test_the_key_depends_on_the_instruct_model_and_the_scale(tmp_path: Path) -> None:
    work = work_of(tmp_path)
    one, = stages(work.language, "tiny", work.language.models["tiny"])
    before = one.outside(work.language, tmp_path), one.settings_data(work.language)
    (work.language.folder / "instruct" / "generation_config.json").write_text("{}", encoding="utf-8")
    assert one.outside(work.language, tmp_path) != before[0]
    assert not stages(work.language, "tiny", work.language.models["tiny"].model_copy(update={"instruct": None}))
