"""Distillation: states come closer, the base keeps its weights, a seldom piece keeps the mean, too many are refused."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from transformers import AutoConfig, Gemma3ForCausalLM, Gemma3TextConfig, LlamaForCausalLM

from tests.generate import make_documents
from tests.tiny import ENGLISH, with_json, write_llama
from vernacular.config.schema import Model
from vernacular.config.training import Vocabulary
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tokenizer import token_distillation as module
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.embedding_init import grow, new_rows
from vernacular.tokenizer.families import extend
from vernacular.tokenizer.mixtures import mean, mixtures
from vernacular.tokenizer.token_distillation import FEWEST, LENGTH, distil, picked, snippets

TEXTS = [text for texts in make_documents().values() for text in texts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def two(folder, tmp_path_factory):
    """The base's tokenizer and the extended one, the new ids and what each replaces."""
    base = load_tokenizer(folder)
    backend = base.backend_tokenizer
    chosen = extend(backend, word_counts(TEXTS, backend), word_counts(ENGLISH, backend),
                    Vocabulary(new_pieces=20, min_uses=60), Letters("Latn"), "test")
    extended = with_json(base, chosen.json_with(len(chosen.pieces)), tmp_path_factory.mktemp("extended"))
    return base, extended, [extended.get_vocab()[piece] for piece in chosen.pieces], chosen.parts


@pytest.fixture
def start(folder, two):
    base, extended, ids, parts = two
    mixed = mixtures("distillation", base.backend_tokenizer, extended.backend_tokenizer, ids, parts, TEXTS, 1)
    return new_rows(load_model(folder, "causal"), mixed, 1)


def test_a_masked_model_is_refused():
    with pytest.raises(ValidationError, match="distillation needs objective: causal"):
        Model.model_validate({"base": {"path": "x", "licence": "CC0-1.0"}, "objective": "masked",
                              "pretraining": {"steps": 1}, "vocabulary": {"initialise": "distillation"}})


@settings(max_examples=50)
@given(texts=st.lists(st.lists(st.sampled_from(" ".join(TEXTS).split()), min_size=1, max_size=80).map(" ".join),
                      max_size=3), odd=st.text(max_size=40))
def test_snippets_are_the_text_cut_at_common_borders(two, texts, odd):
    base, extended, ids, _ = two
    found = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, [*texts, odd])
    for snippet in found:
        assert snippet.pieces == set(snippet.new) & set(ids) != set()
        assert base.decode(snippet.old) == extended.decode(snippet.new)
        assert len(snippet.old) <= LENGTH
        for old, new in snippet.ends:
            assert base.decode(snippet.old[:old + 1]) == extended.decode(snippet.new[:new + 1])
        assert snippet.first == next(place for place, index in enumerate(snippet.new) if index in snippet.pieces)
        assert snippet.old[:snippet.first] == snippet.new[:snippet.first]
        assert snippet.ends[-1] == (len(snippet.old) - 1, len(snippet.new) - 1)
    uses = Counter(index for text in [*texts, odd] for index in
                   extended.backend_tokenizer.encode(text).ids if index in set(ids))
    assert uses == Counter(index for snippet in found for index in snippet.new if index in set(ids))


def test_no_snippet_is_taken_for_pieces_that_have_enough(two, monkeypatch):
    base, extended, ids, _ = two
    found = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, TEXTS)
    monkeypatch.setattr(module, "MOST", 5)
    few = picked(found, 1)
    assert len(few) < len(found)
    counts = Counter(piece for snippet in few for piece in snippet.pieces)
    assert min(counts[index] for index in ids) >= 5
    assert picked(found, 1) == few != picked(found, 2)


def test_states_come_closer_and_the_base_keeps_its_weights(folder, two, start):
    base, extended, ids, _ = two
    model = load_model(folder, "causal")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    messages: list[str] = []
    rows = distil(model, (base, extended), ids, start, TEXTS, 1, "test", messages.append)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert len(model.base_model.layers) == 2
    assert "step" in messages[-1]
    off = [losses(model, two, one) for one in (start, rows)]
    assert off[1][0] < 0.9 * off[0][0]
    same = distil(model, (base, extended), ids, start, TEXTS, 1, "test")
    other = distil(model, (base, extended), ids, start, TEXTS, 2, "test")
    assert torch.equal(rows["input"], same["input"])
    assert not torch.equal(rows["input"], other["input"])


