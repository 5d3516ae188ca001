"""Tiny random base models with real tokenizers: a BERT with WordPiece and a Llama with byte-level BPE, in a folder."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForMaskedLM, BertModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from vernacular.models import load_tokenizer

ENGLISH = [f"the {colour} {animal} {verb} over the {place}" for colour in ("red", "green", "lazy", "quick")
           for animal in ("fox", "dog", "horse", "crow") for verb in ("jumps", "looks", "flies")
           for place in ("river", "school", "market")]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_bert(folder: Path, head: bool = False, seed: int = 1) -> Path:
    """A two-layer BERT over an English WordPiece vocabulary; without a masked-LM head unless asked for."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(ENGLISH, trainers.WordPieceTrainer(
        vocab_size=150, special_tokens=special, initial_alphabet=[*LETTERS, "'", ",", "."], show_progress=False))
    vocabulary = tokenizer.get_vocab()
    extra = [f"##{letter}" for letter in [*LETTERS, "'"] if f"##{letter}" not in vocabulary]
    pieces = {**vocabulary, **{piece: len(vocabulary) + index for index, piece in enumerate(extra)}}
    tokenizer.model = models.WordPiece(vocab=pieces, unk_token="[UNK]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", pieces["[CLS]"]), ("[SEP]", pieces["[SEP]"])])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
                            sep_token="[SEP]", mask_token="[MASK]", model_max_length=64).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=64, max_position_embeddings=64, pad_token_id=pieces["[PAD]"])
    (BertForMaskedLM(config) if head else BertModel(config)).save_pretrained(folder)
    return folder


def with_json(base: PreTrainedTokenizerFast, text: str, folder: Path) -> PreTrainedTokenizerFast:
    """``base`` saved into ``folder``, its tokenizer.json replaced by ``text``, and loaded again."""
    base.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    return load_tokenizer(folder)


def write_llama(folder: Path, seed: int = 1) -> Path:
    """A two-layer Llama over an English byte-level BPE vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(ENGLISH, trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>",
                            model_max_length=128).save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(vocab_size=len(tokenizer.get_vocab()), hidden_size=32, num_hidden_layers=2,
                         num_attention_heads=2, num_key_value_heads=1, intermediate_size=64,
                         max_position_embeddings=256, tie_word_embeddings=True, bos_token_id=None,
                         eos_token_id=tokenizer.token_to_id("<|end|>"), pad_token_id=None)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
