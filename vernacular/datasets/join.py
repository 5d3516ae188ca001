"""Join texts of two sides by key; report unmatched texts and duplicate keys. Nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem

Key = tuple[str, ...]


@dataclass(frozen=True)
class Keyed:
    """A text and its keys."""

    keys: tuple[Key, ...]  # its key, or several if it covers several verses
    texts: tuple[str, ...]  # as in the ledger; several if a verse is marked in parts
    path: str  # of its document, as in the ledger
    where: str  # file and line, for messages


@dataclass(frozen=True)
class Joined:
    """The result of a join.

    Attributes:
        pairs: texts of both sides that cover the same keys; several texts of a side where one text
            of the other covers several verses.
        alone: unmatched texts of each side.
        together: pairs with several verses.
    """

    pairs: list[tuple[list[Keyed], list[Keyed]]]
    alone: tuple[list[Keyed], list[Keyed]]
    together: int

    @property
    def lost(self) -> float:
        """Unmatched texts as a share of the smaller side."""
        sizes = [sum(len(pair[side]) for pair in self.pairs) + len(self.alone[side]) for side in (0, 1)]
        smaller = sizes.index(min(sizes))
        return len(self.alone[smaller]) / max(1, sizes[smaller])


def join(ours: Sequence[Keyed], theirs: Sequence[Keyed]) -> Joined:
    """Join texts of both sides by key, in the order of ``ours``.

    A text with several keys is joined with the texts of the other side that together cover the same
    keys.

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
    """Return a key for display: ``GEN 1 3``."""
    return " ".join(key)


def _check_once(texts: Iterable[Keyed]) -> None:
    found, faults = dict[Key, Keyed](), Collector()
    for text in texts:
        for key in text.keys:
            if key in found:
                faults.add(Problem(f"duplicate key {shown(key)}, here and at {found[key].where}",
                                   where=text.where,
                                   fix="Remove one of the two, or use a key that distinguishes them",
                                   code=Code.DATA_JOIN))
            found[key] = text
    faults.raise_collected()


class _Groups:
    """Groups of keys that occur in a common text (union-find)."""

    def __init__(self) -> None:
        self._above: dict[Key, Key] = {}

    def of(self, key: Key) -> Key:
        """Return the representative of the group of ``key``."""
        while (above := self._above.get(key, key)) != key:
            self._above[key] = self._above.get(above, above)
            key = above
        return key

    def unite(self, keys: Sequence[Key]) -> None:
        """Merge the groups of ``keys``."""
        for key in keys[1:]:
            self._above[self.of(key)] = self.of(keys[0])
