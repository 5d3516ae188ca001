"""Extend a BPE tokenizer by additional merges after the base's own.

Byte-level (Llama 3, Qwen, SmolLM) or SentencePiece (Gemma, Llama 2: ``▁`` for spaces, bytes for
unknown characters). Appended merges apply after all base merges, so a base word changes only if two
of its final tokens form a new merge; a guard excludes those pairs (RECIPE 2). ``add_tokens`` would
change the base instead.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tokenizers import models, pre_tokenizers
from tokenizers.decoders import ByteLevel

from vernacular.pipeline.stage import Progress, silent
from vernacular.tokenizer.candidates import KNEE, SPACE, Letters, add_tokens, count_uses, segment

Pair = tuple[str, str]
_BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
_RARE_SHARE = 0.01  # of new tokens: largest share of rarely used intermediate merges; goal: 2% (RECIPE 6)


@dataclass(frozen=True)
class Extension:
    """The additions: letters that the base splits into bytes (SentencePiece BPE only), then merges in order."""

    letters: list[str] = field(default_factory=list)
    merges: list[Pair] = field(default_factory=list)

    @property
    def pieces(self) -> list[str]:
        """The new tokens in the order of their ids."""
        return [*self.letters, *("".join(pair) for pair in self.merges)]

    def first(self, count: int) -> Extension:
        """Return the first ``count`` tokens; a merge comes after its parts."""
        return Extension(self.letters[:count], self.merges[:max(0, count - len(self.letters))])


class Base:
    """The base's BPE model, to which merges can be added."""

    def __init__(self, backend: Any) -> None:
        data = json.loads(backend.to_str())["model"]
        self.bytes = not data.get("byte_fallback")  # byte-level: every character of a token is a byte
        self.vocabulary: dict[str, int] = data["vocab"]
        self._merges: list[Pair] = []
        for pair in data["merges"]:
            left, right = pair.split(" ", 1) if isinstance(pair, str) else pair
            self._merges.append((left, right))
        self._options = {name: data[name] for name in ("unk_token", "fuse_unk", "byte_fallback", "ignore_merges")
                         if data.get(name) is not None}
        self._decoder = ByteLevel()

    def text(self, piece: str) -> str:
        """Return the letters of a token, without the preceding space."""
        return (self._decoder.decode([piece]).removeprefix(" ") if self.bytes else piece.removeprefix(SPACE))

    def with_extension(self, new: Extension) -> Any:
        """Return the model with new letters and merges, as it will be loaded."""
        first = max(self.vocabulary.values()) + 1
        vocabulary = self.vocabulary | {piece: first + number for number, piece in enumerate(new.pieces)}
        return models.BPE(vocab=vocabulary, merges=[*self._merges, *new.merges], **self._options)


def choose(backend: Any, words: Counter[str], guard: Counter[str], *, wanted: int, min_uses: int, letters: Letters,
           progress: Progress = silent) -> Extension:
    """Choose new letters and merges.

    Missing letters come first. Then the most frequent adjacent pair of letters is merged
    repeatedly, unless it is adjacent in the guard. A merge whose token ends up with fewer than
    ``min_uses`` uses is removed, unless longer ones depend on it; such intermediate merges are
    limited to one token in a hundred, dropping the least useful dependents.

    Args:
        backend: the base, a ``tokenizers.Tokenizer``.
        words: counted pre-tokens of the language.
        guard: pre-tokens in the base's languages, whose segmentation must not change.
        wanted: most tokens.
        min_uses: least uses of a token; it must also save ``KNEE`` of all tokens.
        letters: what a token may consist of.
        progress: receives the number of remaining tokens.
    """
    base = Base(backend)
    search = _Search(base, words, guard, min_uses, letters)
    new, refused = search.missing(wanted), set[Pair]()
    while True:
        new = search.grown(new, wanted, refused)
        gone = search.rare(new)
        if not gone:
            progress(f"{len(new.pieces):,} tokens, {len(refused):,} merges removed")
            return new
        refused |= gone
        new = Extension(new.letters, [pair for pair in new.merges if pair not in refused])


