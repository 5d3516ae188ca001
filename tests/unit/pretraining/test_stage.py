"""What a training is refused for before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModelForCausalLM

from tests.project import make_place
from vernacular.config.load import load_language
from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.corpus.stages import stages as corpus_stages
from vernacular.pretraining import stage


@pytest.mark.parametrize(("batch", "parts", "processes", "refused"), [
    (16, 4, 4, False), (16, 8, 4, True), (1, 1, 2, True), (8, 8, 1, False)])
def test_every_process_has_a_part_of_every_batch(monkeypatch: pytest.MonkeyPatch, batch: int, parts: int,
                                                 processes: int, refused: bool) -> None:
    """One without would send no gradient, and the others wait for it until they are killed."""
    monkeypatch.setattr(stage, "together", lambda: (0, processes))
    settings = Pretraining(steps=1, batch_size=batch, accumulate=parts)  # type: ignore[call-arg]
    if refused:
        with pytest.raises(Problem, match=f" {batch} .*batch_size to {processes * parts}.*VN-"):
            stage._check(settings, "qaa")
    else:
        stage._check(settings, "qaa")


@pytest.mark.slow
def test_a_family_without_the_classifiers_of_its_tasks_is_not_trained(tmp_path: Path) -> None:
    """It would be refused when the first task is fine-tuned, after the training."""
    place = make_place(tmp_path, "causal")
    folder = tmp_path / "languages" / "qaa"
    vocabulary = AutoConfig.from_pretrained(folder / "base").vocab_size
    config = AutoConfig.for_model("granite", vocab_size=vocabulary, hidden_size=32, intermediate_size=48,
                                  num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
                                  max_position_embeddings=256, bos_token_id=None, eos_token_id=0, pad_token_id=None)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder / "base")
    for name in (*(one.name for one in corpus_stages(load_language(folder))), "tokenizer/tiny"):
        place.make(name)
    with pytest.raises(Problem) as refused:
        place.make("model/tiny")
    assert refused.value.code == Code.MODEL_KIND
