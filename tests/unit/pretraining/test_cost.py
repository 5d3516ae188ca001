"""What a training is predicted to cost follows its shape and settings."""

from __future__ import annotations

import pytest

from tests.tiny import write_bert
from vernacular.config.training import Pretraining
from vernacular.modeling.base_models import load_model
from vernacular.pretraining.cost import measured, predict


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return load_model(write_bert(tmp_path_factory.mktemp("bert")), "masked")


def cost(network, steps=100, speed=1000.0, **settings):
    chosen = Pretraining(**{"steps": 100, "sequence_length": 64, "batch_size": 64, **settings})
    return predict(network, chosen, steps, speed, text=10_000, objective="masked")


def test_tokens_and_time_follow_the_steps(network):
    found = cost(network)
    assert found.tokens == 100 * 64 * 64
    assert found.minutes == pytest.approx(found.tokens / 1000 / 60)
    unknown = cost(network, steps=None, speed=None)
    assert unknown.tokens is None and unknown.minutes is None and unknown.memory_gib == found.memory_gib


def test_parts_recomputing_and_lora_take_less_memory(network):
    whole = cost(network).memory_gib
    assert all(cost(network, **less).memory_gib < whole
               for less in ({"accumulate": 4}, {"recompute": True}, {"method": "lora", "lora_rank": 4},
                            {"batch_size": 8}))


def test_a_base_whose_states_are_kept_is_in_memory_twice(network):
    more = cost(network).memory_gib - cost(network, keep_states=0).memory_gib
    assert more * 2**30 == pytest.approx(4 * sum(parameter.numel() for parameter in network.parameters()))


def test_translations_in_a_step_take_memory(network):
    chosen = Pretraining(steps=100, sequence_length=64, batch_size=64)
    less, more = (predict(network, chosen, 100, None, 0, "masked", pair_tokens=tokens) for tokens in (0, 64 * 64))
    assert more.memory_gib > less.memory_gib
    parts = chosen.model_copy(update={"accumulate": 4})
    assert predict(network, parts, 100, None, 0, "masked", pair_tokens=64 * 64).memory_gib < more.memory_gib


def test_what_it_did_cost_is_read_off_this_process():
    found = measured(6000, 2.0)
    assert found.tokens == 6000 and found.minutes == 2.0 and 0.1 < found.memory_gib < 100
