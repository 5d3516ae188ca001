"""Measure an extended tokenizer: tokens before and after, use of new tokens, the base's languages.

All numbers come from the tokenizers as loaded, not from the search that chose the tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from vernacular.core.confidence import FEWEST_TEXTS, ratio
from vernacular.core.jsonl import write_jsonl
from vernacular.core.normal_forms import normalized
from vernacular.core.plots import bars, curves
from vernacular.core.report import Report
from vernacular.modeling.packing import encodings
from vernacular.provenance.suppression_list import folded
from vernacular.provenance.text_search import LONG
from vernacular.text.words import words as words_of
from vernacular.tokenizer.families import Extended
from vernacular.tokenizer.stage_results import FertilityIntervals, RegisterSizes, TokenizerResult

ARMS = ("base", "extended")
RARE = 20  # uses; RECIPE 6, T1
_POINTS = 6  # of the curve
_SEED = 1  # of resamples
_SAMPLES = 20
_AROUND = 30  # characters of context around a token in an example


def tokens(backend: Any, texts: Sequence[str]) -> list[list[str]]:
    """Return the tokens of each text, without special ones."""
    return [encoding.tokens for encoding in backend.encode_batch(list(texts), add_special_tokens=False)]


def changed(base: Any, extended: Any, lines: Sequence[str]) -> list[str]:
    """Return the lines that two ``tokenizers.Tokenizer`` segment differently."""
    return [line for line, one, other in zip(lines, tokens(base, lines), tokens(extended, lines), strict=True)
            if one != other]


def fertility(report: Report, base: Any, extended: Any, chosen: Extended, rows: Sequence[Mapping[str, Any]],
              out: Path) -> TokenizerResult:
    """Report tokens per word and bytes per token of held-out documents: total, by register, by number of tokens."""
    texts = [row["text"] for row in rows]
    sizes = _sizes(base, extended, texts)
    registers = np.array([row.get("register") or "unknown" for row in rows])
    found = {register: {name: max(1, int(each[registers == register].sum())) for name, each in sizes.items()}
             for register in sorted({*registers.tolist()})}
    words, size, before, after = (sum(row[name] for row in found.values()) for name in sizes)
    report.count("new_pieces", len(chosen.pieces), "tokens added to the tokenizer")
    report.count("fertility_base", before / words, "tokens per word, original tokenizer, held-out text")
    report.count("fertility_extended", after / words, "tokens per word, extended tokenizer, held-out text")
    report.count("fertility_change", after / before - 1, "change in tokens per word by the extension")
    report.count("bytes_per_token_base", size / before, "bytes of text per token, original tokenizer", "bytes")
    report.count("bytes_per_token_extended", size / after, "bytes of text per token, extended tokenizer", "bytes")
    report.samples["held-out text by register"] = [
        {"register": register, "words": row["words"],
         **{f"tokens per word, {arm}": round(row[f"tokens_{arm}"] / row["words"], 3) for arm in ARMS},
         **{f"bytes per token, {arm}": round(row["bytes"] / row[f"tokens_{arm}"], 3) for arm in ARMS}}
        for register, row in found.items()]
    labels = [f"{register}, {arm}" for register in found for arm in ARMS]
    bars(out / "fertility.png", "Tokens per word on held-out text", labels,
         [row[f"tokens_{arm}"] / row["words"] for row in found.values() for arm in ARMS], "tokens per word")
    report.plots["tokens per word by register"] = "fertility.png"
    _normal_forms(report, base, extended, texts)
    return TokenizerResult(
        base_family=chosen.family, fertility_by_register={
            register: RegisterSizes.model_validate(row) for register, row in found.items()},
        fertility_intervals=_intervals(sizes) if len(rows) >= FEWEST_TEXTS else None,
        fertility_by_pieces=_curve(report, chosen, texts, words, before, after, out) if chosen.pieces else None)


def _sizes(base: Any, extended: Any, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return words, bytes and tokens of each text, (texts,)."""
    found: dict[str, Iterable[int]] = {"words": (len(words_of(text)) for text in texts),
                                       "bytes": (len(text.encode()) for text in texts)}
    for arm, one in zip(ARMS, (base, extended), strict=True):
        found[f"tokens_{arm}"] = map(len, tokens(one.backend_tokenizer, texts))
    return {name: np.fromiter(each, float) for name, each in found.items()}


def _intervals(sizes: Mapping[str, NDArray[np.float64]]) -> FertilityIntervals:
    words, before, after = (sizes[name] for name in ("words", "tokens_base", "tokens_extended"))
    base, extended, change = ((one["low"], one["mean"], one["high"]) for one in (
        ratio(before, words, _SEED), ratio(after, words, _SEED), ratio(after - before, before, _SEED)))
    return FertilityIntervals(base=base, extended=extended, change=change)


