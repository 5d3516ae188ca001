"""The stage ``tokenizer/<model>``: choose tokens, write the extended tokenizer and its new rows, measure.

Writes ``base/`` and ``extended/`` (tokenizers), ``rows.safetensors`` (new rows) and
``pieces.jsonl`` (a row per token); if the base is trimmed, both tokenizers are, and
``kept.safetensors`` has the former id of each id.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from vernacular.config.schema import Language, Model
from vernacular.core.errors import Problem
from vernacular.core.report import Gate, Report
from vernacular.datasets.aligned_pairs import read_learned_pairs
from vernacular.modeling.base_models import load_base, load_tokenizer
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.remarks.rules import few_new_tokens, lost_marks
from vernacular.tokenizer import fertility as measure
from vernacular.tokenizer.base_language_text import retention_lines
from vernacular.tokenizer.candidates import Letters, in_capitals, word_counts
from vernacular.tokenizer.embedding_init import grow, new_rows
from vernacular.tokenizer.families import Extended, extend
from vernacular.tokenizer.guard_words import guard_words
from vernacular.tokenizer.lexicon import translated
from vernacular.tokenizer.lost_marks import measure_lost_marks
from vernacular.tokenizer.mixtures import mean, mixtures
from vernacular.tokenizer.stages import trimmed_by
from vernacular.tokenizer.token_distillation import distil
from vernacular.tokenizer.trim import EXACT, Cut, plan_cut, trim

SAVES_LEAST = 0.2  # share of the weights from which a base is trimmed unasked (docs/experiments/trimming.md)
BASE_CHANGED_MOST = 0.005  # RECIPE 6, T1: share of base-language lines that may be segmented differently
FAULT = "This is a bug: please report it with the log of the run"


def run(work: StageContext, name: str, model: Model) -> Report:
    """Extend the tokenizer of the model ``name``; see the module's docstring for the files."""
    base_model, base = load_base(model.base, model.objective, work.language)
    rows = list(read_rows(work.inputs["corpus/splits"] / file_of("train")))
    texts = [row["text"] for row in rows]
    lines = retention_lines(model, work)
    guard_lines, check_lines = lines[::2], lines[1::2]  # guard lines are not used for measuring
    backend = base.backend_tokenizer
    words = word_counts(texts, backend)
    guard = guard_words(guard_lines, model.base.languages, work.language.code, backend)
    work.progress(f"choosing up to {model.vocabulary.new_pieces} tokens from {len(words):,} different words; "
                  f"{len(guard):,} others guard the base")
    chosen = extend(backend, words, guard, model.vocabulary, Letters(work.language.script, in_capitals(words)),
                    f"{work.language.code} tokenizer", work.progress)
    extended_folder = work.out / "extended"
    for folder in (work.out / "base", extended_folder):
        base.save_pretrained(folder)
    (extended_folder / "tokenizer.json").write_text(chosen.json_with(len(chosen.pieces)), encoding="utf-8")
    extended = load_tokenizer(extended_folder)
    ids = ids_of(extended, chosen.pieces)
    pairs = read_learned_pairs(work.inputs[f"alignment/{name}"]) if model.initialise == "translations" else []
    if pairs:
        found = translated(extended.backend_tokenizer, backend, ids, pairs)
        mixed = [found.get(index) or mean(part) for index, part in zip(ids, chosen.parts, strict=True)]
    else:
        mixed = mixtures(model.initialise, backend, extended.backend_tokenizer, ids, chosen.parts, texts, work.seed)
    new = new_rows(base_model, mixed, work.seed)
    if model.initialise == "distillation":
        new = distil(base_model, (base, extended), ids, new, texts, work.seed, f"{work.language.code} tokenizer",
                     work.progress)
    report = Report()
    held_out = list(read_rows(work.inputs["corpus/splits"] / file_of("dev")))
    read = [*texts, *guard_lines, *(translation for _, translation in pairs)]
    cut, why = _cut(work.language, model, base_model, (base, extended), chosen, read)
    if cut is not None:
        unseen = [line for row in held_out for line in row["text"].split("\n")]
        base, extended, chosen = trim(report, work.out, cut, base_model, (base, extended), chosen, read, unseen,
                                      check_lines)
        ids = ids_of(extended, chosen.pieces)
    else:
        report.gates.append(Gate(name=EXACT, passed=True, blocking=True,
                                 reason=f"the base keeps all its tokens ({why}), so all text is segmented as before"))
    new["ids"] = torch.tensor(ids, dtype=torch.int64)
    save_file({name: tensor.contiguous() for name, tensor in new.items()}, work.out / "rows.safetensors")
    report.count("guard_words", len(guard), "different words in the base's languages that guard it against new "
                                            "tokens")
    report.set_result(measure.fertility(report, base, extended, chosen, held_out, work.out))
    measure.pieces(report, extended, chosen, ids, rows, work.out)
    measure.base_languages(report, base, extended, check_lines, held_out, model.base.languages)
    _gates(report, base, extended, base_model, new, ids, extended_folder)
    marks = measure_lost_marks(backend, texts)
    if marks.words:
        report.count("words_losing_marks", marks.words, "share of words of which the base's tokenizer removes accents")
        report.count("words_merged", marks.merged, "share of words that are then read as another word")
    report.remark(lost_marks(name, marks.words, marks.merged, marks.examples))
    report.remark(few_new_tokens(name, model, sum(words.values()), len(ids), -report.counts["fertility_change"].value))
    return report


