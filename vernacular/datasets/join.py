"""Texts of two sides joined by the keys that name them; what has no partner, and what stands twice. Reads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vernacular.core.errors import Collector, Problem

Key = tuple[str, ...]


@dataclass(frozen=True)
class Keyed:
    """A text and what names it.

    Attributes:
        keys: its key, or several where it covers several verses.
        texts: as the ledger has them; several where a verse is marked in parts.
        path: of the document that it stands in, as in the ledger.
        where: file and line, for messages.
    """

    keys: tuple[Key, ...]
    texts: tuple[str, ...]
    path: str
    where: str


@dataclass(frozen=True)
class Joined:
    """What came of a join.

    Attributes:
        pairs: texts of either side that cover the same keys; more than one of a side where the other side covers
            several verses by one text.
        alone: of either side the texts without a partner.
        together: pairs in which several verses are one.
    """

    pairs: list[tuple[list[Keyed], list[Keyed]]]
    alone: tuple[list[Keyed], list[Keyed]]
    together: int

    @property
    def lost(self) -> float:
        """Texts without a partner, as a share of the side that has fewer texts."""
        sizes = [sum(len(pair[side]) for pair in self.pairs) + len(self.alone[side]) for side in (0, 1)]
        smaller = sizes.index(min(sizes))
        return len(self.alone[smaller]) / max(1, sizes[smaller])


def join(ours: Sequence[Keyed], theirs: Sequence[Keyed]) -> Joined:
    """Texts of both sides by key, in the order of ``ours``.

    A text that covers several keys joins with those of the other side that together cover just these.

    Raises:
        Problem: two texts of a side have the same key.
    """
    _check_once(ours)
    _check_once(theirs)
    groups = _Groups()
    for text in (*ours, *theirs):
        groups.unite(text.keys)
    members: dict[Key, tuple[list[Keyed], list[Keyed]]] = {}
    for side, texts in enumerate((ours, theirs)):
        for text in texts:
            members.setdefault(groups.of(text.keys[0]), ([], []))[side].append(text)
    pairs, alone, together = [], (list[Keyed](), list[Keyed]()), 0
    for mine, others in members.values():
        keys = [{key for text in texts for key in text.keys} for texts in (mine, others)]
        if keys[0] == keys[1]:
            pairs.append((mine, others))
            together += len(keys[0]) > 1
        else:
            alone[0].extend(mine)
            alone[1].extend(others)
    return Joined(pairs, alone, together)


def shown(key: Key) -> str:
    """A key for a person: ``GEN 1 3``."""
    return " ".join(key)


def _check_once(texts: Iterable[Keyed]) -> None:
    found, faults = dict[Key, Keyed](), Collector()
    for text in texts:
        for key in text.keys:
            if key in found:
                faults.add(Problem(f"the key {shown(key)} stands twice, here and at {found[key].where}",
                                   where=text.where,
                                   fix="Remove one of the two, or name a key that tells them apart"))
            found[key] = text
    faults.raise_collected()


class _Groups:
    """Keys that belong together because a text covers both."""

    def __init__(self) -> None:
        self._above: dict[Key, Key] = {}

    def of(self, key: Key) -> Key:
        """The key that stands for the group of ``key``."""
        while (above := self._above.get(key, key)) != key:
            self._above[key] = self._above.get(above, above)
            key = above
        return key

    def unite(self, keys: Sequence[Key]) -> None:
        """Put ``keys`` into one group."""
        for key in keys[1:]:
            self._above[self.of(key)] = self.of(keys[0])
