"""Which card a training fits on."""

from __future__ import annotations

import pytest
from transformers import LlamaConfig

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_llama
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.forecast.cards import CARDS, card_for, fits
from vernacular.forecast.cost import forecast_model
from vernacular.forecast.text import count_text
from vernacular.modeling.memory import GIB


def test_a_card_must_hold_more_than_the_tensors():
    assert fits(6 * GIB, 8) and not fits(8 * GIB, 8)
    assert card_for(6 * GIB) == 8 and card_for(8 * GIB) == 12
    assert card_for(CARDS[-1] * GIB) is None


SHAPES = {"eight": {"hidden_size": 4096, "num_hidden_layers": 32, "intermediate_size": 14336, "vocab_size": 128_256,
                    "num_attention_heads": 32, "num_key_value_heads": 8, "tie_word_embeddings": False},
          "one": {"hidden_size": 2048, "num_hidden_layers": 16, "intermediate_size": 8192, "vocab_size": 128_256,
                  "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64, "tie_word_embeddings": True}}


@pytest.mark.parametrize(("shape", "precision", "card"), [("eight", "bfloat16", 24), ("eight", "nf4", 12),
                                                          ("one", "bfloat16", 8), ("one", "float32", 12)])
def test_large_models_are_planned_from_their_shape_alone(shape, precision, card, tmp_path):
    """There are no weights: a plan must not need the memory of what it plans."""
    settings = {**TINY_MODEL, "objective": "causal", "base": {**TINY_MODEL["base"], "precision": precision},
                "lora": {"method": "lora", "batch_size": 4, "max_length": 128},
                "pretraining": {"steps": 10, "method": "lora", "lora_rank": 16, "recompute": True, "accumulate": 4,
                                "sequence_length": 512, "batch_size": 8}}
    folder = write_language(tmp_path / "languages", documents=10, models={"tiny": settings})
    write_llama(folder / "base")
    (folder / "base" / "model.safetensors").unlink()
    LlamaConfig(**SHAPES[shape]).save_pretrained(folder / "base")
    language, store = load_language(folder), Store(tmp_path / "artifacts")
    found = forecast_model(language, store, "tiny", language.models["tiny"], count_text(language, store.root, None),
                           quick=True)
    assert found.parameters == pytest.approx({"eight": 8.03e9, "one": 1.236e9}[shape], rel=0.01)
    assert card_for(found.card.pretraining.total) == card
    assert found.card.tasks is not None and fits(found.card.needed, 24)  # which take two bytes per weight
    saved = [taken for _, taken in found.card.smaller]
    assert saved == sorted(saved, reverse=True) and all(taken < found.card.pretraining.total for taken in saved)