def _cut(language: Language, model: Model, base_model: Any, tokenizers: tuple[Any, Any], chosen: Extended,
         texts: Sequence[str]) -> tuple[Cut | None, str]:
    """Return how the base is trimmed, or None and the reason."""
    by = trimmed_by(language, model)
    if by == "nothing":
        return None, "`vocabulary.trim` is `nothing`" if model.vocabulary.trim else "the default for such a model"
    try:
        cut = plan_cut(by, base_model, tokenizers, chosen, texts)
    except Problem as problem:
        if model.vocabulary.trim is not None:
            raise
        return None, problem.what
    if model.vocabulary.trim is None and cut.saved < SAVES_LEAST:
        return None, f"trimming would save {cut.saved:.0%} of the weights"
    return cut, ""


def ids_of(tokenizer: Any, pieces: Sequence[str]) -> list[int]:
    """Return the id of each of ``pieces``."""
    vocabulary = tokenizer.get_vocab()  # copies the whole table with each call
    return [vocabulary[piece] for piece in pieces]


def _gates(report: Report, base: Any, extended: Any, base_model: Any, rows: dict[str, torch.Tensor], ids: Sequence[int],
           folder: Path) -> None:
    before, after = base.get_vocab(), extended.get_vocab()
    moved = [piece for piece, index in before.items() if after.get(piece) != index]
    report.gates.append(Gate(name="old_ids_unchanged", passed=not moved, blocking=True, value=len(moved), threshold=0,
                             reason=f"{len(moved)} of {len(before):,} base tokens have another id" if moved else
                             f"all {len(before):,} base tokens keep their id", fix=FAULT))
    old = base_model.get_input_embeddings().weight.detach().clone()
    grow(base_model, rows)
    grown = base_model.get_input_embeddings().weight.detach()
    kept = torch.ones(len(old), dtype=torch.bool)
    kept[[index for index in ids if index < len(old)]] = False
    same = (torch.equal(grown[:len(old)][kept], old[kept])
            and torch.equal(grown[list(ids)], rows["input"].to(grown.dtype)))
    report.gates.append(Gate(name="old_rows_untouched", passed=same, blocking=True,
                             reason=f"{int(kept.sum()):,} old rows are {'' if same else 'not '}bit-identical after "
                                    f"adding {len(ids):,}", fix=FAULT))
    unreachable = report.counts["pieces_unreachable"].value
    report.gates.append(Gate(name="all_pieces_reachable", passed=unreachable == 0, value=unreachable, threshold=0,
                             blocking=True, reason=f"{int(unreachable)} of {len(ids):,} new tokens are never "
                                                   "produced" if
                             unreachable else f"the tokenizer can produce all {len(ids):,} new tokens", fix=FAULT))
    again = load_tokenizer(folder)
    same = again.backend_tokenizer.to_str() == extended.backend_tokenizer.to_str()
    agrees = same and len(after) == len(before) + len(ids) and all(index < len(grown) for index in after.values())
    report.gates.append(Gate(name="reload_agrees", passed=agrees, blocking=True,
                             reason=f"the reloaded tokenizer has {len(again):,} tokens instead of {len(base):,} + "
                                    f"{len(ids):,}",
                             fix=FAULT))
    changed = report.counts.get("base_lines_changed")
    report.gates.append(Gate(
        name="base_text_unchanged", passed=changed is not None and changed.value <= BASE_CHANGED_MOST,
        value=changed.value if changed else None, threshold=BASE_CHANGED_MOST,
        reason=f"{1 - changed.value:.2%} of the lines in the base's languages are segmented as before; the minimum "
               f"is {1 - BASE_CHANGED_MOST:.1%}" if changed else
               "not measured: `retention:` of the model names no text",
        fix="Lower `vocabulary.new_pieces`, or name more text in the base's languages under "
            "`retention:`" if changed else
            "Name text in the base's languages under `retention:`"))
