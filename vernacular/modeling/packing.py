"""Pack documents into token blocks of one length: little padding, nothing dropped.

Documents are split into pieces that fill the blocks. Each piece is framed like a separate text,
with positions from 0, and attention stays within it (Zhao et al. 2402.13991 measured the cost of
attention across documents).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.text.codepoints import unspaced

PADDING = -1
_AT_ONCE = 1000  # texts


@dataclass(frozen=True)
class Blocks:
    """Packed text."""

    # (blocks, length) int32 token ids; padded with the tokenizer's padding id
    tokens: NDArray[np.int32]
    # (blocks, length) int32 number of the word within the block; -1 for specials and padding.
    # In scripts without spaces each letter that begins a token begins a word, as in
    # ``text.words``.
    words: NDArray[np.int32]
    attend: NDArray[np.bool_]  # (blocks, length) bool, False for padding
    # (blocks, length) int32 index of the piece within the block; padding is a separate piece
    pieces: NDArray[np.int32]
    positions: NDArray[np.int32]  # (blocks, length) int32 position within the piece

    def __len__(self) -> int:
        return len(self.tokens)


def join(parts: Sequence[Blocks]) -> Blocks:
    """Concatenate blocks of equal length."""
    return Blocks(*(np.concatenate([getattr(part, name) for part in parts])
                    for name in ("tokens", "words", "attend", "pieces", "positions")))


def pack(texts: Iterable[str], tokenizer: Any, length: int) -> Blocks:
    """Pack ``texts`` into blocks of ``length`` tokens.

    A tokenizer that frames texts ([CLS] ... [SEP]) frames every piece; otherwise a document starts
    with the token for the beginning of a text (or for its end, if there is none) and ends with the
    end token.
    """
    first, last = _frame(tokenizer)
    framed = bool(first or last)
    rows = _Rows(length, tokenizer.pad_token_id, first if framed else [], last if framed else [])
    before = [] if framed else opening(tokenizer)
    closing = [] if framed else _known(tokenizer.eos_token_id)
    for text, encoding in encodings(texts, tokenizer.backend_tokenizer):
        if not encoding.ids:
            continue
        words = np.array([PADDING if at is None else at for at in encoding.word_ids], np.int64)
        starts = np.append(True, words[1:] != words[:-1]) | (words == PADDING) | _on_letters(text, encoding)
        numbers = np.cumsum(starts)
        special = np.full(len(before), PADDING), np.full(len(closing), PADDING)
        rows.add(np.array([*before, *encoding.ids, *closing], np.int32),
                 np.concatenate([special[0], numbers, special[1]]))
    return rows.blocks()


def padded_ids(rows: Sequence[Sequence[int]], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return padded token ids and the attention mask: both (rows, longest row)."""
    tokens = torch.full((len(rows), max(map(len, rows))), padding)
    attend = torch.zeros_like(tokens)
    for row, ids in enumerate(rows):
        tokens[row, :len(ids)] = torch.tensor(ids)
        attend[row, :len(ids)] = 1
    return tokens, attend


def opening(tokenizer: Any) -> list[int]:
    """Return the special tokens before a text in ``pack``."""
    return _frame(tokenizer)[0] or _known(tokenizer.bos_token_id, tokenizer.eos_token_id)


def encodings(texts: Iterable[str], backend: Any) -> Iterator[tuple[str, Any]]:
    """Yield each text with its encoding by a ``tokenizers.Tokenizer``, without special tokens.

    In batches, since encodings take a hundred times the memory of ids.
    """
    remaining = iter(texts)
    while some := list(islice(remaining, _AT_ONCE)):
        yield from zip(some, backend.encode_batch(some, add_special_tokens=False), strict=True)


def _on_letters(text: str, encoding: Any) -> NDArray[np.bool_]:
    """Return which tokens begin with a letter of a script without spaces; for a multibyte letter only the first."""
    letters: NDArray[np.bool_] = unspaced().take(np.frombuffer(text.encode("utf-32-le"), dtype="<u4"))
    if not letters.any():
        return np.zeros(len(encoding.ids), np.bool_)
    first = np.array([min(start + (text[start:start + 1] == " "), len(text) - 1) for start, _ in encoding.offsets])
    found: NDArray[np.bool_] = letters[first] & np.append(True, first[1:] != first[:-1])
    return found


def _known(*ids: int | None) -> list[int]:
    """Return the first id that is not None, as a list."""
    return [found for found in ids if found is not None][:1]


def _frame(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the special tokens before and after a text, found by framing a known token."""
    probe = tokenizer.backend_tokenizer.encode("a", add_special_tokens=True)
    inner = [index for index, special in enumerate(probe.special_tokens_mask) if not special]
    if not inner:
        return [], []
    return list(probe.ids[:inner[0]]), list(probe.ids[inner[-1] + 1:])


class _Rows:
    """Blocks being filled."""

    def __init__(self, length: int, padding: int, first: list[int], last: list[int]) -> None:
        self.length, self.padding = length, padding
        self.first, self.last = np.array(first, np.int32), np.array(last, np.int32)
        self.done: list[tuple[NDArray[Any], ...]] = []
        self._open()

    def _open(self) -> None:
        self.tokens = np.full(self.length, self.padding, np.int32)
        self.words = np.full(self.length, PADDING, np.int32)
        self.pieces = np.zeros(self.length, np.int32)
        self.positions = np.zeros(self.length, np.int32)
        self.at = self.count = self.word = 0

    def _close(self) -> None:
        left = self.length - self.at
        self.pieces[self.at:] = self.count
        self.positions[self.at:] = np.arange(left)
        self.done.append((self.tokens, self.words, np.arange(self.length) < self.at, self.pieces, self.positions))
        self._open()

    def add(self, tokens: NDArray[np.int32], words: NDArray[np.int64]) -> None:
        """Add a document: its token ids and the word number of each token, -1 for specials."""
        frame, at = len(self.first) + len(self.last), 0
        while at < len(tokens):
            room = self.length - self.at - frame
            if room < 1:
                self._close()
                continue
            piece, numbers = tokens[at:at + room], words[at:at + room]
            at += len(piece)
            whole = np.concatenate([self.first, piece, self.last])
            here = slice(self.at, self.at + len(whole))
            inner = slice(self.at + len(self.first), self.at + len(self.first) + len(piece))
            known = numbers[numbers != PADDING]
            if len(known):
                low = int(known.min())
                self.words[inner] = np.where(numbers == PADDING, PADDING, numbers - low + self.word)
                self.word += int(known.max()) - low + 1
            self.tokens[here], self.pieces[here] = whole, self.count
            self.positions[here] = np.arange(len(whole))
            self.at += len(whole)
            self.count += 1
        if self.at == self.length:
            self._close()

    def blocks(self) -> Blocks:
        """Return all blocks; one of padding if nothing was added."""
        if self.at or not self.done:
            self._close()
        return Blocks(*(np.stack(parts) for parts in zip(*self.done, strict=True)))
