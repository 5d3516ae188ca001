"""The loop learns, repeats itself bit by bit, resumes to the same result, and keeps the old rows while they wait."""

from __future__ import annotations

import math
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CTRLConfig, CTRLLMHeadModel

from tests.unit.modeling.tiny_training import same, setting, weights
from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling import fused_loss, lora, resumable_training
from vernacular.modeling.checkpoint import Progressed, load_checkpoint, save_checkpoint
from vernacular.modeling.device import autocast
from vernacular.modeling.objectives import check_reading, read
from vernacular.modeling.optimizer import optimizer_for
from vernacular.modeling.packed_attention import Packing
from vernacular.modeling.schedules import rates
from vernacular.modeling.training_loop import batch_of, compile_body, recompute_states, start_step, take_step, train
from vernacular.pretraining import budget
from vernacular.pretraining.budget import known_speed, measure_speed, steps_within


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_the_loss_falls(kind, tmp_path):
    model, plan = setting(tmp_path, kind, steps=60, learning_rate=5e-3)
    done = train(model, plan, tmp_path / "checkpoint.pt", lambda line: None)
    assert sum(done.losses[-10:]) < 0.9 * sum(done.losses[:10])


@pytest.mark.parametrize("way", Packing)
def test_a_body_that_reads_pieces_alone_is_not_compiled_for_each_shape(way, tmp_path, monkeypatch):
    model, _ = setting(tmp_path)
    model.packing, compiled = way, []
    monkeypatch.setattr("vernacular.modeling.training_loop.device_of", lambda _: torch.device("cuda"))
    monkeypatch.setattr(model.base_model, "compile", lambda **how: compiled.append(how))
    compile_body(model, 10_000)
    assert len(compiled) == (way in (Packing.VARLEN, Packing.MASK, Packing.LAYERS))


def test_a_frozen_body_with_low_rank_changes_is_compiled_as_one_graph(tmp_path):
    model, plan = setting(tmp_path, "causal", "bfloat16")
    lora.wrap(model, [7, 8], 4)
    batch = batch_of(0, plan)
    with autocast(torch.device("cpu")):
        wanted = read(model, batch)
        model.base_model.compile(dynamic=False, backend="eager", fullgraph=True)
        assert torch.equal(read(model, batch), wanted)


def test_a_trained_body_is_not_compiled_for_what_reads_it_next(tmp_path, monkeypatch):
    model, plan = setting(tmp_path, steps=2)
    plan, read = replace(plan, steps=2), []
    monkeypatch.setattr(fused_loss, "_compiled_slope", lambda: fused_loss._replace_by_slope)
    model.base_model._compiled_call_impl = lambda *inputs, **how: read.append(1) or model.base_model._call_impl(
        *inputs, **how)
    train(model, plan, tmp_path / "c.pt", lambda line: None)
    trained = len(read)
    assert trained
    with torch.no_grad():
        model(input_ids=torch.tensor([[5, 6]]))
    assert len(read) == trained


def test_a_family_without_gradient_checkpointing_is_refused_and_another_error_is_not_hidden(
        monkeypatch: pytest.MonkeyPatch) -> None:
    model = CTRLLMHeadModel(CTRLConfig(vocab_size=20, n_embd=8, n_layer=1, n_head=2, dff=8))
    with pytest.raises(Problem) as refused:
        recompute_states(model)
    assert refused.value.code == Code.MODEL_KIND
    monkeypatch.setattr(type(model), "supports_gradient_checkpointing", True)
    monkeypatch.setattr(type(model), "_set_gradient_checkpointing", None)  # a fault of the family's code
    with pytest.raises(TypeError):
        recompute_states(model)


def test_two_runs_are_one(tmp_path):
    results = []
    for _ in range(2):
        model, plan = setting(tmp_path)
        done = train(model, plan, tmp_path / "none.pt", lambda line: None)
        results.append((weights(model), done.losses))
    assert results[0][1] == results[1][1]
    assert same(results[0][0], results[1][0])


class Killed(BaseException):
    """Simulates the signal: nothing in the loop may catch it."""


