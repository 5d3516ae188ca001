"""Tiny random base models with real tokenizers: a BERT with WordPiece and a Llama with byte-level BPE, in a folder.

And tokenizers alone, as SentencePiece learns them.
"""

from __future__ import annotations

import io
from pathlib import Path

import sentencepiece
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForMaskedLM, BertModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from vernacular.modeling.base_models import load_tokenizer

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


def write_llama(folder: Path, seed: int = 1, turns: bool = False, tied: bool = True) -> Path:
    """A two-layer Llama over an English byte-level BPE vocabulary; with ``turns`` also tokens of a chat format."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(ENGLISH, trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<|end|>", *(["<|turn|>", "<|over|>"] if turns else [])],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>",
                            model_max_length=128).save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(vocab_size=len(tokenizer.get_vocab()), hidden_size=32, num_hidden_layers=2,
                         num_attention_heads=2, num_key_value_heads=1, intermediate_size=64,
                         max_position_embeddings=256, tie_word_embeddings=tied, bos_token_id=None,
                         eos_token_id=tokenizer.token_to_id("<|end|>"), pad_token_id=None)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


TEMPLATE = ("{% for message in messages %}<|turn|>{{ message['role'] }}\n{{ message['content'] }}<|over|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}")


def write_instruct(base: Path, folder: Path, template: str | None = TEMPLATE, added: tuple[str, ...] = (),
                   seed: int = 5, moved: float = 0.02) -> Path:
    """A sibling of the tiny Llama in ``base`` whose weights differ a little, with a chat template.

    ``<|turn|>`` and ``<|over|>`` are tokens of the base (``write_llama(..., turns=True)``); ``added`` are its own.
    """
    model, tokenizer = LlamaForCausalLM.from_pretrained(base), load_tokenizer(base)
    if added:
        tokenizer.add_tokens(list(added), special_tokens=True)
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += moved * torch.randn_like(parameter)
    if "<|over|>" in tokenizer.get_vocab():
        tokenizer.eos_token = "<|over|>"
        model.generation_config.eos_token_id = tokenizer.eos_token_id
    tokenizer.chat_template = template
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def sentencepiece_tokenizer(kind: str, folder: Path, size: int = 160) -> PreTrainedTokenizerFast:
    """A tokenizer learned by SentencePiece on English, converted as transformers does it, and loaded from ``folder``.

    ``unigram`` is laid out as XLM-R's: ``<mask>`` has the last id. ``bpe`` is Llama 2's: bytes for unknown characters,
    no pre-tokenizer, as many byte pieces as there are bytes.
    """
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(ENGLISH), model_writer=out, model_type=kind, hard_vocab_limit=False, minloglevel=2,
        vocab_size=size + 256 * (kind == "bpe"), byte_fallback=kind == "bpe", num_threads=1, required_chars=LETTERS,
        character_coverage=1.0)
    learned = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    pieces = [learned.id_to_piece(index) for index in range(3, learned.get_piece_size())]
    if kind == "unigram":
        special = ["<s>", "<pad>", "</s>", "<unk>"]
        scored = [*((name, 0.0) for name in special), *((piece, learned.get_score(learned.piece_to_id(piece)))
                                                        for piece in pieces), ("<mask>", 0.0)]
        tokenizer = Tokenizer(models.Unigram(scored, 3, False))
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        tokenizer.add_special_tokens([*special, "<mask>"])
        names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>",
                 "mask_token": "<mask>", "cls_token": "<s>", "sep_token": "</s>"}
    else:
        vocabulary = {name: index for index, name in enumerate(["<unk>", "<s>", "</s>", *pieces])}
        merges = sorted((vocabulary[piece], piece[:cut], piece[cut:]) for piece in pieces
                         for cut in range(1, len(piece)) if piece[:cut] in vocabulary and piece[cut:] in vocabulary)
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[(left, right) for _, left, right in merges],
                                         unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                               decoders.Strip(" ", 1, 0)])
        tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
        names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=128, **names).save_pretrained(folder)
    return load_tokenizer(folder)
