"""Two processes share values and add up gradients; when one dies, the other reports it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import torch

from vernacular.modeling.distributed import share, start, sum_up, together

SCRIPT = """
import torch
from vernacular.core.errors import Problem
from vernacular.modeling.distributed import share, start, sum_up, together
start()
number, count = together()
tensors = [torch.full((3,), 1.0 + number), torch.full((2, 2), 10.0 * number)]
sum_up(tensors)
assert count == 2 and tensors[0].tolist() == [3.0] * 3 and tensors[1].flatten().tolist() == [10.0] * 4, tensors
assert float(share(torch.tensor(5.0 + number))) == 5.0
if number == 0:
    try:
        sum_up([torch.zeros(1)])
    except Problem as problem:
        print(problem)
"""


def test_alone_nothing_is_exchanged():
    tensor = torch.ones(2)
    sum_up([tensor])
    assert together() == (0, 1) and torch.equal(share(tensor), torch.ones(2))


def test_each_process_works_on_its_own_card(monkeypatch):
    """Otherwise its events would be of the first card, and a loss would be read before it is there."""
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert start() == torch.device("cuda", 1)
    assert chosen == [torch.device("cuda", 1)]


def test_two_processes_add_up_and_a_death_is_reported():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ran = []
    for rank in ("0", "1"):
        environment = {**os.environ, "RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
                       "OMP_NUM_THREADS": "1"}
        ran.append(subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    messages = [process.communicate(timeout=300) for process in ran]
    assert ran[1].returncode == 0, messages[1][1]
    assert "another process of this training has ended" in messages[0][0], messages[0]
