"""Conversations: how data sets write them, the loss on answers, and a training on top of the model that answers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_instruct, write_llama
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Row
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.chat import with_answers
from vernacular.modeling.variants import MODEL_FOLDER
from vernacular.pipeline.stage import StageContext
from vernacular.tasks import stage
from vernacular.tasks.chat.conversations import conversation, messages_of
from vernacular.tasks.chat.kind import Chat
from vernacular.tasks.stage_results import TaskResult
from vernacular.tasks.stages import stages

TASK: dict[str, Any] = {"kind": "chat", "data": {"kind": "files", "folder": "labelled", "train": "chats.jsonl"}}
TALK = [{"role": "user", "content": "the red dog:\nwhere?"}, {"role": "assistant", "content": "over the river"},
        {"role": "user", "content": "user: and?"}, {"role": "assistant", "content": "it flies"}]


def row(messages: Any) -> Row:
    return Row("chats.jsonl:1", {"messages": messages})


@pytest.mark.parametrize("written", [
    TALK, [*TALK, {"role": "user", "content": "no answer follows"}, {"role": "user", "content": "again"}],
    [{"from": "human" if turn["role"] == "user" else "gpt", "value": turn["content"]} for turn in TALK],
    {"role": [turn["role"] for turn in TALK], "content": [turn["content"] for turn in TALK]}])
def test_the_ways_to_write_a_conversation(written: Any) -> None:
    assert messages_of(row(written)) == TALK


@pytest.mark.parametrize("written", [
    "text", [], [{"role": "user", "content": "a"}], TALK[1:], [TALK[0], TALK[0], TALK[1]],
    [{"role": "tool", "content": "a"}, TALK[1]], [{"role": "user", "content": 3}, TALK[1]], [3],
    [{"role": "user", "content": " "}, TALK[1]], {"role": "user"}])
def test_what_is_no_conversation_is_refused(written: Any) -> None:
    with pytest.raises(Problem) as refused:
        messages_of(row(written))
    assert refused.value.code in (Code.DATA_FORMAT, Code.DATA_EMPTY) and "chats.jsonl:1" in str(refused.value)


def kind() -> Chat:
    return Chat(Task.model_validate(TASK), [])


def test_an_item_keeps_the_conversation() -> None:
    item = kind().item(row([{"role": "system", "content": "be kind"}, *TALK]))
    assert conversation(item, answer=True) == [{"role": "system", "content": "be kind"}, *TALK]
    assert item.second == "it flies" and "over the river" in item.text


def test_the_loss_is_that_of_answers_alone(tmp_path: Path) -> None:
    place = write_instruct(write_llama(tmp_path / "base", turns=True), tmp_path / "instruct")
    model, tokenizer, chat = load_model(place, "causal"), load_tokenizer(place), kind()
    items = [chat.item(row(TALK)), chat.item(row(TALK[:2]))]
    network = chat.bare(model, tokenizer.pad_token_id)
    loss = chat.loss(network, chat.encode(items, tokenizer, 500), items, tokenizer.pad_token_id)
    total = count = 0.0
    last = []
    for talk in (TALK, TALK[:2]):
        ids, own = with_answers(tokenizer, talk, "here")
        with torch.inference_mode():
            scores = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        costs = [-float(scores[at - 1, token]) for at, token in enumerate(ids) if own[at]]
        total, count = total + sum(costs), count + len(costs)
        begin = len(own) - own[::-1].index(False) if False in own else 0
        last.append(sum(-float(scores[at - 1, ids[at]]) for at in range(begin, len(ids))))
    assert loss is not None and float(loss) == pytest.approx(total / count, rel=1e-4)
    answers = chat.untrained("causal", model, tokenizer, [], items, 500, [1])["0_shot"][0]
    assert [answer["bits"] * math.log(2) for answer in answers] == pytest.approx(last, rel=2e-2)  # in half precision
    cut, whole = chat.encode(items, tokenizer, 5), chat.encode(items, tokenizer, 500)
    assert [one.tokens for one in cut] == [one.tokens[-5:] for one in whole]


def test_equal_answers_score_best() -> None:
    chat, items = kind(), [kind().item(row(TALK)), kind().item(row(TALK[:2]))]
    best = chat.scores(items, [{"text": item.second, "bits": 0.0} for item in items])
    worst = chat.scores(items, [{"text": "zzz"}] * 2)
    assert best == {"chrf": 100.0, "minus_bits_per_byte": 0.0, "exact": 1.0}
    assert worst["chrf"] < 5 and worst["exact"] == 0 and worst["minus_bits_per_byte"] == -8
    assert chat.floors(items, items, 1)["nearest"] == [{"text": item.second} for item in items]


def folder_of(tmp_path: Path, instruct: bool = True) -> Path:
    model = {**TINY_MODEL, "objective": "causal", "lora": {**TINY_MODEL["lora"], "looks": 0, "least_steps": 2},
             **({"instruct": {"model": {"path": "instruct", "licence": "CC0-1.0"}}} if instruct else {})}
    folder = write_language(tmp_path / "languages", documents=3, tasks={"talk": TASK}, models={"tiny": model})
    (folder / "labelled").mkdir()
    chats = [{"messages": [{"role": "user", "content": f"the {word} dog {number}"},
                           {"role": "assistant", "content": f"looks over {number} rivers {word}"}]}
             for number in range(20) for word in ("red", "green")]
    (folder / "labelled/chats.jsonl").write_text("".join(json.dumps(one) + "\n" for one in chats), encoding="utf-8")
    return folder


def test_a_training_starts_from_the_model_that_answers(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    base = write_llama(folder / "base", turns=True)
    write_instruct(base, folder / "instruct")
    artifact = tmp_path / "artifact"
    for seed, name in enumerate((MODEL_FOLDER, "control")):
        write_instruct(base, artifact / name, seed=10 + seed)
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir()
    language = load_language(folder)
    work = StageContext(language, {}, {"instruct/tiny": artifact}, {}, tmp_path / "out", tmp_path / "scratch", 1, print,
                        *[tmp_path] * 3)
    report = stage.run(work, "tiny", language.models["tiny"], "talk")
    result = report.read_result(TaskResult, "task/talk_tiny")
    assert result.metric == "chrf" and set(result.untrained) == {"0_shot"}
    assert len({result.scores[arm][0].more["minus_bits_per_byte"] for arm in ("base", "control", "adapted")}) == 3
    assert (tmp_path / "out/adapted/seed-1/adapter_config.json").is_file()


def test_only_models_that_answer_have_the_task(tmp_path: Path) -> None:
    language = load_language(folder_of(tmp_path))
    one, = stages(language, "tiny", language.models["tiny"])
    assert "instruct/tiny" in one.inputs
    silent: Language = language.model_copy(update={"models": {"tiny": language.models["tiny"].model_copy(
        update={"instruct": None})}})
    assert not silent.tasks_of("tiny")


def test_a_folder_without_an_instruct_model_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, instruct=False)
    with pytest.raises(Problem) as refused:
        load_language(folder)
    assert refused.value.code == Code.CONFIG_RULE
