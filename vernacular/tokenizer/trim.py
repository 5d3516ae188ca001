"""Drop tokens of a base tokenizer that some text never needs, with their rows, without changing its segmentation.

A token can occur in a word's segmentation only if its characters are consecutive in the word, and a
merge only if its result's are. So the selection is exact for all families, and verified afterwards.
Special tokens, bytes and single characters are always kept. ``extend`` chooses the text.
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Gate, Report
from vernacular.modeling.base_models import load_tokenizer
from vernacular.tokenizer.candidates import count_uses, word_counts
from vernacular.tokenizer.embedding_init import resize
from vernacular.tokenizer.families import Extended
from vernacular.tokenizer.wordpiece import CONTINUES

KEPT = "kept.safetensors"  # file of an artifact: the former id of each id of the trimmed base
EXACT = "trim_exact"  # gate
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_RARE = 1e-6  # share of characters below which one counts as stray: only its tokens in the text are kept
_PAGE = 2000  # texts tokenized at once
_PLAIN = {"ByteLevel"}  # post-processors without ids
_TOKEN_ID = re.compile(r"\A\w+_token_id$")  # pad_token_id, eos_token_id and the like, in a model's configuration


def kept(backend: Any, words: Counter[str], by: Literal["letters", "text"]) -> set[str]:
    """Return the tokens of a ``tokenizers.Tokenizer`` that some text can need, and those always kept.

    ``words``: counted pre-tokens of the text, normalized. ``by``: ``text``: tokens contained in
    its words, used or not. ``letters``: also those made of its characters and ASCII, so that
    unseen words are segmented as before.

    Raises:
        Problem: the tokenizer family is unknown.
    """
    data = json.loads(backend.to_str())
    model, kind = data["model"], type(backend.model).__name__
    if kind not in ("Unigram", "BPE", "WordPiece"):
        raise Problem(f"a {kind} tokenizer cannot be trimmed", where="vocabulary.trim", fix="Remove trim",
                      code=Code.MODEL_KIND)
    pieces = dict(model["vocab"])
    bare = {piece: piece.removeprefix(CONTINUES) if kind == "WordPiece" else piece for piece in pieces}
    known = set(bare.values())
    longest = max(map(len, known))
    inside = {word[start:end] for word in words for start in range(len(word))
              for end in range(start + 1, min(len(word), start + longest) + 1) if word[start:end] in known}
    if by == "letters":
        letters = count_uses({word: word for word in words}, words)
        common = {letter for letter, count in letters.items() if count >= _RARE * letters.total()}
        common |= {*string.ascii_letters, *string.digits, *string.punctuation}  # of names and addresses in any script
        inside |= {piece for piece in known if common.issuperset(piece)}
    stay = {*(token["content"] for token in data["added_tokens"]), model.get("unk_token")}
    if kind == "Unigram":
        if model["unk_id"] is not None:
            stay.add(model["vocab"][model["unk_id"]][0])
        stay.add(min(pieces, key=lambda piece: (pieces[piece], piece)))  # the cost of unknown characters depends on it
    return {piece for piece, letters_of in bare.items()
            if letters_of in inside or len(letters_of) == 1 or piece in stay or _BYTE.fullmatch(piece)}


def reduced(tokenizer_json: str, keep: Collection[str]) -> tuple[str, list[int]]:
    """Return a tokenizer.json with only the tokens ``keep``, and the former id of each of its ids.

    Raises:
        Problem: it has ids in an unknown place.
    """
    data: dict[str, Any] = json.loads(tokenizer_json)
    model, added = data["model"], data["added_tokens"]
    listed = isinstance(model["vocab"], list)
    pairs = enumerate(piece for piece, _ in model["vocab"]) if listed else ((at, name) for name, at in
                                                                          model["vocab"].items())
    ids = sorted({index for index, piece in pairs if piece in keep} | {token["id"] for token in added})
    new = {old: index for index, old in enumerate(ids)}
    if listed:
        model["vocab"] = [entry for entry in model["vocab"] if entry[0] in keep]
        model["unk_id"] = None if model["unk_id"] is None else new[model["unk_id"]]
    else:
        model["vocab"] = {piece: new[index] for piece, index in model["vocab"].items() if piece in keep}
    if "merges" in model:
        model["merges"] = [pair for pair in model["merges"] if "".join(
            pair.split(" ", 1) if isinstance(pair, str) else pair) in keep]
    for token in added:
        token["id"] = new[token["id"]]
    _renumber(data.get("post_processor"), new)
    return json.dumps(data, ensure_ascii=False), ids


def _renumber(processor: dict[str, Any] | None, new: dict[int, int]) -> None:
    """Update the ids of special tokens in a post-processor, in place."""
    if processor is None or processor["type"] in _PLAIN:
        return
    if processor["type"] == "Sequence":
        for part in processor["processors"]:
            _renumber(part, new)
    elif processor["type"] == "TemplateProcessing":
        for token in processor["special_tokens"].values():
            token["ids"] = [new[index] for index in token["ids"]]
    elif processor["type"] in ("BertProcessing", "RobertaProcessing"):
        for side in ("sep", "cls"):
            processor[side][1] = new[processor[side][1]]
    else:
        raise Problem(f"the tokenizer has a {processor['type']} post-processor, which may hold ids",
                      where="vocabulary.trim", fix="Remove trim", code=Code.MODEL_KIND)


def changed(before: Any, after: Any, ids: Sequence[int], texts: Sequence[str]) -> list[str]:
    """Return the texts that a trimmed tokenizer segments differently, including special tokens.

    ``after``: the trimmed one. ``ids``: the former id of each of its ids.
    """
    out = []
    for first in range(0, len(texts), _PAGE):
        page = list(texts[first:first + _PAGE])
        out += [text for text, one, other in zip(page, before.encode_batch(page), after.encode_batch(page), strict=True)
                if one.ids != [ids[index] for index in other.ids] or one.offsets != other.offsets]
    return out


def named(model: Any) -> set[int]:
    """Return the ids in a model's configuration: padding, end of text and the like."""
    rows = len(model.get_input_embeddings().weight)
    found = {one for _, _, value in _token_ids(model) for one in (value if isinstance(value, list) else [value])}
    return {one for one in found if 0 <= one < rows}


