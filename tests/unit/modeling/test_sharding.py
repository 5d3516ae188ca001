"""Two processes with a part of every layer each train as one does, and one continues from their checkpoint."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
import torch

from tests.unit.modeling.tiny_lora import wrapped
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.checkpoint import restore_weights
from vernacular.modeling.sharding import is_sharded, local, shard, total_norm, whole
from vernacular.modeling.training_loop import train

SCRIPT = """
import sys
from pathlib import Path
import torch
from tests.unit.modeling.tiny_lora import interrupted, wrapped
from vernacular.modeling import training_loop
from vernacular.modeling.distributed import start
from vernacular.modeling.objectives import check_reading
from vernacular.modeling.sharding import is_sharded, local, shard
training_loop.autocast = lambda device: torch.autocast("cpu", enabled=False)
folder, device = Path(sys.argv[1]), start()
model, plan, _ = wrapped(folder, "causal", "bfloat16", checkpoint_minutes=1e-9, recompute=True)
before = sum(one.numel() for one in model.base_model.layers.parameters())
training_loop.recompute_states(model)
shard(model, device)
assert is_sharded(model)
assert sum(local(one).numel() for one in model.base_model.layers.parameters()) <= 0.55 * before
check_reading(model, training_loop.batch_of(0, plan))
assert all(one.grad is None for one in model.parameters())
interrupted(model, plan, folder / "c.pt")
print("stopped")
"""


def test_two_processes_train_as_one_does_which_continues(tmp_path, monkeypatch):
    monkeypatch.setattr("vernacular.modeling.training_loop.autocast",
                        lambda device: torch.autocast("cpu", enabled=False))
    model, plan, _ = wrapped(tmp_path, "causal", "bfloat16")
    expected = train(model, plan, tmp_path / "whole.pt", lambda line: None).losses
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ran = [subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env={
                                **os.environ, "RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
                                "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}) for rank in ("0", "1")]
    outputs = [process.communicate(timeout=300)[0] for process in ran]
    assert all("stopped" in one for one in outputs), outputs
    model, plan, _ = wrapped(tmp_path, "causal", "bfloat16")
    lines = []
    found = train(model, plan, tmp_path / "c.pt", lines.append).losses
    assert "resumed at step 7" in lines[0]
    assert found == pytest.approx(expected, rel=1e-3)


def test_without_other_processes_nothing_is_distributed(tmp_path):
    model, _, _ = wrapped(tmp_path, "causal")
    weight = model.get_input_embeddings().weight
    assert not is_sharded(model) and local(weight) is weight and whole(weight) is weight
    assert float(total_norm([torch.tensor([3.0]), torch.tensor([4.0])])) == 5


def test_a_checkpoint_of_another_model_and_layers_that_are_not_found_are_refused(tmp_path):
    model, _, _ = wrapped(tmp_path, "causal")
    with pytest.raises(Problem) as found:
        restore_weights(model, {"unknown": torch.zeros(1)})
    assert found.value.code == Code.RESULT_UNREADABLE
    model.config.num_hidden_layers = 99
    with pytest.raises(Problem) as found:
        shard(model, torch.device("cpu"))
    assert found.value.code == Code.MODEL_KIND
