"""Lines on which a regular expression that is not linear takes long, made from the expression itself.

A line has a beginning, a part that is repeated, and an end. They come from samples that match the expression (the part
is what the expression repeats, the beginning what matched before it), and from its literals and members of its classes
in turns.
"""

from __future__ import annotations

import itertools
import random
import re
import string
from dataclasses import dataclass, field

import regex

Pattern = re.Pattern[str] | re.Pattern[bytes] | regex.Pattern[str] | regex.Pattern[bytes]
Body = tuple[str, str, str]  # what a line begins with, repeats and ends with
_SAMPLES, _LINES = 18, 240  # samples of a pattern; lines of it
_POOL = string.printable + "\u00e9\u00c9\u0e01\u4e00\u0301\u0661\u2019\u00a0\u200d\u0964\ufffd\u00c2\u20ac\x1b\x00"
_ESCAPE = regex.compile(r"\\(?:[pP]\{[^{}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|N\{[^{}]*\}|.)", regex.S)
_TIMES = regex.compile(r"(?:[*+?]|\{(\d*)(,?)(\d*)\})[?+]?")
_NO_TEXT = regex.compile(r"\\[AbBGKmMzZ]|[\^$]|\(\?[a-zA-Z]+\)")  # of no width
_GROUP = regex.compile(r"\((\?P?<?[=!]|\?#|\?:|\?>|\?P?<\w+>|\?[a-zA-Z]+:|)")
_MOST = 9  # a part that may occur more often is repeated


@dataclass
class _Sampler:
    """Draws texts that match ``source``, nearly: assertions are left out."""

    pattern: Pattern
    choice: random.Random
    place: int = 0
    text: str = ""
    repeated: list[tuple[str, str]] = field(default_factory=list)  # what came before, what is repeated
    members: dict[str, str] = field(default_factory=dict)  # the members of the pool of each class

    def __post_init__(self) -> None:
        source = self.pattern.pattern
        self.source = source if isinstance(source, str) else source.decode("latin-1")

    def draw(self) -> list[Body]:
        """Bodies of lines from one sample."""
        self.place, self.text, self.repeated = 0, "", []
        self._alternatives()
        found = [(begin, part, "") for begin, part in self.repeated if part]
        found += [("", begin + part, "") for begin, part in self.repeated if part]
        found += [(begin, part, self.text[len(begin) + len(part):-1]) for begin, part in self.repeated if part]
        return [*found, ("", self.text or "a", ""), ("", self.text[:-1] or "a", "")]

    def _alternatives(self) -> None:
        """Up to the bracket that closes: keeps one of the alternatives."""
        begin, options = (self.text, len(self.repeated)), []
        while True:
            while self.place < len(self.source) and self.source[self.place] not in "|)":
                self._item()
            options.append((self.text, self.repeated[begin[1]:]))
            if self.place >= len(self.source) or self.source[self.place] == ")":
                break
            self.place += 1
            self.text = begin[0]
            del self.repeated[begin[1]:]
        self.text, repeated = self.choice.choice(options)
        self.repeated[begin[1]:] = repeated

    def _item(self) -> None:
        if match := _NO_TEXT.match(self.source, self.place):
            self.place = match.end()
            return
        begin, known = self.text, len(self.repeated)
        if match := _GROUP.match(self.source, self.place):
            self.place = match.end()
            self._alternatives()
            self.place += 1
            if match[1].endswith(("=", "!")) and len(match[1]) <= 3:
                self.text = begin
                del self.repeated[known:]
        else:
            self.text += self._character()
        least, most = 1, 1
        if match := _TIMES.match(self.source, self.place):
            self.place = match.end()
            if match[0][0] == "{":
                least = int(match[1] or 0)
                most = int(match[3] or 1 << 20) if match[2] else least
            else:
                least, most = match[0][0] == "+", 1 if match[0][0] == "?" else 1 << 20
        part = self.text[len(begin):]
        if most > _MOST:
            self.repeated.append((begin, part))
        if not least and self.choice.random() < 0.4:
            self.text = begin
        elif least > 1:
            self.text += part * (min(least, 40) - 1)

    def _character(self) -> str:
        begin = self.place
        if self.source[begin] == "[":
            self._skip_class()
        elif match := _ESCAPE.match(self.source, begin):
            self.place = match.end()
            if match[0][1].isdigit():
                return ""  # a reference back
        else:
            self.place += 1
        token = self.source[begin:self.place]
        if token not in self.members:
            library = regex if isinstance(self.pattern, regex.Pattern) else re
            test = library.compile(token, self.pattern.flags & (regex.I | regex.V1))
            self.members[token] = "".join(filter(test.fullmatch, _POOL)) or "\u1361"
        return self.choice.choice(self.members[token])

    def _skip_class(self) -> None:
        nested, depth = self.pattern.flags & regex.V1, 0
        start = self.place
        while True:
            if self.source[self.place] == "\\":
                self.place += len(_ESCAPE.match(self.source, self.place)[0])  # type: ignore[index]
                continue
            if self.source[self.place] == "[" and (nested or self.place == start):
                depth += 1
            elif self.source[self.place] == "]" and self.source[start:self.place] not in ("[", "[^"):
                depth -= 1
            self.place += 1
            if not depth:
                return


def hostile(pattern: Pattern) -> list[Body]:
    """Bodies of lines for ``pattern``, the same ones every time."""
    choice = random.Random(7)
    sampler = _Sampler(pattern, choice)
    found = {body: None for _ in range(_SAMPLES) for body in sampler.draw()}
    kinds: dict[tuple[bool, ...], str] = {}
    for character in _POOL:
        kinds.setdefault(tuple(character in members for members in sampler.members.values()), character)
    atoms = sorted(kinds.values())
    pieces = [*atoms, *sorted({begin + unit for begin, unit, _ in found if 1 < len(begin + unit) < 20})[:10]]
    units = [*itertools.permutations(atoms, 2), *itertools.permutations(pieces, 3)]
    found |= {("", atom, end): None for atom in atoms for end in atoms}
    ends = ["\0", *atoms, *(f"{wrong}{text}" for _, text, _ in list(found)[:10] for wrong in "\0 ")]
    bodies = [(begin, part, end + choice.choice(ends)) for begin, part, end in list(found)[:_LINES // 2]]
    drawn = choice.sample(units, min(len(units), _LINES - len(bodies)))
    return bodies + [(choice.choice(["", *pieces]), "".join(unit), choice.choice(["", *ends])) for unit in drawn]
