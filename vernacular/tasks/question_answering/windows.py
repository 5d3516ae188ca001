"""A question and its context as a model reads them: overlapping windows where the context is too long for one.

The pair is framed as the tokenizer frames one; a tokenizer that puts nothing between the two gets a line break. The
question comes first, so that a causal model has read it when it reads the context. Answers and tokens meet through the
fast tokenizer's offsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vernacular.tasks.question_answering.questions import Question


@dataclass(frozen=True)
class Window:
    """One window of a question's context.

    Attributes:
        question: index of the question.
        tokens: ids, the question included.
        types: segment ids of the tokens, for models that have them.
        offsets: start and end in the context of each token, (0, 0) for one that is no part of it.
        first: index of the first token of the context.
        stop: index behind its last one.
    """

    question: int
    tokens: list[int]
    types: list[int]
    offsets: list[tuple[int, int]]
    first: int
    stop: int

    def place(self, span: tuple[int, int]) -> tuple[int, int] | None:
        """The first and the last token of the characters ``span``; None if the window does not hold all of them."""
        if self.first == self.stop or self.offsets[self.first][0] > span[0] or self.offsets[self.stop - 1][1] < span[1]:
            return None
        inside = [token for token in range(self.first, self.stop)
                  if self.offsets[token][0] < span[1] and self.offsets[token][1] > span[0]]
        return (inside[0], inside[-1]) if inside else None


def windows(questions: Sequence[Question], tokenizer: Any, longest: int) -> list[Window]:
    """The windows of all questions, in order, each at most ``longest`` tokens, each half a window after the last.

    A question takes at most half of a window; what is longer is cut.
    """
    backend = tokenizer.backend_tokenizer
    asked = [_cut(question.text.strip(), backend, longest // 2) for question in questions]
    if questions and not _separates(backend):
        asked = [f"{text}\n" for text in asked]
    pairs = [(text, question.context) for text, question in zip(asked, questions, strict=True)]
    found = []
    for index, encoding in enumerate(backend.encode_batch(pairs)):
        context = [token for token, part in enumerate(encoding.sequence_ids) if part == 1]
        first, stop = (context[0], context[-1] + 1) if context else (len(encoding.ids), len(encoding.ids))
        room = max(2, longest - first - (len(encoding.ids) - stop))
        start = first
        while True:
            end = min(stop, start + room)
            kept = [*range(first), *range(start, end), *range(stop, len(encoding.ids))]
            found.append(Window(
                index, [encoding.ids[token] for token in kept], [encoding.type_ids[token] for token in kept],
                [encoding.offsets[token] if encoding.sequence_ids[token] == 1 else (0, 0) for token in kept],
                first, first + end - start))
            if end == stop:
                break
            start += room // 2
    return found


def _cut(text: str, backend: Any, most: int) -> str:
    """``text`` up to its ``most``-th token."""
    encoding = backend.encode(text, add_special_tokens=False)
    return text if len(encoding.ids) <= most else text[:encoding.offsets[most - 1][1]]


def _separates(backend: Any) -> bool:
    """Whether the tokenizer puts a token of its own between the two texts of a pair."""
    parts = backend.encode("a", "b").sequence_ids
    return None in parts[parts.index(0):parts.index(1)]
