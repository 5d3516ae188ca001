"""Left padding, the cache and the shared beginning change nothing: all agree with one plain pass over one text."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from tests.tiny import write_llama
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.packing import opening
from vernacular.tasks.generation.decoding import bits, complete, ids_of, likelihoods

PROMPTS = ["the fox:", "a green river over the market:", "jumps:", "every bird and the dog:"]
SHARED = "the dog: looks\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = write_llama(tmp_path_factory.mktemp("llama"))
    return load_model(folder, "causal"), load_tokenizer(folder)


def plain(model, tokenizer, shared: str, prompt: str, answer: str) -> float:
    """Nats of ``answer`` by one pass without cache or padding."""
    head, tail = [*opening(tokenizer), *ids_of(tokenizer, [shared])[0], *ids_of(tokenizer, [prompt])[0]], (
        ids_of(tokenizer, [answer])[0])
    with torch.no_grad():
        scores = model(torch.tensor([[*head, *tail]])).logits[0].float().log_softmax(-1)
    return -float(sum(scores[len(head) - 1 + at, token] for at, token in enumerate(tail)))


@pytest.mark.parametrize("shared", ["", SHARED])
def test_likelihoods(loaded, shared):
    answers = [" red fox\n", " x\n", " looks over\n", " a\n"]
    found = bits(*loaded, shared, PROMPTS, answers, size=3)
    wanted = [plain(*loaded, shared, prompt, answer) / math.log(2)
              for prompt, answer in zip(PROMPTS, answers, strict=True)]
    assert found == pytest.approx(wanted, rel=2e-2)
    table = likelihoods(*loaded, shared, PROMPTS, answers, size=3)
    expected = [[-plain(*loaded, shared, prompt, answer) / len(answer) for answer in answers] for prompt in PROMPTS]
    assert np.allclose(table, expected, rtol=2e-2)


@pytest.mark.parametrize("shared", ["", SHARED])
def test_the_likeliest_token_is_taken_each_time(loaded, shared):
    model, tokenizer = loaded
    found = complete(model, tokenizer, shared, PROMPTS, 12, size=3)
    for prompt, answer in zip(PROMPTS, found, strict=True):
        ids = [*opening(tokenizer), *ids_of(tokenizer, [shared])[0], *ids_of(tokenizer, [prompt])[0]]
        start = len(ids)
        while "\n" not in (text := tokenizer.decode(ids[start:])) and len(text) < 12:
            with torch.no_grad():
                ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
            if ids[-1] == tokenizer.eos_token_id:
                break
        assert tokenizer.decode(ids[start:], skip_special_tokens=True).split("\n")[0][:12].strip() == answer


def test_an_end_before_the_first_word_is_none(loaded):
    """A line break that is likelier than any word would make every answer an empty one."""
    model, tokenizer = loaded
    ends = [token for token in range(len(tokenizer))
            if token == tokenizer.eos_token_id or "\n" in tokenizer.decode([token])]

    def louder(module, arguments, found):
        found.logits[..., ends] += 100
        return found

    hook = model.register_forward_hook(louder)
    try:
        found = complete(model, tokenizer, "", PROMPTS, 12, size=3)
    finally:
        hook.remove()
    assert all(found) and ends
    for prompt, answer in zip(PROMPTS, found, strict=True):
        ids = [*opening(tokenizer), *ids_of(tokenizer, [prompt])[0]]
        with torch.no_grad():
            scores = model(torch.tensor([ids])).logits[0, -1]
        scores[ends] = -torch.inf
        first = tokenizer.decode([int(scores.argmax())]).strip()
        assert answer.startswith(first)


def test_a_prompt_longer_than_the_model_loses_its_beginning(loaded):
    assert len(complete(*loaded, "", ["the fox " * 200], 5)) == 1
    assert bits(*loaded, "", ["the fox " * 200], [" a\n"])[0] > 0


def test_long_prompts_and_answers_of_different_lengths(loaded):
    """Each prompt leaves room for its own answer, and the shorter answer is padded."""
    tokenizer = loaded[1]
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=16, n_layer=1, n_head=2,
                                       bos_token_id=0, eos_token_id=0)).eval()
    prompts, answers = ["the fox " * 100] * 2, [" a\n", " every green bird over the market\n"]
    alone = [bits(model, tokenizer, "", [prompt], [answer])[0] for prompt, answer in zip(prompts, answers, strict=True)]
    assert bits(model, tokenizer, "", prompts, answers) == pytest.approx(alone, rel=2e-2)
