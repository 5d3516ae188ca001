"""Classifiers of transformers over a body: what they share, where they start, and which tokens count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import layer_norm
from transformers import ModernBertConfig, ModernBertForMaskedLM, XLMRobertaConfig, XLMRobertaForMaskedLM

from tests.families import write_family
from tests.tiny import write_bert, write_llama
from tests.unit.tasks.made import kind_of, names_kind, tagged, task_of, topics
from vernacular.config.training import Lora
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tasks.adapter_model import Encoded, encode, trainable, without_adapter
from vernacular.tasks.base import IGNORED
from vernacular.tasks.classifier import Classifier, build_classifier, token_labels
from vernacular.tasks.finetune import fine_tune, head_start

SETTINGS = Lora(rank=4, alpha=8, epochs=15, least_steps=1, learning_rate=1e-2, max_length=32, batch_size=8, looks=0)
NAMES = [Item("the fox looks", (0, 1, 0)), Item("a dog flies", (0, 1, 0)), Item("the red crow", (0, 0, 1))] * 6
BASES = pytest.mark.parametrize(("objective", "write"), [("masked", write_bert), ("causal", write_llama)])


def test_items_that_are_not_read_to_their_end_are_counted(tmp_path: Path) -> None:
    write_bert(tmp_path)
    tokenizer, items = load_tokenizer(tmp_path), [Item("the fox"), Item("the red fox looks")]
    for kind in (topics("a", "b"), names_kind()):
        assert [kind.cut(items, tokenizer, longest) for longest in (3, 4, 6)] == [2, 1, 0]
    pairs = kind_of(task_of("sentence_retrieval"), [])
    assert pairs.cut([Item("the fox", second="the red fox looks")], tokenizer, 4) == 1


@pytest.mark.parametrize("family", ["albert", "rembert", "nomic_bert"])
def test_a_family_whose_classifier_reads_a_pooler_gets_one(family: str, tmp_path: Path) -> None:
    model = load_model(write_family(family, tmp_path), "masked")
    classifier = build_classifier(model, ["a", "b"], "text", False, 0)
    ids = torch.arange(5, 20)[None]
    with torch.no_grad():
        first = model.base_model(input_ids=ids).last_hidden_state
        assert classifier(input_ids=ids).logits.shape == (1, 2)
        assert torch.equal(model.base_model(input_ids=ids).last_hidden_state, first)
    assert getattr(model.base_model, "pooler", None) is None  # the model itself has none


@BASES
def test_the_weights_of_the_body_are_not_changed_and_mostly_shared(objective: str, write: Any, tmp_path: Path) -> None:
    write(tmp_path)
    model, tokenizer = load_model(tmp_path, objective), load_tokenizer(tmp_path)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    places = {tensor.data_ptr() for tensor in model.base_model.parameters()}
    for kind in (topics("a", "b"), names_kind()):
        body = kind.bare(model, tokenizer.pad_token_id).body
        shared = [tensor.data_ptr() in places for tensor in body.parameters()]
        assert sum(shared) == len(places) or (objective == "masked" and kind.by_word and sum(shared) > len(places) / 2)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_text_starts_as_the_mean_of_all_states(tmp_path: Path) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    batch = encode(["the red fox", "a dog jumps over the river"], tokenizer, 32)
    network = topics("a", "b").bare(model, tokenizer.pad_token_id)
    with torch.inference_mode():
        found = network.states(batch, tokenizer.pad_token_id)
        for row, item in enumerate(batch):
            states = model.base_model(input_ids=torch.tensor([item.tokens])).last_hidden_state[0]
            wanted = layer_norm(8 * states.mean(0) + states[0], states.shape[-1:])
            assert torch.allclose(found[row], torch.tanh(0.3 * wanted), atol=1e-4)


@BASES
def test_what_a_head_reads_gives_its_logits(objective: str, write: Any, tmp_path: Path) -> None:
    write(tmp_path)
    model, tokenizer = load_model(tmp_path, objective), load_tokenizer(tmp_path)
    for kind in (topics("a", "b"), names_kind()):
        network = kind.bare(model, tokenizer.pad_token_id)
        encoded = kind.encode([Item("the red fox"), Item("a dog jumps over the river")], tokenizer, 32)
        with torch.inference_mode():
            logits = network(encoded, tokenizer.pad_token_id)
            assert torch.allclose(network.head(network.states(encoded, tokenizer.pad_token_id)), logits, atol=1e-5)


def test_a_words_label_is_that_of_its_first_token(tmp_path: Path) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    network = names_kind().bare(model, tokenizer.pad_token_id)
    item = Encoded([2, 10, 11, 12, 3], [-1, 0, 0, 2, -1], 3)  # the second word was cut off
    with torch.inference_mode():
        logits, units = network.logits([item], tokenizer.pad_token_id), network([item], tokenizer.pad_token_id)
    assert torch.equal(units, torch.stack([logits[0, 1], network.head.bias, logits[0, 3]]))


def test_only_the_first_token_of_a_word_begins_an_entity() -> None:
    kind = kind_of(task_of("token_classification"), tagged("a/B-X b/I-X c/O"))
    begin, inside, outside = (kind.labels.index(label) for label in ("B-X", "I-X", "O"))
    item = Encoded([2, 5, 6, 7, 8, 9, 3], [-1, 0, 0, 1, 2, 2, -1], 3)
    continued = [inside if label == "B-X" else number for number, label in enumerate(kind.labels)]
    assert token_labels(item, [begin, IGNORED, outside], continued, IGNORED) == [
        IGNORED, begin, inside, IGNORED, outside, outside, IGNORED]


def test_further_tokens_of_a_word_count_a_fifth(tmp_path: Path) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    item = Encoded([2, 10, 11, 12, 13, 14, 3], [-1, 0, 0, 1, 2, 3, -1], 4)
    tagged_kind = kind_of(task_of("token_classification"), tagged("a/B-X c/O"))
    for kind, labels, share in ((names_kind(), (1, 0, 0, 0), .5), (tagged_kind, (1, 0, 0, 0), 1.2 / 4.2)):
        network = kind.bare(model, tokenizer.pad_token_id)
        with torch.inference_mode():
            losses = -network.logits([item], tokenizer.pad_token_id).log_softmax(-1)[0]
            found = kind.loss(network, [item], [Item("a b c d", labels)], tokenizer.pad_token_id)
        name = kind.learned(labels)[0]
        rare = (losses[1, name] + .2 * losses[2, name]) / 1.2
        assert torch.allclose(found, share * rare + (1 - share) * losses[3:6, 0].mean(), atol=1e-5)


@pytest.mark.parametrize("family", ["roberta", "modernbert"])
def test_other_families_learn_too(family: str, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_bert(tmp_path))
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
             "num_attention_heads": 2, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": 2, "eos_token_id": 3}
    torch.manual_seed(1)
    model = (XLMRobertaForMaskedLM(XLMRobertaConfig(**sizes)) if family == "roberta" else
             ModernBertForMaskedLM(ModernBertConfig(**sizes, cls_token_id=2, sep_token_id=3))).eval()
    texts = [Item("the red fox jumps", (0,)), Item("a green river market", (1,))] * 8
    for kind, items in ((topics("a", "b"), texts), (names_kind(), NAMES)):
        start = head_start(kind, model, tokenizer, items, SETTINGS)
        network = fine_tune(kind, model, tokenizer, items, [], SETTINGS, 1, start).network
        assert kind.score(items, kind.predict(network, tokenizer, items, 32)) == 1.0
        without_adapter(network)


def test_a_family_without_such_a_classifier_is_refused() -> None:
    from transformers import FNetConfig, FNetForMaskedLM, RoFormerConfig, RoFormerForMaskedLM
    small = {"vocab_size": 20, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    with pytest.raises(Problem):
        build_classifier(_without_class(FNetForMaskedLM(FNetConfig(**small))), ["a", "b"], "text", False, 0)
    roformer = RoFormerForMaskedLM(RoFormerConfig(**small, num_attention_heads=2))
    assert isinstance(build_classifier(roformer, ["a", "b"], "text", False, 0).eval(), torch.nn.Module)


def test_a_classifier_that_needs_a_mark_at_the_end_of_a_text_is_refused() -> None:
    """Decoders of BART read no text without ``</s>``, which other decoders do not have."""
    from transformers import BartConfig, BartForCausalLM
    bart = BartForCausalLM(BartConfig(vocab_size=20, d_model=8, decoder_layers=1, decoder_attention_heads=2,
                                      decoder_ffn_dim=8, is_decoder=True, is_encoder_decoder=False))
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        build_classifier(bart, ["a", "b"], "text", False, 1)


def test_a_family_that_cannot_be_fine_tuned_so_is_refused(tmp_path: Path) -> None:
    """I-BERT has no linear layers that PEFT knows."""
    from transformers import IBertConfig, IBertForMaskedLM
    write_bert(tmp_path)
    tokenizer, kind, items = load_tokenizer(tmp_path), topics("a", "b"), [Item("the fox", (0,)), Item("a dog", (1,))]
    model = IBertForMaskedLM(IBertConfig(vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8,
                                         num_hidden_layers=1, num_attention_heads=2))
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        fine_tune(kind, model, tokenizer, items, [], SETTINGS, 1)


def _without_class(model: Any) -> Any:
    model.config.__class__ = type("NewConfig", (type(model.config),), {"model_type": "new"})
    return model


def test_the_network_is_the_classifier(tmp_path: Path) -> None:
    model = load_model(write_bert(tmp_path), "masked")
    network = trainable(topics("a", "b").bare(model, 0), SETTINGS, 1)
    assert isinstance(network, Classifier)
    assert type(network.whole).__name__ == "BertForSequenceClassification"
    assert network.whole.config.id2label == {0: "a", 1: "b"} and network.whole.config.num_hidden_layers == 3
    assert {name for name, parameter in network.named_parameters() if parameter.requires_grad} >= {"head.weight"}
