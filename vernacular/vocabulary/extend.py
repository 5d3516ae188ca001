"""The stage ``tokenizer/<model>``: choose pieces, write the extended tokenizer and its new rows, measure, report.

Writes ``base/`` and ``extended/`` (tokenizers), ``rows.safetensors`` (new rows) and ``pieces.jsonl`` (a row a piece).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from vernacular.artifacts import Gate, Report
from vernacular.config.schema import Language, Model
from vernacular.config.sources import NetworkSource, Source
from vernacular.corpus.sources import Place, fetch_source, open_source, place_of
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl, write_jsonl
from vernacular.models import load_base, load_tokenizer
from vernacular.stages import Progress, Work
from vernacular.vocabulary import byte_bpe, wordpiece
from vernacular.vocabulary.initialise import grow, new_rows
from vernacular.vocabulary.learn import word_counts

BASE_CHANGED_MOST = 0.005  # RECIPE 6, T1: share of base-language lines that may be segmented differently


def _place(language: Language, source: Source, root: Path) -> Place:
    return place_of(language, source, root, "retention")


def fetch_retention(model: Model, language: Language, root: Path, progress: Progress) -> None:
    """Fetch what is due of the model's retention sources that lie on the network."""
    for source in model.retention:
        if isinstance(source, NetworkSource):
            fetch_source(source, _place(language, source, root), progress)


def retention_lines(model: Model, work: Work) -> list[str]:
    """Lines in the base's languages, from the model's retention sources; empty where none are configured."""
    lines: list[str] = []
    for source in model.retention:
        for document in open_source(source, _place(work.language, source, work.root)).documents(work.progress):
            lines += [line for line in document.text.split("\n") if len(line.split()) >= 5]
    return lines


def run(work: Work, model: Model) -> Report:
    """Extend the tokenizer of one model; see the module's docstring for the files.

    Raises:
        Problem: the tokenizer's family cannot be extended (set ``new_pieces: 0``).
    """
    base_model, base = load_base(model.base, model.objective, work.language)
    texts = [row["text"] for row in read_jsonl(work.inputs["corpus/splits"] / "train.jsonl")]
    held_out = [row["text"] for row in read_jsonl(work.inputs["corpus/splits"] / "dev.jsonl")]
    english = retention_lines(model, work)
    guard_lines, check_lines = english[::2], english[1::2]  # what guards the choice does not measure it
    backend = base.backend_tokenizer
    words, guard = word_counts(texts, backend), word_counts(guard_lines, backend)
    pieces, parts, family = _choose(base, backend, words, guard, model, work)
    extended_folder = work.out / "extended"
    for name, folder in (("base", work.out / "base"), ("extended", extended_folder)):
        base.save_pretrained(folder)
        if name == "extended":
            (folder / "tokenizer.json").write_text(pieces.json, encoding="utf-8")
    extended = load_tokenizer(extended_folder)
    rows = new_rows(base_model, parts, model.vocabulary.initialise, work.seed)
    save_file({name: tensor.contiguous() for name, tensor in rows.items()}, work.out / "rows.safetensors")
    report = Report(details={"base_family": family})
    _measure(report, base, extended, pieces.names, texts, held_out, check_lines, work.out)
    _gates(report, base, extended, base_model, rows, pieces.names, extended_folder)
    return report


class _Pieces:
    def __init__(self, names: list[str], json: str) -> None:
        self.names, self.json = names, json


def _choose(base: Any, backend: Any, words: Counter[str], guard: Counter[str], model: Model,
            work: Work) -> tuple[_Pieces, list[list[int]], str]:
    """The new pieces, the ids of the base pieces each replaces, and the family's name."""
    family, settings, vocabulary = type(backend.model).__name__, model.vocabulary, base.get_vocab()
    text = backend.to_str()
    if settings.new_pieces == 0:
        return _Pieces([], text), [], family.lower()
    work.progress(f"choosing up to {settings.new_pieces} pieces from {len(words):,} different words")
    if family == "WordPiece":
        plain = set(vocabulary)
        names = wordpiece.choose(plain, words, guard, wanted=settings.new_pieces, min_uses=settings.min_uses)
        parts = [[vocabulary[part] for part in wordpiece.constituents(plain, name)] for name in names]
        return _Pieces(names, wordpiece.extended_json(text, names)), parts, "wordpiece"
    if family == "BPE" and not backend.model.byte_fallback:
        merges = byte_bpe.merges(backend, words, guard, wanted=settings.new_pieces, min_uses=settings.min_uses)
        names = ["".join(pair) for pair in merges]
        parts = [[token.id for token in backend.model.tokenize(name)] for name in names]
        return _Pieces(names, byte_bpe.extended_json(text, merges)), parts, "byte_bpe"
    raise Problem(f"a {family} tokenizer cannot be extended yet", where=f"{work.language.code} tokenizer",
                  fix="Set vocabulary: {new_pieces: 0} to keep the original one")


