"""Extend a Unigram tokenizer (XLM-R, Glot500, mT5): new pieces whose scores let the base stay itself.

The base's scores are frozen. Those of new pieces are re-estimated on the target text under the merged model (hard EM,
RECIPE 2), and each is capped where it would win on a word of the guard: it then loses there and wins elsewhere. A piece
that is used too seldom goes, the least used first and an eighth at a time, since its uses fall to others.

No guard holds every word of a hundred languages. What their text looks like is in the base's scores as well: the more
likely a piece's letters are to the base, the more often it fires there, so the more it must save here. Where a large
guard shows that a piece fires hardly ever, it may, except on names, which the languages share.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import models

from vernacular.pipeline.stage import Progress, silent
from vernacular.tokenizer.candidates import KNEE, LETTER_USES, SPACE, Letters, candidates, segment

OFFSET = 1.0  # nats below a new piece's log-probability: the base's scores are of a hundred languages, not of this one
HELD = 1e-3  # nats by which a piece loses on a guard word
UNKNOWN = 10.0  # nats below the lowest score: what ``tokenizers`` gives an unknown character
UNEXPECTED = 0.7  # times what the base expects of its letters a piece must save: the base's size to this power
FORGIVEN = 400  # times the share of the guard that it changes, of the text that it saves: then a piece may fire
_LONGEST = 16  # letters of a candidate, as SentencePiece has it
_MOST_WORDS = 100_000  # different words; the rarer ones of a large corpus do not take part in the choice
_SHARE_DROPPED, _LEAST_DROPPED = 8, 20


class Base:
    """The base model, cut to the pieces that can occur in some words, so that it is built in no time.

    Args:
        vocabulary: ``[piece, score]`` by id, as in tokenizer.json.
        unknown: the id of the unknown piece.
        words: the pre-tokens that will be segmented; all others may come out wrong.
    """

    def __init__(self, vocabulary: list[list[Any]], unknown: int, words: Iterable[str]) -> None:
        scores = {piece: float(score) for piece, score in vocabulary}
        self.size, self.lowest = len(scores), min(scores.values())
        longest = max(map(len, scores))
        inside = {part for word in words for start in range(len(word))
                  for end in range(start + 1, min(len(word), start + longest) + 1)
                  if (part := word[start:end]) in scores}
        name, keep = vocabulary[unknown][0], min(scores, key=lambda piece: (scores[piece], piece))
        # the lowest score stays in: the cost of an unknown character hangs on it
        self.scores = {piece: score for piece, score in scores.items() if piece in inside or piece in (name, keep)}
        self.unknown = list(self.scores).index(name)

    def with_pieces(self, new: dict[str, float]) -> Any:
        """The model with new pieces; scores as given."""
        return models.Unigram([*self.scores.items(), *sorted(new.items())], self.unknown, False)

    def length(self, parts: list[str]) -> int:
        """Tokens of a segmentation, each unknown letter counting as one: ``tokenizers`` makes one of a run of them."""
        return sum(1 if part in self.scores else len(part) for part in parts)

    def score(self, parts: list[str], new: dict[str, float]) -> float:
        """The log-probability of a segmentation."""
        unknown = self.lowest - UNKNOWN
        return sum(new[part] if part in new else self.scores.get(part, unknown) for part in parts)


def choose(backend: Any, words: Counter[str], guard: Counter[str], *, wanted: int, min_uses: int, letters: Letters,
           progress: Progress = silent) -> dict[str, float]:
    """New pieces with their scores, the most useful first; each is used at least ``min_uses`` times on ``words``.

    Args:
        backend: the base, a ``tokenizers.Tokenizer``.
        words: counted pre-tokens of the language.
        guard: pre-tokens in the base's languages, counted: next to none is segmented otherwise than before.
        wanted: most pieces.
        min_uses: uses that a piece needs; and it must save ``KNEE`` of all tokens.
        letters: what a piece may consist of.
        progress: told how many pieces are left.
    """
    data = json.loads(backend.to_str())["model"]
    words = Counter(dict(sorted(words.items(), key=lambda item: (-item[1], item[0]))[:_MOST_WORDS]))
    runs = letters.runs(words)
    parts = _parts(runs, min_uses)
    pool = {(SPACE if starts else "") + piece for piece, starts in candidates(runs, wanted, letters, spaces=True)}
    # of the others what is left something by longer ones: all parts would take minutes
    pool |= {piece for piece, count in parts.items()
             if count >= min_uses * 1.5 or len(piece) == 1 or runs[piece] >= min_uses}
    pool = {piece for piece in pool - {piece for piece, _ in data["vocab"]}
            if parts[piece] >= (min_uses if len(piece) > 1 else min(min_uses, LETTER_USES))
            and letters.match(piece.removeprefix(SPACE))}
    guarded = _holding(guard, pool)
    base = Base(data["vocab"], data["unk_id"], [*words, *{word for held in guarded.values() for word in held}, *pool])
    search = _Search(base, words, _Guard(guard, guarded), pool, wanted, min_uses)
    while not search.settled():
        search.round()
    progress(f"{len(search.scores):,} of {len(pool):,} candidates are left after {search.rounds} rounds")
    return search.ranked()


def _parts(runs: Counter[str], least: int) -> Counter[str]:
    """How often each letter occurs in the runs, and each longer part that does so ``least`` times or more.

    A part is no commoner than its beginning, so only what begins commonly is looked at further: where a script puts no
    spaces between words a run is a whole phrase, and most of its parts occur once.
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
    """The guard words that hold each candidate: no others can change by it."""
    alphabet, lengths = {letter for piece in pool for letter in piece}, sorted({len(piece) for piece in pool})
    found: dict[str, list[str]] = {}
    for word in sorted(guard):
        if not alphabet.isdisjoint(word):
            for piece in pool & {word[start:start + length] for length in lengths
                                 for start in range(len(word) - length + 1)}:
                found.setdefault(piece, []).append(word)
    return found