def test_a_resumed_run_ends_as_the_uninterrupted_one(tmp_path):
    model, plan = setting(tmp_path, checkpoint_minutes=1e-9)  # a checkpoint after every step
    whole = train(model, plan, tmp_path / "whole.pt", lambda line: None)
    wanted = weights(model)
    for stop in (1, 5, 11):
        model, plan = setting(tmp_path, checkpoint_minutes=1e-9)
        calls = iter(range(100))
        original = plan.objective.batch

        def loss(*args, calls=calls, original=original, stop=stop):
            if next(calls) == stop:
                raise Killed
            return original(*args)

        plan.objective.batch = loss
        with pytest.raises(Killed):
            train(model, plan, tmp_path / f"stop{stop}.pt", lambda line: None)
        model, plan = setting(tmp_path)
        done = train(model, plan, tmp_path / f"stop{stop}.pt", lambda line: None)
        assert done.losses == whole.losses
        assert same(weights(model), wanted)


def test_speed_is_measured_without_a_trace_in_the_model(tmp_path):
    model, plan = setting(tmp_path)
    model.eval()
    before, learns = weights(model), [parameter.requires_grad for parameter in model.parameters()]
    speed = measure_speed(tmp_path, "key", model, plan)
    assert speed > 0 and known_speed(tmp_path, "key") == speed
    assert same(weights(model), before) and not model.training
    assert [parameter.requires_grad for parameter in model.parameters()] == learns
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_half_written_checkpoint_is_not_read(tmp_path):
    model, plan = setting(tmp_path)
    (tmp_path / "checkpoint.part").write_bytes(b"half")
    assert train(model, plan, tmp_path / "checkpoint.pt", lambda line: None).step == plan.steps


def test_while_the_body_waits_only_head_and_new_rows_learn(tmp_path):
    model, plan = setting(tmp_path, head_first=1.0)
    new, old = [7, *range(100, len(model.get_input_embeddings().weight))], [*range(7), *range(8, 100)]
    plan = replace(plan, new_rows=np.array(new))  # a spare row of the base may be new, too
    before = weights(model)
    optimizer = optimizer_for(model, plan.settings)
    for step in range(4):
        take_step(model, optimizer, plan, step)
    after = weights(model)
    embedding = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(after[embedding][old], before[embedding][old])
    assert not torch.equal(after[embedding][7], before[embedding][7])
    assert not torch.equal(after[embedding][100:], before[embedding][100:])
    body = [name for name in before if name.startswith("bert.") and name != embedding]
    assert all(torch.equal(after[name], before[name]) for name in body)
    save_checkpoint(tmp_path / "c.pt", model, optimizer, Progressed())


def test_rates_rise_fall_and_wait():
    head, body = zip(*(rates(step, 100, 1.0, 0.1, 0.2) for step in range(100)), strict=True)
    assert max(head) == pytest.approx(1.0, abs=0.02)
    assert set(body[:20]) == {0.0}
    assert 0 < body[20] < body[29]
    assert head[-1] < 0.02


def test_a_loss_that_is_no_number_stops(tmp_path):
    model, plan = setting(tmp_path)
    with torch.no_grad():
        model.get_input_embeddings().weight[:] = float("nan")
    with pytest.raises(Problem, match="VN-TRAINING-DIVERGED"):
        train(model, plan, tmp_path / "c.pt", lambda line: None)


def test_a_step_whose_loss_is_no_number_changes_nothing(tmp_path):
    """A GPU is far ahead when the loss is read."""
    model, plan = setting(tmp_path, head_first=0)
    optimizer = optimizer_for(model, plan.settings)
    take_step(model, optimizer, plan, 0)
    bias = model.get_output_embeddings().bias
    with torch.no_grad():
        bias[5] = float("nan")
    before, counts = weights(model), [state["step"].item() for state in optimizer.state.values()]
    pending = start_step(model, optimizer, plan, 1)
    assert all(torch.equal(left.nan_to_num(), right.nan_to_num()) for left, right in zip(
        weights(model).values(), before.values(), strict=True))
    assert [state["step"].item() for state in optimizer.state.values()] == counts
    with pytest.raises(Problem, match="VN-TRAINING-DIVERGED"):
        pending.read()


