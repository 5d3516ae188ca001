"""Extend a byte-level BPE tokenizer (Llama 3, Qwen, SmolLM) by continued merges, appended behind the base's own.

Appended merges apply only after all base merges, so a base word changes only where two of its final pieces stand side
by side that a new merge joins; a guard refuses those pairs (RECIPE 2). ``add_tokens`` would change the base instead.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from tokenizers.decoders import ByteLevel

from vernacular.vocabulary.learn import LETTERS

Pair = tuple[str, str]


def segmented(backend: Any, words: Counter[str]) -> dict[str, list[str]]:
    """The base pieces of each byte-level pre-token."""
    return {word: [token.value for token in backend.model.tokenize(word)] for word in words}


def merges(backend: Any, words: Counter[str], guard: Counter[str], *, wanted: int, min_uses: int) -> list[Pair]:
    """New merges in the order in which they apply: the commonest adjacent pair first, none adjacent in the guard text.

    Only words of letters take part. A merge whose piece is used fewer than ``min_uses`` times in the end is taken
    back, unless a later one is built on it.
    """
    decoder = ByteLevel()
    pieces = {word: parts for word, parts in segmented(backend, words).items()
              if LETTERS.match(decoder.decode([word]).strip())}
    refused = {pair for parts in segmented(backend, guard).values() for pair in pairwise(parts)}
    known = set(backend.get_vocab())
    found: list[Pair] = []
    counts, where = _pairs(pieces, words)
    while len(found) < wanted:
        pair, count = max(((pair, count) for pair, count in counts.items()
                           if pair not in refused and "".join(pair) not in known),
                          key=lambda item: (item[1], item[0]), default=(None, 0))
        if pair is None or count < min_uses:
            break
        found.append(pair)
        known.add("".join(pair))
        for word in sorted(where[pair]):
            _recount(pieces, words, word, pair, counts, where)
    return _without_rare(found, pieces, words, min_uses)


def _pairs(pieces: dict[str, list[str]], words: Counter[str]) -> tuple[Counter[Pair], dict[Pair, set[str]]]:
    counts: Counter[Pair] = Counter()
    where: dict[Pair, set[str]] = defaultdict(set)
    for word, parts in pieces.items():
        for pair in pairwise(parts):
            counts[pair] += words[word]
            where[pair].add(word)
    return counts, where


def _recount(pieces: dict[str, list[str]], words: Counter[str], word: str, pair: Pair, counts: Counter[Pair],
             where: dict[Pair, set[str]]) -> None:
    for old in pairwise(pieces[word]):
        counts[old] -= words[word]
        if counts[old] <= 0:
            del counts[old]
    pieces[word] = joined(pieces[word], pair)
    for new in pairwise(pieces[word]):
        counts[new] += words[word]
        where[new].add(word)


def joined(parts: list[str], pair: Pair) -> list[str]:
    """``parts`` with each occurrence of ``pair``, from the left, made one piece."""
    out: list[str] = []
    index = 0
    while index < len(parts):
        if tuple(parts[index:index + 2]) == pair:
            out.append("".join(pair))
            index += 2
        else:
            out.append(parts[index])
            index += 1
    return out


def _without_rare(found: list[Pair], pieces: dict[str, list[str]], words: Counter[str], min_uses: int) -> list[Pair]:
    while True:
        uses: Counter[str] = Counter()
        for word, parts in pieces.items():
            for part in parts:
                uses[part] += words[word]
        built_on = {part for pair in found for part in pair}
        unused = {"".join(pair): pair for pair in found if uses["".join(pair)] < min_uses}
        rare = {piece: pair for piece, pair in unused.items() if piece not in built_on}
        if not rare:
            return found
        found = [pair for pair in found if "".join(pair) not in rare]
        for word, parts in pieces.items():
            if any(part in rare for part in parts):
                pieces[word] = [piece for part in parts for piece in rare.get(part, (part,))]


def extended_json(tokenizer_json: str, new: list[Pair]) -> str:
    """The ``tokenizer.json`` with the pieces behind the highest id and the merges behind the last one."""
    data: dict[str, Any] = json.loads(tokenizer_json)
    vocabulary: dict[str, int] = data["model"]["vocab"]
    first = 1 + max(max(vocabulary.values()), *(token["id"] for token in data["added_tokens"]))
    for offset, pair in enumerate(new):
        vocabulary["".join(pair)] = first + offset
    as_lists = not data["model"]["merges"] or isinstance(data["model"]["merges"][0], list)
    data["model"]["merges"] += [list(pair) if as_lists else " ".join(pair) for pair in new]
    return json.dumps(data, ensure_ascii=False)
