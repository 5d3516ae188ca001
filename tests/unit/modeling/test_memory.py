"""The memory of a training, from the shape of a model."""

from __future__ import annotations

from functools import partial

import pytest
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from vernacular.modeling.memory import GIB, lora_parameters, training_memory

# Llama 3.1 8B and Llama 3.2 1B
EIGHT = partial(training_memory, 8_030_261_248, 4096, 32, 128_256, method="lora", tied=False, recompute=True)
ONE = partial(training_memory, 1_235_814_400, 2048, 16, 128_256, method="lora", recompute=True)


def test_eight_billion_weights_in_four_bits_fit_a_card_of_24_gib_and_one_billion_one_of_8():
    assert EIGHT(precision="nf4", rows=4, length=512, new_rows=5000) < 20 * GIB
    assert ONE(precision="bfloat16", rows=4, length=512, new_rows=5000) < 7 * GIB
    assert EIGHT(precision="float32", rows=4, length=512) > 32 * GIB


def test_each_saving_saves():
    stored = [EIGHT(precision=kind) for kind in ("float32", "bfloat16", "nf4")]
    assert stored == sorted(stored, reverse=True)
    assert ONE(method="full") > ONE(rank=64) > ONE(rank=8)
    assert ONE(recompute=False) > ONE() > ONE(rows=4) > ONE(rows=4, predicted=0.15)


def test_published_peaks_of_another_library_are_met():
    # torchtune's README: 16.2 and 7.4 GiB for batches of two texts of 2,048 tokens; ours stores states in float32.
    for precision, published in (("bfloat16", 16.2), ("nf4", 7.4)):
        found = EIGHT(precision=precision, rank=8, rows=2, length=2048) / GIB
        assert published < found < 1.35 * published


def test_the_parameters_of_lora_are_counted_as_peft_makes_them():
    model = LlamaForCausalLM(LlamaConfig(vocab_size=40, hidden_size=32, intermediate_size=80, num_hidden_layers=3,
                                         num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True))
    body = model.num_parameters() - 40 * 32
    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear"))
    assert lora_parameters(body, 32, 3, 4) == pytest.approx(wrapped.get_nb_trainable_parameters()[0], rel=0.03)
