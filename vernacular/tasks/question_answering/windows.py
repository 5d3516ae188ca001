"""Encode a question with its context, in overlapping windows if the context is long.

The pair is framed by the tokenizer; if it adds no separator, a line break is used. The question
comes first, so that causal models read it before the context. Answers are mapped to tokens by the
fast tokenizer's offsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vernacular.tasks.adapter_model import Encoded


@dataclass(frozen=True)
class Window(Encoded):
    """One window of a question's context."""

    # start and end in the context of each token, (0, 0) for other tokens
    offsets: list[tuple[int, int]] = field(default_factory=list)
    first: int = 0  # index of the first token of the context
    stop: int = 0  # index after its last token

    def place(self, span: tuple[int, int]) -> tuple[int, int] | None:
        """Return the first and last token of the characters ``span``; None if they exceed the window."""
        if self.first == self.stop or self.offsets[self.first][0] > span[0] or self.offsets[self.stop - 1][1] < span[1]:
            return None
        inside = [token for token in range(self.first, self.stop)
                  if self.offsets[token][0] < span[1] and self.offsets[token][1] > span[0]]
        return (inside[0], inside[-1]) if inside else None


@dataclass(frozen=True)
class Windows(Encoded):
    """All windows of a question; ``tokens`` are those of all, so that batch sizes reflect the cost."""

    windows: tuple[Window, ...] = ()


def encode_questions(questions: Sequence[tuple[str, str]], tokenizer: Any, longest: int) -> list[Encoded]:
    """Return the windows of each question, at most ``longest`` tokens each, overlapping by half.

    A question takes at most half of a window; a longer one is truncated.

    ``questions``: question and context. ``longest``: tokens of a window.
    """
    backend = tokenizer.backend_tokenizer
    join = "" if _separates(backend) else "\n"
    pairs = [(_cut(question.strip(), backend, longest // 2) + join, context) for question, context in questions]
    out: list[Encoded] = []
    for encoding in backend.encode_batch(pairs):
        parts, size = encoding.sequence_ids, len(encoding.ids)
        context = [token for token, part in enumerate(parts) if part == 1] or [size]
        first, stop = context[0], min(size, context[-1] + 1)
        room = max(2, longest - first - (size - stop))
        found = []
        for start in range(first, max(first + 1, stop - room + room // 2), room // 2):
            end = min(stop, start + room)
            kept = [*range(first), *range(start, end), *range(stop, size)]
            found.append(Window(
                [encoding.ids[token] for token in kept], [], 1, [encoding.type_ids[token] for token in kept],
                [encoding.offsets[token] if parts[token] == 1 else (0, 0) for token in kept], first,
                first + end - start))
        out.append(Windows([token for window in found for token in window.tokens], [], 1, windows=tuple(found)))
    return out


def _cut(text: str, backend: Any, most: int) -> str:
    encoding = backend.encode(text, add_special_tokens=False)
    return text if len(encoding.ids) <= most else text[:encoding.offsets[most - 1][1]]


def _separates(backend: Any) -> bool:
    """Whether the tokenizer separates the texts of a pair by a token."""
    parts = backend.encode("a", "b").sequence_ids
    return None in parts[parts.index(0):parts.index(1)]
