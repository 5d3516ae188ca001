"""Token blocks of one length from documents: nothing is padded but the last block, nothing is dropped.

Documents follow one another, each closed by the separator, and the stream is cut into blocks (FULL-SENTENCES packing).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PADDING = -1


@dataclass(frozen=True)
class Blocks:
    """Packed text.

    Attributes:
        tokens: (blocks, length) int32 token ids; padded with the tokenizer's padding id.
        words: (blocks, length) int32 number of the word within the block; -1 for specials and padding.
        attend: (blocks, length) bool, False for padding.
    """

    tokens: NDArray[np.int32]
    words: NDArray[np.int32]
    attend: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.tokens)


def pack(texts: Iterable[str], tokenizer: Any, length: int) -> Blocks:
    """Pack ``texts`` into blocks of ``length`` tokens, framed as the tokenizer frames a sequence ([CLS] ... [SEP])."""
    framing = getattr(tokenizer, "build_inputs_with_special_tokens", None)
    frame = framing([]) if framing is not None else []
    first, last = _frame(tokenizer, frame)
    separator = last or ([tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else [])
    tokens: list[int] = []
    words: list[int] = []
    word = 0
    for encoding in tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False):
        previous = None
        for token, at in zip(encoding.ids, encoding.word_ids, strict=True):
            word += at != previous or at is None
            previous = at
            tokens.append(token)
            words.append(word)
        tokens += separator
        words += [PADDING] * len(separator)
        word += 1
    return _cut(tokens, words, first, last, length, tokenizer.pad_token_id)


def _frame(tokenizer: Any, frame: Sequence[int]) -> tuple[list[int], list[int]]:
    """The special tokens before and after a sequence, found by framing one known token."""
    probe = tokenizer.backend_tokenizer.encode("a", add_special_tokens=True)
    inner = [index for index, special in enumerate(probe.special_tokens_mask) if not special]
    if not inner:
        return list(frame), []
    return list(probe.ids[:inner[0]]), list(probe.ids[inner[-1] + 1:])


def _cut(tokens: list[int], words: list[int], first: list[int], last: list[int], length: int, padding: int) -> Blocks:
    room = length - len(first) - len(last)
    count = max(1, -(-len(tokens) // room))
    ids = np.full((count, length), padding, np.int32)
    numbers = np.full((count, length), PADDING, np.int32)
    attend = np.zeros((count, length), bool)
    for row in range(count):
        inner = tokens[row * room:(row + 1) * room]
        whole = first + inner + last
        ids[row, :len(whole)] = whole
        attend[row, :len(whole)] = True
        numbers[row, len(first):len(first) + len(inner)] = words[row * room:(row + 1) * room]
    return Blocks(ids, numbers, attend)
