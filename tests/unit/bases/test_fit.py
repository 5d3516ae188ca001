"""Which way to train a candidate fits which machine."""

from __future__ import annotations

import pytest

from vernacular.bases.fit import MACHINES, memory_of, training_for
from vernacular.bases.table import read_table

TABLE = {row.id: row for row in read_table()}


@pytest.mark.parametrize(("base", "machine", "found"), [
    ("sentence-transformers/all-MiniLM-L6-v2", "laptop", ("full", "float32")),
    ("cis-lmu/glot500-base", "laptop", ("lora", "float32")),
    ("FacebookAI/xlm-roberta-base", "24", ("full", "float32")),
    ("FacebookAI/xlm-roberta-large", "laptop", None),  # too slow
    ("Qwen/Qwen3-8B-Base", "laptop", None), ("Qwen/Qwen3-8B-Base", "8", None),
    ("Davlan/afro-xlmr-small", "80", None)])  # of unknown size
def test_training(base: str, machine: str, found: tuple[str, str] | None) -> None:
    training = training_for(TABLE[base], machine)  # type: ignore[arg-type]
    assert (training and (training.method, training.precision)) == found


def test_more_memory_never_takes_a_way_that_saves_more() -> None:
    order = ["full", "lora float32", "lora bfloat16", "lora nf4", "none"]
    for base in TABLE.values():
        ways = [order.index("none" if training is None else "full" if training.method == "full" else
                            f"lora {training.precision}")
                for training in (training_for(base, machine) for machine in MACHINES[1:])]
        assert ways == sorted(ways, reverse=True), base.id


def test_attention_weights_are_stored_on_a_processor_only() -> None:
    base = TABLE["FacebookAI/xlm-roberta-base"]
    on_card, on_processor = memory_of(base), memory_of(base, processor=True)
    assert on_card is not None and on_processor is not None and on_card < on_processor
