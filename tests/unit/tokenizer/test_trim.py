"""Trimming: no text that the pieces were kept for is cut otherwise, in any family; ids, rows and settings follow."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import AutoConfig, XLMRobertaConfig, XLMRobertaForMaskedLM

from tests.generate import TINY_MODEL, make_documents, write_language
from tests.tiny import ENGLISH, LETTERS, with_json, write_bert, write_llama
from tests.unit.tokenizer.family_bases import FAMILIES, base_of, extended_json
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tokenizer.candidates import word_counts
from vernacular.tokenizer.extend import SAVES_LEAST
from vernacular.tokenizer.families import Extended
from vernacular.tokenizer.stages import trimmed_by
from vernacular.tokenizer.trim import changed, kept, named, plan_cut, reduced, shrink

TEXTS = [text for texts in make_documents().values() for text in texts]
SOME = ENGLISH[:30]


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    return {family: base_of(family, tmp_path_factory.mktemp(family)) for family in FAMILIES}


def trimmed(backend, texts, by="text"):
    text, ids = reduced(backend.to_str(), kept(backend, word_counts(texts, backend), by))
    return Tokenizer.from_str(text), ids


@pytest.mark.parametrize("by", ["letters", "text"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_text_is_cut_as_before(bases, family, by):
    backend = bases[family]
    after, ids = trimmed(backend, SOME, by)
    assert changed(backend, after, ids, SOME) == []
    assert ids == sorted(ids)
    assert {piece: ids[index] for piece, index in after.get_vocab().items()}.items() <= backend.get_vocab().items()
    assert len(after.get_vocab()) == len(ids)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=40)
@given(words=st.lists(st.text(LETTERS[:8] + "'", min_size=1, max_size=12), min_size=1, max_size=6),
       more=st.lists(st.text(LETTERS[:8] + "'", min_size=1, max_size=12), max_size=6))
def test_any_text_is_cut_as_before_and_its_letters_reach_further(bases, family, words, more):
    backend, text, unseen = bases[family], " ".join(words), " ".join(more)
    after, ids = trimmed(backend, [text])
    assert changed(backend, after, ids, [text, *words]) == []
    if set(unseen) <= set(" ".join(words)):
        after, ids = trimmed(backend, [text], "letters")
        assert changed(backend, after, ids, [unseen]) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_less_is_left_of_less_text_and_other_text_is_seen_to_change(bases, family):
    backend = bases[family]
    after, ids = trimmed(backend, ["lazy"])
    assert len(ids) < len(backend.get_vocab())
    assert changed(backend, after, ids, ["lazy", ENGLISH[0]]) == [ENGLISH[0]]


@pytest.mark.parametrize("family", FAMILIES)
def test_specials_bytes_and_letters_stay(bases, family):
    backend = bases[family]
    after, _ = trimmed(backend, ["the"])
    before = backend.get_vocab()
    stay = {token["content"] for token in json.loads(backend.to_str())["added_tokens"]}
    stay |= {piece for piece in before if len(piece.removeprefix("##")) == 1 or piece.startswith("<0x")}
    assert stay <= after.get_vocab().keys()


@pytest.mark.parametrize("family", FAMILIES)
def test_an_extended_tokenizer_is_trimmed_to_the_same_ids(bases, family):
    backend = bases[family]
    chosen, text = extended_json(backend)
    keep = kept(backend, word_counts(TEXTS, backend), "text")
    _, ids = reduced(backend.to_str(), keep)
    extended = Tokenizer.from_str(text)
    both, more = reduced(text, keep | set(chosen.pieces))
    assert more[:len(ids)] == ids
    assert len(more) == len(ids) + len(chosen.pieces)
    assert changed(extended, Tokenizer.from_str(both), more, TEXTS) == []


def test_the_frame_of_a_text_gets_the_new_ids(tmp_path):
    base = load_tokenizer(write_bert(tmp_path / "base"))
    backend = base.backend_tokenizer
    text, ids = reduced(backend.to_str(), {*kept(backend, Counter(["dog"]), "text")} - {"a", "##a"})
    after = with_json(base, text, tmp_path)
    assert [ids[index] for index in after("dog")["input_ids"]] == base("dog")["input_ids"]
    assert after.mask_token_id == ids.index(base.mask_token_id)


@pytest.mark.parametrize("kind", ["RobertaProcessing", "BertProcessing"])
def test_older_frames_are_known_and_others_refused(tmp_path, kind):
    data = json.loads(load_tokenizer(write_bert(tmp_path)).backend_tokenizer.to_str())
    vocabulary = data["model"]["vocab"]
    sep, cls = ([piece, vocabulary[piece]] for piece in ("[SEP]", "[CLS]"))
    data["post_processor"] = {"type": kind, "sep": sep, "cls": cls, "trim_offsets": True, "add_prefix_space": False}
    keep = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "d", "##o", "##g"}
    text, ids = reduced(json.dumps(data), keep)
    assert [ids[index] for index in Tokenizer.from_str(text).encode("dog").ids] == \
        [vocabulary[piece] for piece in ("[CLS]", "d", "##o", "##g", "[SEP]")]
    data["post_processor"] = {"type": "Unheard"}
    with pytest.raises(Problem, match=r"Unheard.*VN-MODEL-KIND"):
        reduced(json.dumps(data), keep)


def test_another_family_is_refused():
    with pytest.raises(Problem, match=r"WordLevel.*VN-MODEL-KIND"):
        kept(Tokenizer(models.WordLevel({"a": 0}, "a")), Counter("a"), "text")


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_what_is_left_of_a_model_answers_as_before(kind, tmp_path):
    folder = (write_bert if kind == "masked" else write_llama)(tmp_path / "base")
    before, model, base = load_model(folder, kind), load_model(folder, kind), load_tokenizer(folder)
    if kind == "masked":
        with torch.no_grad():
            for one in (before, model):
                one.get_output_embeddings().bias.copy_(torch.arange(float(len(base))))
    backend = base.backend_tokenizer
    text, ids = reduced(backend.to_str(), kept(backend, word_counts(SOME, backend), "text"))
    after = with_json(base, text, tmp_path)
    shrink(model, ids)
    model.save_pretrained(tmp_path / "shrunk")
    for one in (model, load_model(tmp_path / "shrunk", kind)):
        assert one.config.vocab_size == len(ids) == len(after)
        assert one.get_input_embeddings().weight.data_ptr() == one.get_output_embeddings().weight.data_ptr()
        with torch.inference_mode():
            mine = one(**after(SOME[0], return_tensors="pt")).logits
            theirs = before(**base(SOME[0], return_tensors="pt")).logits[..., ids]
        assert torch.allclose(mine, theirs, atol=1e-6)


def test_an_untied_head_and_named_ids_follow(tmp_path):
    from transformers import LlamaForCausalLM

    config = AutoConfig.from_pretrained(write_llama(tmp_path))
    config.tie_word_embeddings, config.eos_token_id, config.pad_token_id = False, [20, 30], 30
    model = LlamaForCausalLM(config)
    model.generation_config.eos_token_id = [20, 30]
    assert named(model) == {20, 30}
    head = model.get_output_embeddings().weight.detach().clone()
    ids = [0, 5, 20, 30, 200]
    shrink(model, ids)
    assert torch.equal(model.get_output_embeddings().weight.detach(), head[ids])
    assert model.config.eos_token_id == model.generation_config.eos_token_id == [2, 3]
    assert model.config.pad_token_id == model.get_input_embeddings().padding_idx == 3
    with pytest.raises(Problem, match=r"id 2.*VN-MODEL-KIND"):
        shrink(model, [0, 1])


def test_positions_may_not_hang_on_an_id_that_moves():
    model = XLMRobertaForMaskedLM(XLMRobertaConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, pad_token_id=5,
        bos_token_id=0, eos_token_id=2))
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        shrink(model, [0, 2, 5])
    shrink(model, [*range(6), 10])
    assert model.config.pad_token_id == 5


def test_a_base_of_which_much_is_in_other_scripts_is_seen_before_it_is_trimmed(tmp_path):
    base = load_tokenizer(write_bert(tmp_path / "base"))
    data = json.loads(base.backend_tokenizer.to_str())
    first, cyrillic = len(data["model"]["vocab"]), [chr(letter) for letter in range(0x430, 0x450)]
    for at, one in enumerate(cyrillic):
        data["model"]["vocab"] |= {one + other: first + 32 * at + to for to, other in enumerate(cyrillic)}
    more = with_json(base, json.dumps(data), tmp_path)
    model, whole = load_model(tmp_path / "base", "masked"), load_model(tmp_path / "base", "masked")
    whole.resize_token_embeddings(len(more), mean_resizing=False)
    count = sum(parameter.numel() for parameter in whole.parameters())
    nothing = plan_cut("letters", model, (base, base), Extended("wordpiece", [], [], str), [*TEXTS, *ENGLISH])
    cut = plan_cut("letters", whole, (more, more), Extended("wordpiece", [], [], str), [*TEXTS, *ENGLISH])
    assert nothing.saved < SAVES_LEAST < cut.saved
    assert cut.rows == nothing.rows
    shrink(whole, cut.rows)
    left = sum(map(torch.numel, whole.parameters()))  # the bias of each row goes, too
    assert cut.saved == pytest.approx(1 - left / count, abs=0.03)


TEXT = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
PAIRS = {"translations": [{"source": {**TEXT, "name": "ours", "files": "ours.txt"},
                           "translation": {**TEXT, "name": "theirs", "files": "theirs.txt"}}]}
NEAR = {**TEXT, "name": "near", "files": "near.txt"}
FILES = {"kind": "files", "licence": "CC0-1.0"}
LABELED = {"kind": "token_classification", "data": {**FILES, "train": "own.tsv", "test": "test.tsv"},
           "transfer": {"train_language": "eng", "data": {**FILES, "train": "train.tsv"}}}


@pytest.mark.parametrize(("changes", "tasks", "by"), [
    ({}, {}, "letters"),
    ({"alignment": PAIRS}, {}, "letters"),
    ({"alignment": PAIRS, "vocabulary": {"initialise": "mean"}}, {}, "nothing"),
    ({"objective": "causal"}, {}, "nothing"),
    ({"retention": []}, {}, "nothing"),
    ({"pretraining": {"steps": 1, "related": [{"source": NEAR}]}}, {}, "nothing"),
    ({}, {"names": LABELED}, "nothing"),
    ({"vocabulary": {"trim": "nothing"}}, {}, "nothing"),
    ({"vocabulary": {"trim": "text"}, "objective": "causal"}, {"names": LABELED}, "text")])
def test_a_base_is_trimmed_unasked_only_where_all_text_that_it_will_read_is_known(tmp_path, changes, tasks, by):
    model = {**TINY_MODEL, "retention": [{**TEXT, "name": "english", "files": "english.txt"}], **changes}
    language = load_language(write_language(tmp_path, models={"tiny": model}, tasks=tasks))
    assert trimmed_by(language, language.models["tiny"]) == by