def losses(model, two, rows, count=64):
    """How far states are apart, and nats per token, on some snippets."""
    base, extended, ids, _ = two
    some = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, TEXTS)[:count]
    rows = {name: torch.nn.Parameter(tensor) for name, tensor in rows.items()}
    with module._reading(model) as body, torch.no_grad():
        return [float(one) for one in module._losses(model, body, rows, ids, some, base.eos_token_id)]


def test_nats_are_those_of_the_grown_model_after_the_old_pieces(folder, two, start):
    base, extended, ids, _ = two
    model = load_model(folder, "causal")
    found = losses(model, two, start, count=1)[1]
    snippet = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, TEXTS)[0]
    grow(model, start)
    with torch.no_grad():
        likely = model(input_ids=torch.tensor([[base.eos_token_id, *snippet.old]])).logits[0].log_softmax(-1)
    wanted = [-likely[old + 1, snippet.new[new + 1]] for old, new in [(-1, -1), *snippet.ends[:-1]]]
    assert found == pytest.approx(float(torch.stack(wanted).mean()), rel=0.02)  # bfloat16 on one side only


def test_a_shared_row_learns_both_to_be_read_and_to_be_predicted(folder, two, start):
    base, extended, ids, _ = two
    some = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, TEXTS)[:64]
    model, row = load_model(folder, "causal"), torch.nn.Parameter(start["input"])
    with module._reading(model) as body:
        for loss in module._losses(model, body, {"input": row}, ids, some, base.eos_token_id):
            assert torch.autograd.grad(loss, row, retain_graph=True)[0].abs().sum() > 0


def test_an_untied_head_learns_rows_of_its_own(folder, two):
    config = AutoConfig.from_pretrained(folder)
    config.tie_word_embeddings = False
    torch.manual_seed(1)
    model = LlamaForCausalLM(config).eval()
    base, extended, ids, parts = two
    start = new_rows(model, [mean(part) for part in parts], 1)
    rows = distil(model, (base, extended), ids, start, TEXTS, 1, "test")
    assert rows.keys() == {"input", "output"}
    off = [losses(model, two, one) for one in (start, rows)]
    assert all(after < before for before, after in zip(*off, strict=True))


def test_a_piece_with_few_snippets_keeps_its_row(folder, two, start):
    base, extended, ids, _ = two
    texts, rare = [], ids[-1]
    left = FEWEST - 1
    for line in (line for text in TEXTS for line in text.split("\n")):
        uses = extended.backend_tokenizer.encode(line).ids.count(rare)
        if not uses or uses <= left:
            texts.append(line)
            left -= uses
    rows = distil(load_model(folder, "causal"), (base, extended), ids, start, texts, 1, "test")
    assert torch.equal(rows["input"][-1], start["input"][-1])
    assert not torch.equal(rows["input"][0], start["input"][0])


def test_too_few_snippets_are_refused(folder, two, start):
    base, extended, ids, _ = two
    with pytest.raises(Problem, match=r"20 of 20.*VN-DATA-SPLIT"):
        distil(load_model(folder, "causal"), (base, extended), ids, start, TEXTS[:1], 1, "test")


def test_no_piece_is_no_work(folder, two):
    base, _, _, _ = two
    none = {"input": torch.zeros(0, 32)}
    assert distil(load_model(folder, "causal"), (base, base), [], none, TEXTS, 1, "test") is none


def test_an_embedding_that_scales_is_read_as_it_is_in_the_model(folder, two):
    base, extended, ids, _ = two
    torch.manual_seed(1)
    model = Gemma3ForCausalLM(Gemma3TextConfig(
        vocab_size=AutoConfig.from_pretrained(folder).vocab_size + len(ids), hidden_size=16, intermediate_size=16,
        num_hidden_layers=3, head_dim=8, num_attention_heads=2, num_key_value_heads=1, pad_token_id=0,
        max_position_embeddings=64)).eval()
    table, first = model.get_input_embeddings(), int(base.eos_token_id)
    snippet = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, TEXTS)[0]
    off = losses(model, two, {"input": table.weight.detach()[ids]}, count=1)[0]
    with module._reading(model) as body, torch.no_grad():
        old, new = (body.low(table(torch.tensor([[first, *side]])))[0] for side in (snippet.old, snippet.new))
    wanted = torch.stack([(old[one + 1] - new[other + 1]).square().mean() for one, other in snippet.ends
                          if other >= snippet.first]).mean()
    assert off == pytest.approx(float(wanted), rel=0.02)  # bfloat16 on one side only
