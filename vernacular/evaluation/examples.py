"""Examples for the release page: filled blanks and tokenized sentences of each model.

They are drawn at random from held-out lines, to avoid selection. The likelihood stage, which loads
every model, writes them to ``FILE``; that file contains text and is not released.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernacular.core.result import Result
from vernacular.core.store import write_atomically
from vernacular.modeling.base_models import longest_input
from vernacular.text.words import word_spans
from vernacular.tokenizer.families import family_of

FILE = "examples.json"
EACH = 3  # of each kind
FEWEST_WORDS, MOST_WORDS = 6, 20  # a shorter line gives too little context, a longer one is tiring to read
FEWEST_LETTERS = 2  # of a hidden word and of one that fills a blank: single letters are mostly prefixes
FILLS = 3
# Marks of tokens: in WordPiece of one that continues a word, in the others of one that begins it.
_MARKS = {"wordpiece": "##", "byte_bpe": "Ġ", "sentencepiece_bpe": "▁", "unigram": "▁"}


class Fill(Result):
    """A word that a model predicts in a blank, with its probability."""

    word: str
    probability: float


class Blank(Result):
    """A held-out line with one word hidden."""

    before: str  # the text before the hidden word
    word: str  # the hidden word
    after: str  # the text after it
    fills: dict[str, list[Fill]]  # variant -> its most probable words, in order


class Segmented(Result):
    """A held-out line as tokens: variant -> for each stretch without spaces the texts of its tokens."""

    tokens: dict[str, list[list[str]]]


class Examples(Result):
    """The stored examples."""

    lines: int  # number of held-out lines to draw from
    blanks: list[Blank]  # none for a causal model
    segmented: list[Segmented]  # lines as tokens


@dataclass(frozen=True)
class Answers:
    """One variant's results: words for each blank, tokens for each line."""

    fills: list[list[Fill]]
    tokens: list[list[list[str]]]


class Drawn:
    """Lines drawn for examples; each variant is queried while it is loaded.

    ``masked``: whether the models are masked, so that they can fill a blank.
    """

    def __init__(self, lines: Sequence[str], seed: int, masked: bool) -> None:
        generator = random.Random(seed)
        suitable = [line for line in lines if FEWEST_WORDS <= len(word_spans(line)) <= MOST_WORDS]
        drawn = generator.sample(suitable, min(2 * EACH, len(suitable)))
        self._count, self._lines = len(suitable), drawn[EACH:] if len(drawn) > EACH else drawn
        blanks = [(line, [span for span in word_spans(line) if _is_word(line[slice(*span)])])
                  for line in (drawn[:EACH] if masked else [])]
        self._blanks = [(line, generator.choice(spans)) for line, spans in blanks if spans]

    def ask(self, model: Any, tokenizer: Any) -> Answers:
        """Return a model's words for the blanks and tokens of the lines."""
        return Answers([fill(model, tokenizer, line, span) for line, span in self._blanks],
                       [segment(tokenizer, line) for line in self._lines])

    def write(self, folder: Path, answers: Mapping[str, Answers]) -> None:
        """Write the results of each variant to ``folder``."""
        blanks = [Blank(before=line[:start], word=line[start:stop], after=line[stop:],
                        fills={arm: one.fills[row] for arm, one in answers.items()})
                  for row, (line, (start, stop)) in enumerate(self._blanks)]
        examples = Examples(lines=self._count, blanks=blanks, segmented=[
            Segmented(tokens={arm: one.tokens[row] for arm, one in answers.items()})
            for row in range(len(self._lines))])
        write_atomically(folder / FILE, examples.model_dump_json(indent=1) + "\n")


def read_examples(folder: Path) -> Examples | None:
    """Read what ``Drawn.write`` wrote to ``folder``; None for older artifacts."""
    path = folder / FILE
    return Examples.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def _is_word(text: str) -> bool:
    return len(text) >= FEWEST_LETTERS and text.isalpha()


def fill(model: Any, tokenizer: Any, line: str, span: tuple[int, int], most: int = FILLS) -> list[Fill]:
    """Return the most probable replacements of a word of ``line`` among single-token words.

    ``span``: start and end of the word.
    """
    import torch
    text = line[:span[0]] + tokenizer.mask_token + line[span[1]:]
    ids = tokenizer(text, truncation=True, max_length=longest_input(model, 128), return_tensors="pt")["input_ids"]
    places = (ids[0] == tokenizer.mask_token_id).nonzero()
    if not len(places):  # beyond the model's length
        return []
    with torch.inference_mode():
        logits = model(input_ids=ids.to(model.get_input_embeddings().weight.device)).logits[0, int(places[0])]
    probabilities, words = logits.float().softmax(-1).tolist(), _words(tokenizer)
    best = sorted(words, key=lambda number: (-probabilities[number], number))[:most]
    return [Fill(word=tokenizer.decode([number]).strip(), probability=round(probabilities[number], 4))
            for number in best]


def _words(tokenizer: Any) -> list[int]:
    family, special = family_of(tokenizer.backend_tokenizer), {*tokenizer.all_special_ids}
    mark = _MARKS[family]
    return [number for token, number in tokenizer.get_vocab().items()
            if number not in special and token.startswith(mark) != (family == "wordpiece")
            and _is_word(token.removeprefix(mark))]


def segment(tokenizer: Any, line: str) -> list[list[str]]:
    """Return the tokens of ``line`` as parts of its text, grouped by spaces.

    A token without a character of its own, such as a further byte of one, is ``…``; a space is
    ``▁``.
    """
    found: dict[int, list[str]] = {}
    end, mark = 0, _MARKS[family_of(tokenizer.backend_tokenizer)]
    encoding = tokenizer.backend_tokenizer.encode(line, add_special_tokens=False)
    for token, (start, stop) in zip(encoding.tokens, encoding.offsets, strict=True):
        group = len(f"{line[:stop]}x".split())  # the word in which the token ends
        found.setdefault(group, []).append("▁" if token == mark else line[max(start, end):stop].strip() or "…")
        end = max(end, start if token == mark else stop)
    return [*found.values()]