def _curve(report: Report, chosen: Extended, texts: list[str], words: float, before: float, after: float,
           out: Path) -> list[tuple[int, float]]:
    """Report fertility by the number of new tokens, most useful first."""
    counts = sorted({round(len(chosen.pieces) * share / _POINTS) for share in range(1, _POINTS)} - {0})
    points = [(0, before / words), *((count, sum(map(len, tokens(Tokenizer.from_str(chosen.json_with(count)), texts)))
                                      / words) for count in counts), (len(chosen.pieces), after / words)]
    curves(out / "pieces.png", "Tokens per word by number of new tokens", "new pieces", "tokens per word",
           {"held-out": ([count for count, _ in points], [value for _, value in points])})
    report.plots["tokens per word by number of tokens"] = "pieces.png"
    return points


def _normal_forms(report: Report, base: Any, extended: Any, texts: list[str]) -> None:
    """Report whether NFD text is segmented like NFC: the base's normalizer decides, and the extension must not."""
    forms = [[normalized(form, text) for text in texts] for form in ("NFC", "NFD")]
    for name, one in zip(ARMS, (base, extended), strict=True):
        composed, decomposed = (tokens(one.backend_tokenizer, form) for form in forms)
        same = sum(left == right for left, right in zip(composed, decomposed, strict=True))
        report.count(f"nfd_same_{name}", same / max(len(texts), 1),
                     f"share of held-out texts that the {name} tokenizer segments equally in NFD and NFC")


def pieces(report: Report, extended: Any, chosen: Extended, ids: Sequence[int], rows: Sequence[Mapping[str, Any]],
           out: Path) -> None:
    """Report the uses of the new tokens in the training text with examples; write ``pieces.jsonl``."""
    backend, new = extended.backend_tokenizer, set(chosen.pieces)
    uses: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for text, encoding in encodings((row["text"] for row in rows), backend):
        for place, token in enumerate(encoding.tokens):
            if token in new:
                uses[token] += 1
                if token not in examples:
                    examples[token] = _example(text, *encoding.offsets[place])
    # An intermediate merge may be unused in the text, and yet be produced from its own letters.
    unused = [piece for piece in chosen.pieces if not uses[piece]]
    unreachable = [piece for piece in unused if [token.value for token in backend.model.tokenize(piece)] != [piece]]
    report.count("pieces_unreachable", len(unreachable), "new tokens that the tokenizer cannot produce")
    report.count("pieces_unused", len(unused), "new tokens never used on the training text")
    report.count("pieces_rare", sum(uses[piece] < RARE for piece in chosen.pieces),
                 f"new tokens used fewer than {RARE} times on the training text")
    found = [{"piece": piece, "id": index, "letters": extended.decode([index]).strip(), "uses": uses[piece],
              "replaces": extended.convert_ids_to_tokens(parts), "example": examples.get(piece, "")}
             for piece, index, parts in zip(chosen.pieces, ids, chosen.parts, strict=True)]
    write_jsonl(out / "pieces.jsonl", found)
    report.samples["most used new tokens"] = [
        {**row, "replaces": " ".join(row["replaces"])} for row in
        sorted(found, key=lambda row: (-row["uses"], row["id"]))[:_SAMPLES]]


def _example(text: str, start: int, end: int) -> str:
    """Return the line around a token, with its beginning, by which takedowns find quotes (``text_search``)."""
    first = text.rfind("\n", 0, max(0, end - 1)) + 1
    line = text[first:].partition("\n")[0]
    head, start, end = LONG, start - first - _AROUND, end - first + _AROUND
    while head < len(line) and len(folded(line[:head])) <= LONG:  # a cut may change the last letter
        head += 1
    shown = line[:max(head, end)] if start <= head else f"{line[:head]} … {line[start:end]}"
    return " ".join(shown.split())


def base_languages(report: Report, base: Any, extended: Any, lines: Sequence[str], rows: Sequence[Mapping[str, Any]],
                   languages: Collection[str]) -> None:
    """Report the share of base-language lines with changed segmentation; for English also parity.

    Parity is bytes per token in English divided by bytes per token in the language: the relative
    cost of the same text.
    """
    if not lines:
        return
    before, after = base.backend_tokenizer, extended.backend_tokenizer
    different = changed(before, after, lines)
    report.count("base_lines_checked", len(lines), "lines in the base's languages that did not guard the choice")
    report.count("base_lines_changed", len(different) / len(lines), "share of those lines segmented differently")
    report.samples["lines in the base's languages segmented differently"] = [
        {"line": line[:200], "new": " ".join(sorted(set(new) - set(old)))} for line, old, new in
        zip(different[:_SAMPLES], tokens(before, different[:_SAMPLES]), tokens(after, different[:_SAMPLES]),
            strict=True)]
    if set(languages) == {"eng"}:
        english = sum(len(line.encode()) for line in lines) / sum(map(len, tokens(before, lines)))
        for arm in ARMS:
            own = report.counts[f"bytes_per_token_{arm}"].value
            report.count(f"parity_with_english_{arm}", english / own,
                         f"tokens that the {arm} tokenizer needs per byte of the language, relative to English")