def check_rows(model: Any, ids: Sequence[int]) -> None:
    """Check that ``shrink`` can keep the rows ``ids`` alone.

    Raises:
        Problem: an id of ``named`` is missing, or positions depend on the padding id (RoBERTa) and
            it would move.
    """
    if lost := named(model) - set(ids):
        raise Problem(f"the model's configuration has the id {min(lost)}, which is not in its tokenizer",
                      where="vocabulary.trim", fix="Remove trim", code=Code.MODEL_KIND)
    places = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    start = getattr(places, "padding_idx", None)
    if start is not None and list(ids[start:start + 1]) != [start]:
        raise Problem("the model counts positions from the id of its padding token, which would move",
                      where="vocabulary.trim", fix="Remove trim", code=Code.MODEL_KIND)


def shrink(model: Any, ids: Sequence[int]) -> None:
    """Keep only the rows ``ids`` of embedding, decoder and bias, in place; other weights do not change.

    Ids in its configuration are updated.

    ``ids``: ascending, as ``check_rows`` accepts them.
    """
    check_rows(model, ids)
    count, table, decoder = len(ids), model.get_input_embeddings(), model.get_output_embeddings()
    new = {old: index for index, old in enumerate(ids)}
    for config, name, value in _token_ids(model):
        setattr(config, name, [new.get(one, one) for one in value] if isinstance(value, list)
                else new.get(value, value))
    tables = [table.weight, decoder.weight, getattr(decoder, "bias", None)]
    with torch.no_grad():
        for tensor in {tensor.data_ptr(): tensor for tensor in tables if tensor is not None}.values():
            tensor[:count] = tensor[list(ids)]
    padding = table.padding_idx
    resize(model, count)
    model.get_input_embeddings().padding_idx = None if padding is None else new[padding]


def _token_ids(model: Any) -> list[tuple[Any, str, Any]]:
    """Return the ids in a model's configurations: configuration, key, id or ids."""
    configs = [model.config, model.config.get_text_config(), getattr(model, "generation_config", None)]
    return [(config, name, value) for config in {id(one): one for one in configs if one is not None}.values()
            for name, value in vars(config).items() if _TOKEN_ID.match(name) and value is not None]


@dataclass(frozen=True)
class Cut:
    """What trimming would leave of a base and of its extended tokenizer.

    Attributes:
        tokenizers: both as ``tokenizer.json``.
        rows: former id of each id of the base.
        extended_ids: former id of each id of the extended tokenizer.
        whole: kept tokens, the new ones included.
        saved: share of the model's weights that it removes.
    """

    tokenizers: tuple[str, str]
    rows: list[int]
    extended_ids: list[int]
    whole: set[str]
    saved: float


