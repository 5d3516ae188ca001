"""Word changes: replacement, code switching, negation, affixes, order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import ClassVar, Literal

from pydantic import Field

from vernacular.behavior_tests.operators.base import (
    Context,
    Operator,
    Place,
    apart,
    at_each,
    each_word,
    find_entries,
    like,
    squeezed,
)
from vernacular.config.strict import Name
from vernacular.text.words import word_spans, words

# Separators of words in a clause: spaces, the wordspace of Ethiopic, the tsheg of Tibetan, nothing
# in Thai or Han.
_BETWEEN = re.compile(r"\s*|\u1361|\u0f0b")


class SwapWords(Operator):
    """Replace a listed word by another: names, places, synonyms."""

    operator: Literal["swap_words"] = Field(description="Replace a word of a list by another.")
    lexicon: Name = Field(description="The list with the word to replace.", examples=["names"])
    by: Name | None = Field(None, description="The list of replacements. Not set: the same list.",
                            examples=["foreign_names"])

    def lists(self) -> set[str]:
        """Return its list and the list of replacements."""
        return {self.lexicon, self.by or self.lexicon}

    def apply(self, text: str, context: Context) -> str:
        """Return the line with all occurrences of one listed entry replaced."""
        places = apart(find_entries(text, context.given.lexicons[self.lexicon]))
        others = context.given.lexicons[self.by or self.lexicon]
        present = {place.entry for place in find_entries(text, others)}
        others = [word for word in others if word not in present]
        if not places or not others:
            return text
        old = context.rng.choice(sorted({place.entry for place in places}))
        new = context.rng.choice(others)
        return at_each(text, [place[:2] for place in places if place.entry == old], lambda word: new)


class CodeSwitch(Operator):
    """Replace words by a list of pairs: another language's word, a synonym, a dialect's spelling."""

    operator: Literal["code_switch"] = Field(description="Replace words by a list of pairs.")
    lexicon: Name = Field(description="A list of pairs: words and their replacements.",
                          examples=["english"])
    most: int | None = Field(None, ge=1, description="Most different words per line. Not set: all.", examples=[2])
    keeps_words: ClassVar[bool] = False

    def pair_lists(self) -> set[str]:
        """Return its list."""
        return {self.lexicon}

    def apply(self, text: str, context: Context) -> str:
        """Return the line with listed words replaced, preserving capitals."""
        pairs = context.given.pairs[self.lexicon]
        places = _by_words(text, pairs)
        found = sorted(places)
        chosen = found if self.most is None or self.most >= len(found) else context.rng.sample(found, self.most)
        instead = {words: _instead(words, places[words][0].entry, pairs) for words in chosen}
        return at_each(text, sorted(place[:2] for words in chosen for place in places[words]),
                       lambda words: instead[squeezed(words)])


def _by_words(text: str, entries: Iterable[str]) -> dict[str, list[Place]]:
    """Return the matches of ``entries`` by spelling in the line: Moni and moni separately."""
    found: dict[str, list[Place]] = {}
    for place in apart(find_entries(text, entries, any_case=True)):
        found.setdefault(squeezed(text[place.start:place.stop]), []).append(place)
    return found


def _instead(words: str, entry: str, pairs: Mapping[str, str]) -> str:
    return pairs[entry] if words == squeezed(entry) else like(pairs[entry], words)


class Negation(Operator):
    """Negate one verb: by its negative form, or by particles around it (ne ... ket)."""

    operator: Literal["negation"] = Field(description="Negate a verb.")
    lexicon: Name = Field(description="Affirmative and negative forms; with `before` or `after` a list of verbs.",
                          examples=["negatives"])
    before: str = Field("", description="Particle before the verb.", examples=["ne"])
    after: str = Field("", description="Particle after the verb.", examples=["ket"])
    keeps_words: ClassVar[bool] = False

    def lists(self) -> set[str]:
        """Return the list of verbs, if particles are given."""
        return {self.lexicon} if self.before or self.after else set()

    def pair_lists(self) -> set[str]:
        """Return the pairs, if no particle is given."""
        return set() if self.before or self.after else {self.lexicon}

    def apply(self, text: str, context: Context) -> str:
        """Return the line with all occurrences of one listed verb negated."""
        particles = self.lists()
        places = _by_words(text, context.given.lexicons[self.lexicon] if particles
                           else context.given.pairs[self.lexicon])
        if not places:
            return text
        verb = context.rng.choice(sorted(places))
        if particles:
            negated = " ".join(part for part in (self.before, verb, self.after) if part)
        else:
            negated = _instead(verb, places[verb][0].entry, context.given.pairs[self.lexicon])
        return at_each(text, [place[:2] for place in places[verb]], lambda words: negated)


class SwapAffix(Operator):
    """Replace the beginning or ending of a word by another of a list: concords, case endings."""

    operator: Literal["swap_affix"] = Field(description="Replace the beginning or ending of a word.")
    at: Literal["start", "end"] = Field("start", description="Where the affix is in the word.")
    affixes: list[str] = Field(min_length=2, description="One of these is replaced by another.",
                               examples=[["w", "y", "l", "ch", "z"]])
    stems: Name | None = Field(None, description="A list of valid stems. Not set: any.",
                               examples=["possessive_stems"])
    least_letters: int = Field(3, ge=1, examples=[2], description=(
        "Least letters of the stem if `stems` is not set."))

    def lists(self) -> set[str]:
        """Return the list of stems, if any."""
        return {self.stems} if self.stems else set()

    def apply(self, text: str, context: Context) -> str:
        """Return the line with all occurrences of one word given another affix."""
        found = sorted(word for word in set(words(text)) if self._affix(word, context) is not None)
        if not found:
            return text
        old = context.rng.choice(found)
        affix = self._affix(old, context)
        assert affix is not None  # only such words were found
        new = context.rng.choice([other for other in self.affixes if other != affix])
        changed = (like(new + old[len(affix):].lower(), old) if self.at == "start"
                   else old[:len(old) - len(affix)] + new)
        return each_word(text, lambda word: changed if word == old else word)

    def _affix(self, word: str, context: Context) -> str | None:
        lower = word.lower()
        for affix in sorted(self.affixes, key=len, reverse=True):
            fits = lower.startswith(affix) if self.at == "start" else lower.endswith(affix)
            rest = lower[len(affix):] if self.at == "start" else lower[:len(lower) - len(affix)]
            if fits and (rest in context.given.lexicons[self.stems] if self.stems else len(rest) >= self.least_letters):
                return affix
        return None


class WordOrder(Operator):
    """Reorder the words of a line, except the first, whose capital would reveal the change."""

    operator: Literal["word_order"] = Field(description="Change the order of the words.")
    do: Literal["exchange", "shuffle"] = Field("exchange", description=(
        "`exchange` two neighboring words of a clause, or `shuffle` all words."))
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """Return the line with reordered words and unchanged separators."""
        first, *others = words(text) or [""]
        if self.do == "shuffle":
            others = context.rng.sample(others, len(others))
        else:
            spans = word_spans(text)[1:]
            between = [_BETWEEN.fullmatch(text, stop, start) is not None for (_, stop), (start, _) in pairwise(spans)]
            places = [at for at in range(len(others) - 1)
                      if between[at] and others[at].lower() != others[at + 1].lower()]
            if not places:
                return text
            at = context.rng.choice(places)
            others[at], others[at + 1] = others[at + 1], others[at]
        order = iter([first, *others])
        return each_word(text, lambda word: next(order))
