"""Extend a Unigram tokenizer (XLM-R, Glot500, mT5): new tokens whose scores preserve the base's segmentation.

The base's scores are frozen. New scores are re-estimated on the target text under the merged model
(hard EM, RECIPE 2), and each is capped if it would win on a guard word: it then loses there and
wins elsewhere. Rarely used tokens are dropped, least used first, an eighth at a time, since their
uses move to others.

No guard contains every word of a hundred languages, but the base's scores reflect their text too:
the likelier a token's letters are under the base, the more often it would be used there, so the
more it must save here. If a large guard shows that a token is hardly ever used, it may be, except
in names, which languages share.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import models

from vernacular.pipeline.stage import Progress, silent
from vernacular.tokenizer.candidates import KNEE, LETTER_USES, SPACE, Letters, candidates, count_uses, segment

OFFSET = 1.0  # nats below a new token's log-probability: the base's scores cover a hundred languages
GUARD_MARGIN = 1e-3  # nats by which a token loses on a guard word
UNKNOWN = 10.0  # nats below the lowest score: ``tokenizers``' score of an unknown character
UNEXPECTED = 0.7  # factor of the savings required by the base's expectation: the base's size to this power
FORGIVEN = 400  # ratio of saved text to changed guard text at which a token may be used in the guard
_LONGEST = 16  # letters of a candidate, as in SentencePiece
_MOST_WORDS = 100_000  # different words; rarer ones of a large corpus are ignored
_SHARE_DROPPED, _LEAST_DROPPED = 8, 20


class Base:
    """The base model restricted to tokens that can occur in some words, for fast construction.

    Args:
        vocabulary: ``[piece, score]`` by id, as in tokenizer.json.
        unknown: the id of the unknown token.
        words: the pre-tokens to segment; others may be segmented wrongly.
    """

    def __init__(self, vocabulary: list[list[Any]], unknown: int, words: Iterable[str]) -> None:
        scores = {piece: float(score) for piece, score in vocabulary}
        self.size, self.lowest = len(scores), min(scores.values())
        longest = max(map(len, scores))
        inside = {part for word in words for start in range(len(word))
                  for end in range(start + 1, min(len(word), start + longest) + 1)
                  if (part := word[start:end]) in scores}
        name, keep = vocabulary[unknown][0], min(scores, key=lambda piece: (scores[piece], piece))
        # keep the lowest score, which determines the cost of unknown characters
        self.scores = {piece: score for piece, score in scores.items() if piece in inside or piece in (name, keep)}
        self.unknown = list(self.scores).index(name)

    def with_pieces(self, new: dict[str, float]) -> Any:
        """Return the model with new tokens at the given scores."""
        return models.Unigram([*self.scores.items(), *sorted(new.items())], self.unknown, False)

    def length(self, parts: list[str]) -> int:
        """Return the tokens of a segmentation, counting unknown letters separately: ``tokenizers`` fuses them."""
        return sum(1 if part in self.scores else len(part) for part in parts)

    def score(self, parts: list[str], new: dict[str, float]) -> float:
        """Return the log-probability of a segmentation."""
        unknown = self.lowest - UNKNOWN
        return sum(new[part] if part in new else self.scores.get(part, unknown) for part in parts)


def choose(backend: Any, words: Counter[str], guard: Counter[str], *, wanted: int, min_uses: int, letters: Letters,
           progress: Progress = silent) -> dict[str, float]:
    """Choose new tokens with scores, most useful first; each is used at least ``min_uses`` times on ``words``.

    Args:
        backend: the base, a ``tokenizers.Tokenizer``.
        words: counted pre-tokens of the language.
        guard: counted pre-tokens in the base's languages, hardly any of which may change.
        wanted: most tokens.
        min_uses: least uses of a token; it must also save ``KNEE`` of all tokens.
        letters: what a token may consist of.
        progress: receives the number of remaining tokens.
    """
    data = json.loads(backend.to_str())["model"]
    words = Counter(dict(sorted(words.items(), key=lambda item: (-item[1], item[0]))[:_MOST_WORDS]))
    runs = letters.runs(words)
    parts = _parts(runs, min_uses)
    pool = {(SPACE if starts else "") + piece for piece, starts in candidates(runs, wanted, letters, spaces=True)}
    # of the others only what longer ones leave: all parts would take minutes
    pool |= {piece for piece, count in parts.items()
             if count >= min_uses * 1.5 or len(piece) == 1 or runs[piece] >= min_uses}
    pool = {piece for piece in pool - {piece for piece, _ in data["vocab"]}
            if parts[piece] >= (min_uses if len(piece) > 1 else min(min_uses, LETTER_USES))
            and letters.match(piece.removeprefix(SPACE))}
    guarded = _holding(guard, pool)
    base = Base(data["vocab"], data["unk_id"], [
        *words, *{word for words_of in guarded.values() for word in words_of}, *pool])
    search = _Search(base, words, _Guard(guard, guarded), pool, wanted, min_uses)
    while not search.settled():
        search.round()
    progress(f"{len(search.scores):,} of {len(pool):,} candidates are left after {search.rounds} rounds")
    return search.ranked()


def _parts(runs: Counter[str], least: int) -> Counter[str]:
    """Count the letters in the runs, and all longer parts with at least ``least`` occurrences.

    A part is at most as frequent as its beginning, so only frequent beginnings are extended: in
    scripts without spaces a run is a phrase, and most parts occur once.
    """
    inside: Counter[str] = Counter()
    starts: dict[str, Iterable[int]] = {run: range(len(run)) for run in runs}
    for length in range(1, _LONGEST + 1):
        found: Counter[str] = Counter()
        for run, places in starts.items():
            for start in places:
                found[run[start:start + length]] += runs[run]
        common = {part: count for part, count in found.items() if count >= least}
        inside.update(found if length == 1 else common)
        starts = {run: left for run, places in starts.items() if (left := [
            start for start in places if start + length < len(run) and run[start:start + length] in common])}
    return inside


def _holding(guard: Iterable[str], pool: set[str]) -> dict[str, list[str]]:
    """Return the guard words that contain each candidate and so may change."""
    alphabet, lengths = {letter for piece in pool for letter in piece}, sorted({len(piece) for piece in pool})
    found: dict[str, list[str]] = {}
    for word in sorted(guard):
        if not alphabet.isdisjoint(word):
            for piece in pool & {word[start:start + length] for length in lengths
                                 for start in range(len(word) - length + 1)}:
                found.setdefault(piece, []).append(word)
    return found


class _Guard:
    """The effect of tokens on the guard.

    Args:
        counts: of the guard's words.
        holding: for each candidate the words that contain it.
    """

    def __init__(self, counts: Counter[str], holding: dict[str, list[str]]) -> None:
        self.counts, self.holding, self.total = counts, holding, counts.total()

    def words(self, pieces: Iterable[str]) -> list[str]:
        """Return the sorted words that some tokens may change."""
        return sorted({word for piece in pieces for word in self.holding.get(piece, ())})

    def harm(self, fired: dict[str, set[str]]) -> dict[str, float]:
        """Return the share of the guard changed by each token, given the tokens used in each word; infinite for names.

        Without upper case (Ethiopic, Tifinagh) no word is a name.
        """
        found: dict[str, float] = {}
        for word, pieces in fired.items():
            cost = math.inf if word != word.lower() else self.counts[word] / self.total
            for piece in pieces:
                found[piece] = found.get(piece, 0.0) + cost
        return found


class _Search:
    """The rounds of EM, guarding and pruning over one pool of candidates."""

    def __init__(self, base: Base, words: Counter[str], guard: _Guard, pool: set[str], wanted: int,
                 min_uses: int) -> None:
        self.base, self.words, self.guard, self.wanted, self.min_uses = base, words, guard, wanted, min_uses
        plain = base.with_pieces({})
        before = segment(plain, words)
        self.tokens = sum(words[word] * base.length(parts) for word, parts in before.items())
        self.before = segment(plain, guard.words(pool))
        replaced = segment(plain, pool)
        self.saves = {piece: base.length(parts) - 1 for piece, parts in replaced.items()}
        times = base.size ** UNEXPECTED
        self.least = {piece: self.tokens * max(KNEE, math.exp(base.score(parts, {})) * times)
                      for piece, parts in replaced.items()}
        # a letter unknown to the base saves no token; it comes first, and stays even if longer
        # tokens absorb it
        self.missing = {piece for piece in pool if len(piece) == 1}
        start = math.log(5 / self.tokens)  # their uses are unknown yet
        self.scores = {piece: start for piece in sorted(pool) if self.saves[piece] > 0 or piece in self.missing}
        self.uses: Counter[str] = Counter()
        self.rounds = 0
        self._done = False

    def settled(self) -> bool:
        """Whether every remaining token is useful enough."""
        return self._done

    def useful(self, piece: str) -> float:
        """Return the tokens saved on the text; a missing letter counts more than all."""
        return self.uses[piece] * self.saves[piece] + (self.tokens if piece in self.missing else 0)

    def rare(self) -> list[str]:
        """Return tokens used too rarely or saving too little, worst first."""
        share = {piece: min(self.uses[piece] / self.min_uses, self.useful(piece) / self.least[piece])
                 for piece in self.scores if piece not in self.missing}
        found = [piece for piece, enough in share.items() if enough < 1]
        return sorted(found, key=lambda piece: (share[piece], self.useful(piece), piece))

    def round(self) -> None:
        """Count uses, drop some tokens, rescore the others, and let none win on the guard."""
        self.rounds += 1
        parts = segment(self.base.with_pieces(self.scores), self.words)
        self.uses = count_uses(parts, self.words)
        total, drop = self.uses.total(), self.rare()
        if not drop and len(self.scores) > self.wanted:
            drop = list(reversed(self.ranked()))[:len(self.scores) - self.wanted]
        drop = drop[:max(len(self.scores) // _SHARE_DROPPED, _LEAST_DROPPED)]
        if drop:  # rescore all: they regain what they lost to dropped tokens
            self.scores = {piece: max(self.base.lowest, math.log(max(self.uses[piece], 1) / total) - OFFSET)
                           for piece in self.scores if piece not in set(drop)}
        self._done = not self._lower_on_guard() and not drop

    def ranked(self) -> dict[str, float]:
        """Return the tokens with their scores, most useful first."""
        return {piece: self.scores[piece]
                for piece in sorted(self.scores, key=lambda piece: (-self.useful(piece), piece))}

    def _lower_on_guard(self) -> bool:
        """Lower scores that win on a guard word until only tolerated ones do; return whether any changed."""
        any_lowered = False
        guard = self.guard.words(self.scores)
        while guard:
            after = segment(self.base.with_pieces(self.scores), guard)
            fired = {word: ours for word, parts in after.items() if (ours := set(parts) & self.scores.keys())}
            harm = self.guard.harm(fired)
            worth = {piece for piece, share in harm.items()
                     if self.useful(piece) / self.tokens >= FORGIVEN * share}
            guard = [word for word, new in fired.items() if not new <= worth]
            lowered = dict(self.scores)
            for word in guard:
                any_lowered = True
                margin = self.base.score(after[word], self.scores) - self.base.score(self.before[word], self.scores)
                new = [piece for piece in after[word] if piece in self.scores]
                for piece in new:
                    lower = self.scores[piece] - max(margin, 0.0) / len(new) - GUARD_MARGIN
                    lowered[piece] = min(lowered[piece], lower)
            # useless if it would cost as much as the base's rarest token
            self.scores = {piece: score for piece, score in lowered.items()
                           if score > self.base.lowest or score == self.scores[piece]}
        return any_lowered


def extended_json(tokenizer_json: str, pieces: dict[str, float]) -> str:
    """Return the ``tokenizer.json`` with tokens after the last position, since Unigram ids are positions.

    ``<mask>``, the last of XLM-R, keeps its position, where its added token matches first.
    """
    data: dict[str, Any] = json.loads(tokenizer_json)
    vocabulary: list[list[Any]] = data["model"]["vocab"]
    known = {piece for piece, _ in vocabulary}
    # added tokens after the list occupy positions in it, like XLM-R's <mask>
    behind = {token["id"]: token["content"] for token in data["added_tokens"] if token["id"] >= len(vocabulary)}
    for index in range(len(vocabulary), max(behind, default=-1) + 1):
        vocabulary.append([behind.get(index, f" {index}"), 0.0])  # never matches, since text has no space here
    for piece, score in pieces.items():
        if piece in known:
            raise ValueError(f"{piece} is already in the vocabulary")
        vocabulary.append([piece, score])
    return json.dumps(data, ensure_ascii=False)
