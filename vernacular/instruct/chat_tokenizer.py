"""The tokenizer of the model that answers: the adapted one with the instruct model's special tokens and chat template.

``Rows`` has the place that the embedding of each of its tokens comes from: tokens are matched by their text,
since ids differ where tokens were added or removed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.chat import end_of_turn, specials

NAMED = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")
_NONE = -1
FIX = "Use the instruction-tuned model that was made from this base"


@dataclass(frozen=True)
class Rows:
    """For each id of the joined tokenizer the row of the same token in each model; -1 if it has none."""

    adapted: NDArray[np.int64]
    base: NDArray[np.int64]
    instruct: NDArray[np.int64]
    special: NDArray[np.bool_]  # the instruct model's special tokens, whose rows are its own

    @property
    def added(self) -> int:
        """The number of tokens that only the instruct model has."""
        return int(((self.adapted == _NONE) & (self.instruct != _NONE)).sum())


def check_siblings(base: Any, instruct: Any, where: str) -> None:
    """Reject an instruct model whose tokenizer is not the base's, up to added tokens.

    Raises:
        Problem: a token of the base has another id or is missing, or texts are segmented otherwise.
    """
    theirs = instruct.get_vocab()
    moved = sorted(token for token, index in base.get_vocab().items() if theirs.get(token) != index)
    if moved:
        raise Problem(f"{len(moved):,} tokens of the base have another id in the instruct model, such as {moved[0]!r}",
                      where=where, fix=FIX, code=Code.MODEL_SIBLING)
    ours, other = (json.loads(tokenizer.backend_tokenizer.to_str())["model"] for tokenizer in (base, instruct))
    if ours.get("type") != other.get("type") or ours.get("merges") != other.get("merges"):
        raise Problem("the instruct model segments text otherwise than the base", where=where, fix=FIX,
                      code=Code.MODEL_SIBLING)


def join(adapted: Any, instruct: Any, where: str) -> Any:
    """Give the ``adapted`` tokenizer the special tokens and the chat template of ``instruct``; return it.

    Raises:
        Problem: the instruct model has no chat template, it ends no turn, or its tokens find no free ids.
    """
    end_of_turn(instruct, where)
    known = {token.content for token in adapted.added_tokens_decoder.values()}
    for token in instruct.added_tokens_decoder.values():
        if token.content not in known:
            adapted.add_tokens([token], special_tokens=token.special)
    for name in NAMED:
        if (value := getattr(instruct, name, None)) is not None:
            setattr(adapted, name, value)
    adapted.chat_template = instruct.chat_template
    adapted.model_max_length = instruct.model_max_length
    vocabulary = adapted.get_vocab()
    if len({*vocabulary.values()}) < len(vocabulary):  # libraries count up from the size of the vocabulary
        raise Problem("tokens that only the instruct model has would get the ids of new tokens", where=where,
                      fix="Set vocabulary: {new_pieces: 0}", code=Code.MODEL_SIBLING)
    return adapted


def match_rows(joined: Any, adapted: Mapping[str, int], base: Mapping[str, int], instruct: Any, size: int) -> Rows:
    """Return where the row of each id comes from.

    Args:
        joined: the tokenizer of ``join``.
        adapted: token -> id in the adapted model, before ``join``.
        base: token -> id in the base model.
        instruct: the instruct model's tokenizer.
        size: rows of the adapted model's embeddings; ids without a token keep its rows.
    """
    theirs, marks = instruct.get_vocab(), specials(instruct)
    count = max(size, len(joined), *(index + 1 for index in joined.get_vocab().values()))
    def none() -> NDArray[np.int64]:
        return np.full(count, _NONE, np.int64)

    rows = Rows(none(), none(), none(), np.zeros(count, bool))
    rows.adapted[:size] = np.arange(size)
    for token, index in joined.get_vocab().items():
        own = adapted.get(token, _NONE)
        rows.adapted[index] = own
        rows.base[index] = base.get(token, _NONE) if own != _NONE else _NONE
        rows.instruct[index] = theirs.get(token, _NONE)
        rows.special[index] = rows.instruct[index] in marks
    return rows
