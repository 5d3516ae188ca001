"""The loop learns, repeats itself bit by bit, resumes to the same result, and keeps the old rows while they wait."""

from __future__ import annotations

import pytest
import torch

from tests.generate import make_documents
from tests.tiny import write_bert, write_llama
from vernacular.config.schema import Pretraining
from vernacular.errors import Problem
from vernacular.models import load_model, load_tokenizer
from vernacular.pretraining.budget import steps_within
from vernacular.pretraining.loop import Plan, batch_rows, rates, save_checkpoint, take_step, train
from vernacular.pretraining.objectives import objective_for
from vernacular.pretraining.packing import pack

TEXTS = [text for texts in make_documents(30).values() for text in texts]


def setting(folder, kind="masked", **changes):
    """A tiny model and a plan for it."""
    if not (folder / "config.json").exists():  # the tokenizers library orders equal pieces by chance
        (write_bert if kind == "masked" else write_llama)(folder)
    model, tokenizer = load_model(folder, kind), load_tokenizer(folder)
    settings = Pretraining(**{"steps": 12, "sequence_length": 32, "batch_size": 4, "head_first": 0.25, **changes})
    plan = Plan(pack(TEXTS, tokenizer, 32), objective_for(kind, tokenizer, 0.15), settings, settings.steps,
                model.get_input_embeddings().weight.shape[0], 1, lambda model: 0.0)
    return model, plan


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left, right):
    return all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_the_loss_falls(kind, tmp_path):
    model, plan = setting(tmp_path, kind, steps=60, learning_rate=5e-3)
    done = train(model, plan, tmp_path / "checkpoint.pt", lambda line: None)
    assert sum(done.losses[-10:]) < 0.9 * sum(done.losses[:10])


def test_two_runs_are_one(tmp_path):
    results = []
    for _ in range(2):
        model, plan = setting(tmp_path)
        done = train(model, plan, tmp_path / "none.pt", lambda line: None)
        results.append((weights(model), done.losses))
    assert results[0][1] == results[1][1]
    assert same(results[0][0], results[1][0])


class Killed(BaseException):
    """Stands for the signal: nothing in the loop may catch it."""


def test_a_resumed_run_ends_as_the_uninterrupted_one(tmp_path):
    model, plan = setting(tmp_path, checkpoint_minutes=1e-9)  # a checkpoint after every step
    whole = train(model, plan, tmp_path / "whole.pt", lambda line: None)
    wanted = weights(model)
    for stop in (1, 5, 11):
        model, plan = setting(tmp_path, checkpoint_minutes=1e-9)
        calls = iter(range(100))
        original = plan.objective.loss

        def loss(*args, calls=calls, original=original, stop=stop):
            if next(calls) == stop:
                raise Killed
            return original(*args)

        plan.objective.loss = loss
        with pytest.raises(Killed):
            train(model, plan, tmp_path / f"stop{stop}.pt", lambda line: None)
        model, plan = setting(tmp_path)
        done = train(model, plan, tmp_path / f"stop{stop}.pt", lambda line: None)
        assert done.losses == whole.losses
        assert same(weights(model), wanted)


def test_a_half_written_checkpoint_is_not_read(tmp_path):
    model, plan = setting(tmp_path)
    (tmp_path / "checkpoint.part").write_bytes(b"half")
    assert train(model, plan, tmp_path / "checkpoint.pt", lambda line: None).step == plan.steps


def test_while_the_body_waits_only_head_and_new_rows_learn(tmp_path):
    from vernacular.pretraining.loop import Progressed, optimizer_for
    model, plan = setting(tmp_path, head_first=1.0)
    plan = Plan(plan.blocks, plan.objective, plan.settings, plan.steps, 100, 1, plan.evaluate)
    before = weights(model)
    optimizer = optimizer_for(model, plan.settings)
    for step in range(4):
        take_step(model, optimizer, plan, step)
    after = weights(model)
    embedding = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(after[embedding][:100], before[embedding][:100])
    assert not torch.equal(after[embedding][100:], before[embedding][100:])
    body = [name for name in before if name.startswith("bert.") and name != embedding]
    assert all(torch.equal(after[name], before[name]) for name in body)
    save_checkpoint(tmp_path / "c.pt", model, optimizer, Progressed())


def test_rates_rise_fall_and_wait(tmp_path):
    _, plan = setting(tmp_path, steps=100, head_first=0.2, warmup=0.1, learning_rate=1.0)
    head, body = zip(*(rates(step, plan) for step in range(100)), strict=True)
    assert max(head) == pytest.approx(1.0, abs=0.02)
    assert set(body[:20]) == {0.0}
    assert 0 < body[20] < body[29]
    assert head[-1] < 0.02


def test_each_epoch_holds_each_block_once(tmp_path):
    _, plan = setting(tmp_path)
    count = len(plan.blocks)
    drawn = [row for step in range(3 * count // plan.settings.batch_size) for row in batch_rows(step, plan)]
    for epoch in range(2):
        assert sorted(drawn[epoch * count:(epoch + 1) * count]) == list(range(count))


def test_a_loss_that_is_no_number_stops(tmp_path):
    model, plan = setting(tmp_path)
    with torch.no_grad():
        model.get_input_embeddings().weight[:] = float("nan")
    with pytest.raises(Problem, match="not a number"):
        train(model, plan, tmp_path / "c.pt", lambda line: None)


def test_steps_follow_the_budget():
    settings = Pretraining(minutes=1, sequence_length=100, batch_size=10, max_epochs=2)
    assert steps_within(settings, speed=1000, blocks=10_000) == 60
    assert steps_within(settings, speed=1000, blocks=100) == 20
    assert steps_within(Pretraining(steps=7), speed=0, blocks=1000) == 7