def plan_cut(by: Literal["letters", "text"], model: Any, tokenizers: tuple[Any, Any], chosen: Extended,
             texts: Sequence[str]) -> Cut:
    """Choose what is kept, as in ``kept``, for ``texts``; nothing changes yet.

    Args:
        by: as in ``kept``.
        model: the base model.
        tokenizers: the base's and the extended one, as transformers loads them.
        chosen: the additions to the base.
        texts: that tokens are kept for.

    Raises:
        Problem: this tokenizer or model cannot be trimmed.
    """
    backend = tokenizers[0].backend_tokenizer
    keep = kept(backend, word_counts(texts, backend), by)
    keep |= {piece for index in named(model) if (piece := backend.id_to_token(index)) is not None}
    whole = keep | set(chosen.pieces)
    (base, rows), (extended, extended_ids) = (reduced(one.backend_tokenizer.to_str(), pieces)
                                              for one, pieces in zip(tokenizers, (keep, whole), strict=True))
    check_rows(model, rows)
    tables = {id(table.weight): table.weight for table in (model.get_input_embeddings(), model.get_output_embeddings())}
    dropped = sum(table.numel() * (1 - len(rows) / len(table)) for table in tables.values())
    return Cut((base, extended), rows, extended_ids, whole,
               dropped / sum(parameter.numel() for parameter in model.parameters()))


def trim(report: Report, out: Path, cut: Cut, model: Any, tokenizers: tuple[Any, Any], chosen: Extended,
         texts: Sequence[str], unseen: Sequence[str], others: Sequence[str]) -> tuple[Any, Any, Extended]:
    """Trim the saved tokenizers ``base/`` and ``extended/`` in ``out``, and the model; write ``kept.safetensors``.

    Args:
        report: receives what was dropped, and its effect.
        out: the folder of the artifact.
        cut: what to keep.
        model: the base model; shrunk in place.
        tokenizers: the base's and the extended one, as transformers loads them.
        chosen: the additions to the base.
        texts: that tokens are kept for.
        unseen: other lines of the language.
        others: other lines in the base's languages.

    Returns:
        The two trimmed tokenizers, and ``chosen`` with current ids.
    """
    backend, rows = tokenizers[0].backend_tokenizer, cut.rows
    loaded = []
    for name, text in zip(("base", "extended"), cut.tokenizers, strict=True):
        (out / name / "tokenizer.json").write_text(text, encoding="utf-8")
        loaded.append(load_tokenizer(out / name))
    wrong = sum(len(changed(one.backend_tokenizer, after.backend_tokenizer, former, texts))
                for one, after, former in zip(tokenizers, loaded, (rows, cut.extended_ids), strict=True))
    before = sum(parameter.numel() for parameter in model.parameters())
    report.count("rows_base", len(model.get_input_embeddings().weight), "rows of the base's embeddings")
    old = model.get_input_embeddings().weight.detach()[rows].clone()
    shrink(model, rows)
    same = torch.equal(model.get_input_embeddings().weight.detach(), old) and cut.extended_ids[:len(rows)] == rows
    save_file({"ids": torch.tensor(rows, dtype=torch.int64)}, out / KEPT)
    report.count("rows_kept", len(rows), "of them kept")
    report.count("trimmed_mb", (before - sum(parameter.numel() for parameter in model.parameters())) * 4 / 1e6,
                 "weights dropped, as float32", "MB")
    for name, lines, meaning in (("trim_unseen_changed", unseen, "held-out lines"),
                                 ("trim_base_lines_changed", others,
                                  "lines in the base's languages that were not used,")):
        if lines:
            report.count(name, len(changed(backend, loaded[0].backend_tokenizer, rows, lines)) / len(lines),
                         f"share of {meaning} that the trimmed base tokenizer segments differently")
    report.gates.append(Gate(
        name=EXACT, passed=same and not wrong, value=wrong, threshold=0, blocking=True,
        reason=f"{len(texts) - wrong:,} of {len(texts):,} texts are segmented as before by both tokenizers, and "
               f"{len(rows):,} rows are {'unchanged' if same else 'changed'}"))
    new = {former: index for index, former in enumerate(rows)}
    parts = [[new[part] for part in found] for found in chosen.parts]
    return loaded[0], loaded[1], replace(
        chosen, parts=parts, json_with=lambda count: reduced(chosen.json_with(count), cut.whole)[0])