class _Search:
    def __init__(self, base: Base, words: Counter[str], guard: Counter[str], min_uses: int, letters: Letters) -> None:
        self.base, self.letters = base, letters
        runs = {word: base.text(word) for word in words}
        # SentencePiece keeps punctuation in the word; only pairs of letters are ever merged
        self.words = Counter({word: count for word, count in words.items()
                              if letters.match(runs[word]) or not base.bytes})
        self.plain = base.with_extension(Extension())
        self.refused = {pair for parts in segment(self.plain, guard).values() for pair in pairwise(parts)}
        before = segment(self.plain, self.words)
        self.min_uses = max(min_uses, KNEE * sum(self.words[word] * len(parts) for word, parts in before.items()))
        self.in_guard = {letter for word in guard for letter in word}

    def missing(self, wanted: int) -> Extension:
        """Return letters that the base splits into bytes, most frequent first: whole, or by merging their bytes.

        At most ``wanted`` tokens; a letter that does not fit remains in bytes.
        """
        counts = count_uses({word: self.base.text(word) for word in self.words}, self.words)
        letters = [letter for letter, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
                   if count >= self.min_uses and self.letters.match(letter)]
        if not self.base.bytes:
            return Extension([letter for letter in letters
                              if letter not in self.base.vocabulary and letter not in self.in_guard][:wanted])
        merges: list[Pair] = []
        for letter in letters:
            parts = [token.value for token in self.plain.tokenize(_BYTES.pre_tokenize_str(letter)[0][0])]
            while len(parts) > 1 and tuple(parts[:2]) not in self.refused:
                if (parts[0], parts[1]) not in merges:
                    merges.append((parts[0], parts[1]))
                parts = ["".join(parts[:2]), *parts[2:]]
        return Extension([], merges[:wanted])

    def joins(self, pair: Pair) -> bool:
        """Whether the pair forms letters, or bytes of a letter."""
        text = self.base.text("".join(pair))
        if self.base.bytes and "\ufffd" in text:
            return text == "\ufffd"  # part of one letter, and of no other
        return self.letters.match(text)

    def grown(self, new: Extension, wanted: int, taken_back: set[Pair]) -> Extension:
        """Add merges to ``new`` until there are ``wanted`` tokens or no pair is frequent enough."""
        parts = segment(self.base.with_extension(new), self.words)
        known = set(self.base.vocabulary) | set(new.pieces)
        counts: Counter[Pair] = Counter()
        where: dict[Pair, set[str]] = defaultdict(set)
        for word, pieces in parts.items():
            for pair in pairwise(pieces):
                counts[pair] += self.words[word]
                where[pair].add(word)
        queue = [(-count, pair) for pair, count in counts.items()]
        heapq.heapify(queue)
        merges = list(new.merges)
        while queue and len(merges) + len(new.letters) < wanted:
            count, pair = heapq.heappop(queue)
            if -count != counts[pair] or not counts[pair]:
                continue  # its count has changed
            if -count < self.min_uses:
                break
            if pair in self.refused or pair in taken_back or "".join(pair) in known or not self.joins(pair):
                continue
            merges.append(pair)
            known.add("".join(pair))
            changed: set[Pair] = set()
            for word in sorted(where[pair]):
                for old in pairwise(parts[word]):
                    counts[old] -= self.words[word]
                    changed.add(old)
                parts[word] = joined(parts[word], pair)
                for now in pairwise(parts[word]):
                    counts[now] += self.words[word]
                    where[now].add(word)
                    changed.add(now)
            for other in changed:
                heapq.heappush(queue, (-counts[other], other))
        return Extension(new.letters, merges)

    def rare(self, new: Extension) -> set[Pair]:
        """Return the merges to remove: unused leaves, and the least used dependents of too many unused merges."""
        uses = count_uses(segment(self.base.with_extension(new), self.words), self.words)
        built: dict[str, list[Pair]] = defaultdict(list)
        for pair in new.merges:
            for part in set(pair):
                built[part].append(pair)
        seldom = [pair for pair in new.merges if uses["".join(pair)] < self.min_uses]
        leaves = {pair for pair in seldom if not built["".join(pair)]}
        steps = [pair for pair in seldom if built["".join(pair)]]
        if leaves or len(steps) <= _RARE_SHARE * len(new.merges):
            return leaves

        def depth(pair: Pair) -> set[Pair]:
            found: set[Pair] = set()
            waiting = [pair]
            while waiting:
                for other in built["".join(waiting.pop())]:
                    if other not in found:
                        found.add(other)
                        waiting.append(other)
            return found

        on = {pair: depth(pair) for pair in steps}
        worth = {pair: sum(uses["".join(other)] for other in others) for pair, others in on.items()}
        cheapest = sorted(steps, key=lambda pair: (worth[pair], pair))
        return set().union(*(on[pair] for pair in cheapest[:max(1, len(steps) // 4)]))


def joined(parts: list[str], pair: Pair) -> list[str]:
    """Merge each occurrence of ``pair`` in ``parts``, from the left."""
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


def extended_json(tokenizer_json: str, new: Extension) -> str:
    """Return the ``tokenizer.json`` with tokens after the highest id and merges after the last one."""
    data: dict[str, Any] = json.loads(tokenizer_json)
    add_tokens(data, new.pieces)
    as_lists = not data["model"]["merges"] or isinstance(data["model"]["merges"][0], list)
    data["model"]["merges"] += [list(pair) if as_lists else " ".join(pair) for pair in new.merges]
    return json.dumps(data, ensure_ascii=False)