class _Guard:
    """What a piece changes of the guard.

    Args:
        counts: of the guard's words.
        holding: for each candidate the words that hold it.
    """

    def __init__(self, counts: Counter[str], holding: dict[str, list[str]]) -> None:
        self.counts, self.holding, self.total = counts, holding, counts.total()

    def words(self, pieces: Iterable[str]) -> list[str]:
        """The words that may change by some pieces, sorted."""
        return sorted({word for piece in pieces for word in self.holding.get(piece, ())})

    def harm(self, fired: dict[str, set[str]]) -> dict[str, float]:
        """The share of the guard that each piece changes, given the pieces that fire on each word; names are beyond it.

        Without upper case (Ethiopic, Tifinagh) no word is a name.
        """
        found: dict[str, float] = {}
        for word, pieces in fired.items():
            cost = math.inf if word != word.lower() else self.counts[word] / self.total
            for piece in pieces:
                found[piece] = found.get(piece, 0.0) + cost
        return found


class _Search:
    """The rounds of EM, guard and pruning over one pool of candidates."""

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
        # a letter that the base does not know saves no token; it comes first, and stays if longer pieces swallow it
        self.missing = {piece for piece in pool if len(piece) == 1}
        start = math.log(5 / self.tokens)  # nothing is known of their uses yet
        self.scores = {piece: start for piece in sorted(pool) if self.saves[piece] > 0 or piece in self.missing}
        self.uses: Counter[str] = Counter()
        self.rounds = 0
        self._done = False

    def settled(self) -> bool:
        """Whether every piece that is left has earned its place."""
        return self._done

    def useful(self, piece: str) -> float:
        """The tokens that a piece saves on the text; a missing letter is worth more than all of them."""
        return self.uses[piece] * self.saves[piece] + (self.tokens if piece in self.missing else 0)

    def rare(self) -> list[str]:
        """The pieces that are used too seldom or save too little, the farthest from enough first."""
        share = {piece: min(self.uses[piece] / self.min_uses, self.useful(piece) / self.least[piece])
                 for piece in self.scores if piece not in self.missing}
        found = [piece for piece, enough in share.items() if enough < 1]
        return sorted(found, key=lambda piece: (share[piece], self.useful(piece), piece))

    def round(self) -> None:
        """Count uses, drop some pieces, score the others, and let none win on the guard."""
        self.rounds += 1
        parts = segment(self.base.with_pieces(self.scores), self.words)
        self.uses = Counter()
        for word, pieces in parts.items():
            for piece in pieces:
                self.uses[piece] += self.words[word]
        total, drop = self.uses.total(), self.rare()
        if not drop and len(self.scores) > self.wanted:
            drop = list(reversed(self.ranked()))[:len(self.scores) - self.wanted]
        drop = drop[:max(len(self.scores) // _SHARE_DROPPED, _LEAST_DROPPED)]
        if drop:  # all are scored anew: what a piece had to yield together with one that is gone, it gets back
            self.scores = {piece: max(self.base.lowest, math.log(max(self.uses[piece], 1) / total) - OFFSET)
                           for piece in self.scores if piece not in set(drop)}
        self._done = not self._hold() and not drop

    def ranked(self) -> dict[str, float]:
        """The pieces with their scores, the most useful first."""
        return {piece: self.scores[piece]
                for piece in sorted(self.scores, key=lambda piece: (-self.useful(piece), piece))}

    def _hold(self) -> bool:
        """Lower what wins on a guard word until nothing does that is not forgiven; whether something did."""
        any_held = False
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
                any_held = True
                margin = self.base.score(after[word], self.scores) - self.base.score(self.before[word], self.scores)
                new = [piece for piece in after[word] if piece in self.scores]
                for piece in new:
                    lower = self.scores[piece] - max(margin, 0.0) / len(new) - HELD
                    lowered[piece] = min(lowered[piece], lower)
            # one that would have to cost as much as the base's rarest piece is no use
            self.scores = {piece: score for piece, score in lowered.items()
                           if score > self.base.lowest or score == self.scores[piece]}
        return any_held


def extended_json(tokenizer_json: str, pieces: dict[str, float]) -> str:
    """The ``tokenizer.json`` with pieces behind the last position: a Unigram model's ids are positions.

    ``<mask>``, the last of XLM-R, keeps its place in the list, where no text matches it before its added token does.
    """
    data: dict[str, Any] = json.loads(tokenizer_json)
    vocabulary: list[list[Any]] = data["model"]["vocab"]
    known = {piece for piece, _ in vocabulary}
    # added tokens behind the list take their places in it, as XLM-R's <mask> has its own
    behind = {token["id"]: token["content"] for token in data["added_tokens"] if token["id"] >= len(vocabulary)}
    for index in range(len(vocabulary), max(behind, default=-1) + 1):
        vocabulary.append([behind.get(index, f" {index}"), 0.0])  # no text holds a space here
    for piece, score in pieces.items():
        if piece in known:
            raise ValueError(f"{piece} is already in the vocabulary")
        vocabulary.append([piece, score])
    return json.dumps(data, ensure_ascii=False)
