"""Changes of words: one for another, into another language, negated, with another affix, in another order."""

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
    like,
    squeezed,
    standing,
)
from vernacular.config.strict import Name
from vernacular.text.words import word_spans, words

# What parts two words of a clause: spaces, the wordspace of Ethiopic, the tsheg of Tibetan, nothing in Thai or Han.
_BETWEEN = re.compile(r"\s*|\u1361|\u0f0b")


class SwapWords(Operator):
    """One word of a list exchanged for another: names, places, synonyms."""

    operator: Literal["swap_words"] = Field(description="Exchange a word of a list for another.")
    lexicon: Name = Field(description="The list that a word of the line must be in.", examples=["names"])
    by: Name | None = Field(None, description="The list that the new word is drawn from. Not set: the same list.",
                            examples=["foreign_names"])

    def lists(self) -> set[str]:
        """Its list, and the one that new words are drawn from."""
        return {self.lexicon, self.by or self.lexicon}

    def apply(self, text: str, context: Context) -> str:
        """The line with one entry of the list, wherever it stands in the line, exchanged for another."""
        places = apart(standing(text, context.given.lexicons[self.lexicon]))
        others = context.given.lexicons[self.by or self.lexicon]
        present = {place.entry for place in standing(text, others)}
        others = [word for word in others if word not in present]
        if not places or not others:
            return text
        old = context.rng.choice(sorted({place.entry for place in places}))
        new = context.rng.choice(others)
        return at_each(text, [place[:2] for place in places if place.entry == old], lambda word: new)


class CodeSwitch(Operator):
    """Words exchanged for what a list of pairs gives: another language's word, a synonym, a dialect's spelling."""

    operator: Literal["code_switch"] = Field(description="Exchange words for what a list of pairs gives.")
    lexicon: Name = Field(description="A list of pairs: words, and what is put in their place.",
                          examples=["english"])
    most: int | None = Field(None, ge=1, description="Most different words of a line. Not set: all.", examples=[2])
    keeps_words: ClassVar[bool] = False

    def pair_lists(self) -> set[str]:
        """Its list."""
        return {self.lexicon}

    def apply(self, text: str, context: Context) -> str:
        """The line with listed words exchanged; capitals are taken over from the old word."""
        pairs = context.given.pairs[self.lexicon]
        places = _by_words(text, pairs)
        found = sorted(places)
        chosen = found if self.most is None or self.most >= len(found) else context.rng.sample(found, self.most)
        instead = {words: _instead(words, places[words][0].entry, pairs) for words in chosen}
        return at_each(text, sorted(place[:2] for words in chosen for place in places[words]),
                       lambda words: instead[squeezed(words)])


def _by_words(text: str, entries: Iterable[str]) -> dict[str, list[Place]]:
    """The places of ``entries`` by how the words are written there: Moni and moni apart."""
    found: dict[str, list[Place]] = {}
    for place in apart(standing(text, entries, any_case=True)):
        found.setdefault(squeezed(text[place.start:place.stop]), []).append(place)
    return found


def _instead(words: str, entry: str, pairs: Mapping[str, str]) -> str:
    return pairs[entry] if words == squeezed(entry) else like(pairs[entry], words)


class Negation(Operator):
    """One verb negated: by its negative form, or by particles around it (ne ... ket)."""

    operator: Literal["negation"] = Field(description="Negate a verb.")
    lexicon: Name = Field(description="Affirmative and negative forms; with `before` or `after` a list of verbs.",
                          examples=["negatives"])
    before: str = Field("", description="Particle before the verb.", examples=["ne"])
    after: str = Field("", description="Particle after the verb.", examples=["ket"])
    keeps_words: ClassVar[bool] = False

    def lists(self) -> set[str]:
        """The list of verbs, if particles are given."""
        return {self.lexicon} if self.before or self.after else set()

    def pair_lists(self) -> set[str]:
        """The pairs, if no particle is given."""
        return set() if self.before or self.after else {self.lexicon}

    def apply(self, text: str, context: Context) -> str:
        """The line with one of its listed verbs, wherever it stands, negated."""
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
    """The beginning or the ending of a word exchanged for another of a list: concords, case endings."""

    operator: Literal["swap_affix"] = Field(description="Exchange the beginning or ending of a word.")
    at: Literal["start", "end"] = Field("start", description="Where the affix is in the word.")
    affixes: list[str] = Field(min_length=2, description="One of these is exchanged for another.",
                               examples=[["w", "y", "l", "ch", "z"]])
    stems: Name | None = Field(None, description="A list of what may be beside the affix. Not set: anything.",
                               examples=["possessive_stems"])
    least_letters: int = Field(3, ge=1, examples=[2], description=(
        "Least letters beside the affix, where `stems` is not set."))

    def lists(self) -> set[str]:
        """The list of stems, if there is one."""
        return {self.stems} if self.stems else set()

    def apply(self, text: str, context: Context) -> str:
        """The line with one word, wherever it stands in the line, given another affix."""
        found = sorted(word for word in set(words(text)) if self._affix(word, context) is not None)
        if not found:
            return text
        old = context.rng.choice(found)
        affix = self._affix(old, context)
        assert affix is not None  # found holds no other words
        new = context.rng.choice([other for other in self.affixes if other != affix])
        changed = (like(new + old[len(affix):].lower(), old) if self.at == "start"
                   else old[:len(old) - len(affix)] + new)
        return each_word(text, lambda word: changed if word == old else word)

    def _affix(self, word: str, context: Context) -> str | None:
        """The affix that ``word`` has, the longest that fits."""
        lower = word.lower()
        for affix in sorted(self.affixes, key=len, reverse=True):
            fits = lower.startswith(affix) if self.at == "start" else lower.endswith(affix)
            rest = lower[len(affix):] if self.at == "start" else lower[:len(lower) - len(affix)]
            if fits and (rest in context.given.lexicons[self.stems] if self.stems else len(rest) >= self.least_letters):
                return affix
        return None


class WordOrder(Operator):
    """Words of the line in another order, all but the first, whose capital would give it away."""

    operator: Literal["word_order"] = Field(description="Change the order of the words.")
    do: Literal["exchange", "shuffle"] = Field("exchange", description=(
        "`exchange` two neighboring words of a clause, or `shuffle` all words."))
    keeps_words: ClassVar[bool] = False

    def apply(self, text: str, context: Context) -> str:
        """The line with words exchanged; what stands between the words stays in its place."""
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
