"""Extend a WordPiece tokenizer (BERT): choose tokens that its longest-match rule will use.

Segmentation reimplements ``tokenizers``' WordPiece on whole words, so that thousands of candidate
vocabularies can be tried on word counts; ``extend`` verifies the result with the real tokenizer.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from vernacular.tokenizer.candidates import KNEE, LETTER_USES, Letters, add_tokens, candidates, count_uses

CONTINUES = "##"


class WordPiece:
    """Longest-match segmentation of words.

    Args:
        pieces: the vocabulary, continuing tokens with ``##``.
        longest: words with more characters become unknown, as in BERT.
    """

    def __init__(self, pieces: set[str], longest: int = 100) -> None:
        self.pieces, self.longest = pieces, longest
        self.reach = max(map(len, pieces))

    def segment(self, word: str, continues: bool = False) -> list[str] | None:
        """Return the tokens of ``word``, or None if it is unknown.

        ``continues``: as the inside of a longer word.
        """
        if len(word) > self.longest:
            return None
        start, out = 0, []
        while start < len(word):
            prefix = CONTINUES if start or continues else ""
            for end in range(min(len(word), start + self.reach), start, -1):
                piece = prefix + word[start:end]
                if piece in self.pieces:
                    out.append(piece)
                    start = end
                    break
            else:
                return None
        return out


def uses(model: WordPiece, words: Counter[str]) -> tuple[Counter[str], int]:
    """Count the uses of each token on the counted words, and all tokens (an unknown word counts as one)."""
    parts = {word: model.segment(word) or [] for word in words}
    return count_uses(parts, words), sum(words[word] * max(1, len(pieces)) for word, pieces in parts.items())


def choose(base: set[str], words: Counter[str], guard: Counter[str], *, wanted: int, min_uses: int,
           letters: Letters) -> list[str]:
    """Return the new tokens, most useful first.

    Missing letters come first, from ``LETTER_USES`` on. Candidates are kept if the extended
    tokenizer uses them at least ``min_uses`` times, they save ``KNEE`` of all tokens, and they are
    not used in guard words (RECIPE 2: the guard filter), ranked by saved tokens; repeated until
    nothing changes, because dropping one affects its neighbors.
    """
    old = WordPiece(base)
    single: Counter[str] = Counter()
    for word, count in words.items():
        if letters.match(word):
            for position, letter in enumerate(word):
                single[letter if position == 0 else CONTINUES + letter] += count
    missing = [letter for letter, count in single.most_common()
               if letter not in base and count >= min(min_uses, LETTER_USES)][:wanted]
    wanted -= len(missing)
    pool = {piece if starts else CONTINUES + piece for piece, starts in candidates(words, wanted, letters)} - base
    pool.update(word for word, count in words.items() if count >= min_uses and len(word) > 1 and letters.match(word)
                and word not in base)
    saves = {piece: _length(old, piece) - 1 for piece in pool}
    least = KNEE * uses(old, words)[1]
    pool = {piece for piece in pool if saves[piece] > 0}
    while True:
        model = WordPiece(base | set(missing) | pool)
        counts, _ = uses(model, words)
        fires, _ = uses(model, guard)
        ranked = sorted((piece for piece in pool if counts[piece] >= min_uses
                         and counts[piece] * saves[piece] >= least and not fires[piece]),
                        key=lambda piece: (-counts[piece] * saves[piece], piece))
        if len(ranked) == len(pool) <= wanted:
            return missing + ranked
        # Drop slowly: uses of a dropped token move to others, which may then qualify.
        keep = max(wanted, int(len(pool) * 0.8))
        pool = set(ranked[:keep])


def _length(old: WordPiece, piece: str) -> int:
    letters = piece.removeprefix(CONTINUES)
    return len(old.segment(letters, continues=piece != letters) or letters)


def constituents(base: set[str], piece: str) -> list[str]:
    """Return the base tokens that ``piece`` replaces: the base's segmentation of its letters."""
    letters = piece.removeprefix(CONTINUES)
    return WordPiece(base).segment(letters, continues=piece != letters) or []


def extended_json(tokenizer_json: str, pieces: list[str]) -> str:
    """Return the ``tokenizer.json`` with ``pieces`` appended after the highest id."""
    data: dict[str, Any] = json.loads(tokenizer_json)
    add_tokens(data, pieces)
    return json.dumps(data, ensure_ascii=False)