def _tokens(tokenizer: Any, texts: list[str]) -> list[list[str]]:
    return [encoding.tokens for encoding in tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False)]


def _measure(report: Report, base: Any, extended: Any, pieces: list[str], texts: list[str], held_out: list[str],
             check_lines: list[str], out: Path) -> None:
    words = sum(len(text.split()) for text in held_out)
    size = sum(len(text.encode()) for text in held_out)
    before, after = (sum(map(len, _tokens(tokenizer, held_out))) for tokenizer in (base, extended))
    report.count("new_pieces", len(pieces), "pieces added to the tokenizer")
    report.count("fertility_base", before / words, "tokens per word, original tokenizer, held-out text")
    report.count("fertility_extended", after / words, "tokens per word, extended tokenizer, held-out text")
    report.count("fertility_change", after / before - 1, "change in tokens per word by the extension")
    report.count("bytes_per_token_base", size / before, "bytes of text per token, original tokenizer", "bytes")
    report.count("bytes_per_token_extended", size / after, "bytes of text per token, extended tokenizer", "bytes")
    new = set(pieces)
    uses = Counter(token for tokens in _tokens(extended, texts) for token in tokens if token in new)
    rare = sum(uses[piece] < 20 for piece in pieces)
    # A merge on the way to longer ones may be used nowhere in the text, and yet be what its own letters become.
    model = extended.backend_tokenizer.model
    unused = [piece for piece in pieces if not uses[piece]]
    unreachable = [piece for piece in unused if [token.value for token in model.tokenize(piece)] != [piece]]
    report.count("pieces_unreachable", len(unreachable), "new pieces that the tokenizer cannot produce")
    report.count("pieces_unused", len(unused), "new pieces never used on the training text")
    report.count("pieces_rare", rare, "new pieces used fewer than 20 times on the training text")
    write_jsonl(out / "pieces.jsonl", ({"piece": piece, "uses": uses[piece]} for piece in pieces))
    report.samples["most used new pieces"] = [{"piece": piece, "uses": count} for piece, count in uses.most_common(20)]
    if check_lines:
        changed = sum(a != b for a, b in zip(_tokens(base, check_lines), _tokens(extended, check_lines), strict=True))
        report.count("base_lines_checked", len(check_lines),
                     "lines in the base's languages that did not guard the choice")
        report.count("base_lines_changed", changed / len(check_lines), "share of those lines segmented differently")


def _gates(report: Report, base: Any, extended: Any, base_model: Any, rows: dict[str, torch.Tensor], pieces: list[str],
           folder: Path) -> None:
    before, after = base.get_vocab(), extended.get_vocab()
    moved = [piece for piece, index in before.items() if after.get(piece) != index]
    report.gates.append(Gate(name="old_ids_unchanged", passed=not moved, blocking=True, value=len(moved), threshold=0,
                             reason=f"{len(moved)} of {len(before):,} base pieces moved"))
    old = base_model.get_input_embeddings().weight.detach().clone()
    grow(base_model, rows)
    grown = base_model.get_input_embeddings().weight.detach()
    same = torch.equal(grown[:len(old)], old) and torch.equal(grown[len(old):], rows["input"])
    added = len(grown) - len(old)
    report.gates.append(Gate(name="old_rows_untouched", passed=same, blocking=True,
                             reason=f"{len(old):,} old rows compared bit by bit after adding {added:,}"))
    unreachable = report.counts["pieces_unreachable"].value
    report.gates.append(Gate(name="all_pieces_reachable", passed=unreachable == 0, value=unreachable, threshold=0,
                             blocking=True, reason=f"{int(unreachable)} of {len(pieces):,} pieces are never produced"))
    again = load_tokenizer(folder)
    same = again.backend_tokenizer.to_str() == extended.backend_tokenizer.to_str()
    agrees = same and len(again) == len(base) + len(pieces)
    report.gates.append(Gate(name="reload_agrees", passed=agrees, blocking=True,
                             reason=f"{len(again):,} pieces after loading, {len(base):,} + {len(pieces):,} expected"))
    changed = report.counts.get("base_lines_changed")
    report.gates.append(Gate(
        name="base_text_unchanged", passed=changed is not None and changed.value <= BASE_CHANGED_MOST,
        value=changed.value if changed else None, threshold=BASE_CHANGED_MOST,
        reason=f"{changed.value:.2%} of lines in the base's languages are segmented differently" if changed
        else "not measured: the model names no retention text"))