def test_steps_follow_the_budget():
    settings = Pretraining(minutes=1, sequence_length=100, batch_size=10, max_epochs=2)
    assert steps_within(settings, speed=1000, most=20_000) == 60
    assert steps_within(settings, speed=1000, most=200) == 20
    assert steps_within(Pretraining(steps=7), speed=0, most=20_000) == 7


def plain_training(model, plan):
    """The same training written as a textbook has it: whole logits, one dense gradient, one clip, AdamW in a loop."""
    settings, embedding = plan.settings, model.get_input_embeddings().weight
    body = {id(parameter) for parameter in model.base_model.parameters()} - {id(embedding)}
    state = {id(p): (torch.zeros_like(p), torch.zeros_like(p), [0]) for p in model.parameters()}
    losses = []
    for step in range(plan.steps):
        head, slow = rates(step, plan.steps, settings.learning_rate, settings.warmup, settings.head_first)
        rows = plan.order[step * settings.batch_size:(step + 1) * settings.batch_size]
        batch = plan.objective.batch(plan.blocks, rows, (plan.seed, 1, step))
        same = torch.from_numpy(batch.pieces)[:, None, :, None] == torch.from_numpy(batch.pieces)[:, None, None, :]
        mask = torch.zeros(same.shape).masked_fill(~(same.tril() if batch.causal else same), -1e30)
        logits = model(input_ids=torch.from_numpy(batch.inputs).long(), attention_mask=mask,
                       position_ids=torch.from_numpy(batch.positions).long()).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch.targets).flatten())
        model.zero_grad()
        loss.backward()
        used = [p for p in model.parameters() if slow or id(p) not in body]
        if not slow:
            embedding.grad[:plan.new_rows[0]] = 0
        length = torch.sqrt(sum((p.grad ** 2).sum() for p in used))
        with torch.no_grad():
            for p in used:
                first, second, count = state[id(p)]
                rate = torch.full((len(p), *[1] * (p.ndim - 1)), slow if id(p) in body else head, dtype=p.dtype)
                if p is embedding or p is model.get_output_embeddings().bias:
                    rate[plan.new_rows] *= plan.further
                decay = settings.weight_decay if p.ndim > 1 and p is not embedding else 0.0
                grad = p.grad / max(1.0, float(length.float()))  # AdamW takes the clip as a float
                count[0] += 1
                first.lerp_(grad, 0.1)
                second.mul_(0.98).addcmul_(grad, grad, value=0.02)
                p.mul_(1 - rate * decay)
                p.sub_(rate * (first / (1 - 0.9 ** count[0])) / ((second / (1 - 0.98 ** count[0])).sqrt() + 1e-6))
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_every_trick_leaves_the_loss_curve_of_a_plain_training(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("vernacular.modeling.device.has_bf16", lambda: False)
    model, plan = setting(tmp_path, kind, steps=30, learning_rate=3e-3)
    rows = len(model.get_input_embeddings().weight)
    plan = replace(plan, new_rows=np.arange(rows - 20, rows), further=10.0)
    # In double precision, so that nothing but the reported loss is rounded.
    ours = train(model.double(), plan, tmp_path / "c.pt", lambda line: None).losses
    model, _ = setting(tmp_path, kind)
    assert ours == pytest.approx(plain_training(model.double().train(), plan), rel=1e-6)
    assert ours[-1] < ours[0]


def test_parts_of_a_step_add_up_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr("vernacular.modeling.device.has_bf16", lambda: False)
    curves = []
    for accumulate, recompute in ((1, False), (3, False), (2, True)):
        model, plan = setting(tmp_path, steps=20, accumulate=accumulate, learning_rate=3e-3)
        if recompute:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        curves.append(train(model, plan, tmp_path / f"{accumulate}.pt", lambda line: None).losses)
    for curve in curves[1:]:
        assert curve == pytest.approx(curves[0], rel=1e-4)


def test_training_ends_when_held_out_text_is_predicted_no_better_and_the_best_weights_stay(tmp_path):
    values = [3.0, 2.0, 1.0, 1.5, 1.2, 0.1]
    seen = {}

    def evaluate(model):
        seen[len(seen)] = weights(model)
        return values[len(seen) - 1]

    model, plan = setting(tmp_path, steps=10, patience=2)
    done = train(model, replace(plan, evaluate=evaluate, evaluations=5), tmp_path / "c.pt", lambda line: None)
    assert done.stopped and done.step == 8
    assert done.best == (4, 1.0)
    assert same(weights(model), seen[2]) and not same(seen[2], seen[4])
    model, plan = setting(tmp_path, steps=10, patience=0)
    seen.clear()
    done = train(model, replace(plan, evaluate=evaluate, evaluations=5), tmp_path / "d.pt", lambda line: None)
    assert not done.stopped and done.step == 10
    assert same(weights(model), seen[5])


def test_time_that_is_over_ends_it_with_a_checkpoint_to_go_on_from(tmp_path):
    model, plan = setting(tmp_path)
    whole = train(model, plan, tmp_path / "whole.pt", lambda line: None)
    wanted, ends = weights(model), 0
    for _ in range(plan.steps + 1):
        model, plan = setting(tmp_path, stop_after_minutes=1e-9)
        try:
            done = train(model, plan, tmp_path / "c.pt", lambda line: None)
            break
        except Problem as problem:
            assert problem.code == Code.STAGE_STOPPED
            ends += 1
    assert ends == plan.steps - 1
    assert done.losses == whole.losses and same(weights(model), wanted)


def test_a_signal_waits_for_the_step_and_leaves_a_checkpoint(tmp_path):
    model, plan = setting(tmp_path)
    whole = train(model, plan, tmp_path / "whole.pt", lambda line: None)
    wanted = weights(model)
    for number in (signal.SIGTERM, signal.SIGINT):
        model, plan = setting(tmp_path)
        original = plan.objective.batch

        def batch(*args, original=original, number=number):
            if args[-1][-1] == 5:
                signal.raise_signal(number)
            return original(*args)

        plan.objective.batch = batch
        with pytest.raises(KeyboardInterrupt):
            train(model, plan, tmp_path / f"{number}.pt", lambda line: None)
        model, plan = setting(tmp_path)
        messages = []
        done = train(model, plan, tmp_path / f"{number}.pt", messages.append)
        assert "resumed at step 6" in messages[0]
        assert done.losses == whole.losses and same(weights(model), wanted)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_reported_and_the_old_checkpoint_stays(tmp_path):
    model, plan = setting(tmp_path)
    path = tmp_path / "c.pt"
    optimizer = optimizer_for(model, plan.settings)
    save_checkpoint(path, model, optimizer, Progressed(step=3))
    (tmp_path / "c.part").symlink_to("/dev/full")
    with pytest.raises(Problem, match="VN-DISK-FULL"):
        save_checkpoint(path, model, optimizer, Progressed(step=4))
    assert load_checkpoint(path, model, optimizer).step == 3
    assert not (tmp_path / "c.part").is_symlink()


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_logits_that_are_capped_after_the_decoder_are_trained_as_they_are(kind, tmp_path):
    model, plan = setting(tmp_path, kind)
    model.register_forward_hook(lambda module, inputs, out: out.__class__(logits=(out.logits * 16).tanh()))
    check_reading(model, batch_of(0, plan))
    assert not model.plain_decoder
    first = take_step(model, optimizer_for(model, plan.settings), plan, 0)
    assert abs(first - math.log(len(model.get_output_embeddings().weight))) < 1  # between -1 and 1, so nearly uniform


def test_a_speed_measured_under_load_is_measured_again_later(tmp_path, monkeypatch):
    model, plan = setting(tmp_path)
    monkeypatch.setattr(resumable_training, "_MOST_OTHERS", -1)  # as if other processes kept the processor busy
    speed = measure_speed(tmp_path, "key", model, plan)
    assert known_speed(tmp_path, "key") == speed  # the second arm takes as many steps
    path = tmp_path / "speed-key.json"
    old = path.stat().st_mtime - budget._LOADED_SECONDS - 1
    os.utime(path, (old, old))
    assert known_speed(tmp_path, "key") is None
    monkeypatch.setattr(resumable_training, "_MOST_OTHERS", 1000)
    speed = measure_speed(tmp_path, "key", model, plan)
    os.utime(path, (old, old))
    assert known_speed(tmp_path, "key") == speed
