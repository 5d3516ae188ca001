"""The loss on translations: what it does to held_out-out pairs, its batches, its parts, what is no negative."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import ENGLISH, write_bert
from tests.tiny_pictures import write_tower
from vernacular.alignment import objective
from vernacular.alignment.objective import LONGEST, TranslationLoss, embed, retrieval_rate
from vernacular.alignment.stage import fit_projection
from vernacular.config.training import Alignment
from vernacular.core.errors import Problem
from vernacular.datasets.aligned_pairs import Learned
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.picture_towers import load_tower_folder
from vernacular.modeling.state_distillation import Teacher

INVENTED = str.maketrans("aeiourstlngd", "oiuaeltsrgnk")  # a language that is English with other letters


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def model(folder: Path) -> Any:
    return load_model(folder, "masked")


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    return load_tokenizer(folder)


def loss_on(model: Any, tokenizer: Any, translations: list[str], **more: Any) -> TranslationLoss:
    pairs = [(text.translate(INVENTED), text) for text in translations]
    random.Random(1).shuffle(pairs)
    teacher = Teacher(model, tokenizer)
    targets, held_out = (teacher.embed([text for _, text in some], LONGEST) for some in (pairs[12:], pairs[:12]))
    side = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other", "files": "a.txt"}
    settings = Alignment.model_validate({"translations": [{
        "source": {**side, "name": "a"}, "translation": {**side, "name": "b"}}], "batch_size": 8, **more})
    return TranslationLoss(Learned(pairs[12:], targets, pairs[:12], held_out), tokenizer, settings, model, 1, "qaa")


def test_held_out_sentences_find_their_translations_after_training(model: Any, tokenizer: Any) -> None:
    loss = loss_on(model, tokenizer, ENGLISH)
    english = Teacher(model, tokenizer).embed(ENGLISH, LONGEST)
    before = loss.measure(model)
    optimizer = torch.optim.AdamW(model.base_model.parameters(), lr=3e-3)
    for step in range(60):
        torch.autograd.backward(loss(model, step))
        optimizer.step()
        optimizer.zero_grad()
    after = loss.measure(model)
    assert after[0] < 0.7 * before[0] and after[1] > before[1]
    drift = (embed(model, tokenizer, ENGLISH) - english).square().mean() / english.var(0).mean()
    assert float(drift) < 0.7  # a quarter of the translations is read too: the base's language stays


def test_the_parts_of_a_step_add_up_to_the_whole(model: Any, tokenizer: Any) -> None:
    loss = loss_on(model, tokenizer, ENGLISH)
    whole = float(loss(model, 3).detach())
    for parts in (2, 3, 8):
        summed = sum(float(loss(model, 3, part, parts).detach()) for part in range(parts))
        assert summed == pytest.approx(whole, rel=1e-4)
    heavier = loss_on(model, tokenizer, ENGLISH, weight=2.0)
    assert float(heavier(model, 3).detach()) == pytest.approx(2 * whole, rel=1e-4)
    assert float(loss(model, 3, 9, 10)) == 0  # more processes than pairs


def test_a_step_reads_the_same_pairs_after_a_restart(model: Any, tokenizer: Any) -> None:
    one, other = (loss_on(model, tokenizer, ENGLISH) for _ in range(2))
    steps = range(25)
    forward = [one.rows(step).tolist() for step in steps]
    assert [other.rows(step).tolist() for step in reversed(steps)] == forward[::-1]


def test_a_translation_that_another_pair_shares_is_no_negative(model: Any, tokenizer: Any) -> None:
    loss = loss_on(model, tokenizer, [*ENGLISH[:13], *ENGLISH[12:13] * 4, *ENGLISH[13:18]])
    texts = [translation for _, translation in loss._learned.pairs]
    rows = np.array([row for row, text in enumerate(texts) if texts.count(text) > 1])
    assert len(rows) > 1
    states = embed(model, tokenizer, [loss._learned.pairs[row][0] for row in rows])
    assert float(loss._contrast(states, np.arange(len(rows)), rows)) == pytest.approx(0, abs=1e-6)


def test_translations_that_are_all_the_same_are_refused(model: Any, tokenizer: Any) -> None:
    with pytest.raises(Problem, match=r"qaa.*VN-DATA-EMPTY"):
        loss_on(model, tokenizer, ["the red fox"] * 30)


def test_a_tie_is_not_found() -> None:
    states = torch.eye(3)
    assert retrieval_rate(states, torch.eye(3)) == 1
    assert retrieval_rate(states, torch.ones(3, 3)) == 0


@given(st.lists(st.integers(0, 300), min_size=1, max_size=100), st.integers(1, 40))
def test_each_pair_is_in_a_pass_once_at_most_among_others_of_its_length(lengths: list[int], size: int) -> None:
    size = min(size, len(lengths))
    batches = objective._batches(lengths, size, (1, 0))
    drawn = np.concatenate(batches).tolist()
    assert len(batches) == len(lengths) // size and len(set(drawn)) == len(drawn) == len(batches) * size
    reach = sorted((min(lengths[row] // objective._SIMILAR for row in batch),
                    max(lengths[row] // objective._SIMILAR for row in batch)) for batch in batches)
    assert all(high <= low for (_, high), (low, _) in pairwise(reach))


def test_another_teacher_is_reached_through_a_fixed_projection(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    tower = load_tower_folder(write_tower(tmp_path / "tower"))
    plain = loss_on(model, tokenizer, ENGLISH)
    texts = [translation for _, translation in plain._learned.pairs]
    held_out = [translation for _, translation in plain._learned.held_out]
    projection = fit_projection(Teacher(model, tokenizer).embed(texts, LONGEST), tower.embed_texts(texts), texts)
    assert projection.weight.shape == (tower.width, 32)
    learned = Learned(plain._learned.pairs, tower.embed_texts(texts), plain._learned.held_out,
                      tower.embed_texts(held_out), projection)
    learned.write(tmp_path)
    read = Learned.read(tmp_path)
    assert read.projection is not None and torch.equal(read.projection.weight, projection.weight)
    loss = TranslationLoss(read, tokenizer, plain._settings, model, 1, "qaa")
    before, weight = loss.measure(model), projection.weight.clone()
    optimizer = torch.optim.AdamW(model.base_model.parameters(), lr=3e-3)
    for step in range(40):
        torch.autograd.backward(loss(model, step))
        optimizer.step()
        optimizer.zero_grad()
    assert loss.measure(model)[0] < before[0] / 1.5
    assert torch.equal(read.projection.weight, weight) and read.projection.weight.grad is None
