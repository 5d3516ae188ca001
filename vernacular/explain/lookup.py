"""What ``vernacular explain`` looks up: a key by its path, the keys below a path, the value that a language has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vernacular.config.yaml_file import Node
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.explain.keys import FAIRNESS, ROOTS, Key, Path, Section, all_keys, sections

BUILT_IN = "built-in default"
_SPEECH = "speech."
_SHARED = {"model": "models", "task": "tasks"}  # as defaults.yaml calls them


@dataclass(frozen=True)
class Found:
    """What a path leads to: keys (of several kinds, perhaps), or the sections below one."""

    path: Path  # the path without the names that a person gives, such as ``models.lora.seeds``
    # the key, once for each section that has one of this name; empty for a kind, such as
    # ``sources.crawl``
    keys: tuple[tuple[Section, Key], ...]
    below: tuple[Section, ...]  # the sections that hold the keys below it
    # the names or numbers of entries that were given on the way, by their place in ``path``
    entries: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Value:
    """A value that a language has."""

    path: str  # as in its file, with the names of entries
    value: object  # the plain value, or None with ``where`` as BUILT_IN
    where: str  # file and line, or BUILT_IN


def find(text: str) -> Found:
    """What the path ``text`` leads to: whole, or its end if only one key, or one outside of speech, ends so.

    Raises:
        Problem: nothing; the nearest ones are named.
    """
    parts = [part.strip() for part in re.split(r"[][.:]+", text) if part.strip()]
    parts = [_SHARED.get(part, part) if not at else part for at, part in enumerate(parts)]
    found = _follow(parts)
    if found is None:
        ends = [name for name in _names() if name.endswith("." + ".".join(parts))]
        ends.sort(key=lambda name: name.startswith(_SPEECH))  # speech has many keys that text has as well
        likely = [name for name in ends if not name.startswith(_SPEECH)] or ends
        if len(likely) == 1:
            found = _follow(likely[0].split("."))
        if found is None:
            raise Problem(f"there is no key '{text}'{_meant('.'.join(parts), ends)}", where="vernacular explain",
                          fix="`vernacular explain` without a key lists the sections", code=Code.COMMAND_NAME)
    return found


def _follow(parts: Sequence[str]) -> Found | None:
    here = tuple(section for section in sections() if section.path == () or section.path == section.root.path)
    place: Path = ()
    keys: tuple[tuple[Section, Key], ...] = ()
    entries: list[tuple[int, str]] = []
    if parts and parts[0] == FAIRNESS:
        place, parts = (FAIRNESS,), parts[1:]
        here = _at(place)
    elif parts:
        here = tuple(section for section in here if section.path == ())
    many = False  # whether a name of an entry may come next
    for part in parts:
        variants = tuple(section for section in here if section.variant == part)
        found = tuple((section, key) for section in here for key in section.keys if key.name == part)
        if found and not variants:
            keys, place = found, (*place, part)
            below = next((key.below for _, key in found if key.below is not None), None)
            here, many = _at(below) if below is not None else (), any(key.container for _, key in found)
        elif variants:
            keys, place, many = (), (*place, part), False
            here = tuple(section for section in here if not section.variant) + variants
        elif many:
            entries.append((len(place), part))
            many = False
        else:
            return None
    return Found(place, keys, here, tuple(entries))


def _at(path: Path) -> tuple[Section, ...]:
    return tuple(section for section in sections() if section.path == path)


def _names() -> list[str]:
    """All paths, with and without the kind that a key is of."""
    return list(dict.fromkeys(name for section, key in all_keys()
                              for name in (".".join((*section.path, key.name)), section.name_of(key))))


def _meant(text: str, ends: Sequence[str]) -> str:
    last = text.split(".")[-1]
    close = list(ends) or difflib.get_close_matches(text, _names(), n=3, cutoff=0.75)
    if not close:
        by_end: dict[str, list[str]] = {}
        for name in _names():
            by_end.setdefault(name.split(".")[-1], []).append(name)
        close = [name for end in difflib.get_close_matches(last, by_end, n=2, cutoff=0.75) for name in by_end[end]]
    return f", did you mean {' or '.join(close[:4])}?" if close else ""


def values(found: Found, merged: Node) -> list[Value]:
    """The values that a language has of a key of language.yaml, one for each entry that the path passes.

    Args:
        found: from ``find``.
        merged: the settings of the language over the defaults, with their places.
    """
    if not found.keys or found.keys[0][0].root is not ROOTS[0]:
        return []
    return list(_values(merged, found.path, "", dict(found.entries), found, 0))


def _values(node: Node, rest: Path, written: str, entries: dict[int, str], found: Found, depth: int) -> Iterator[Value]:
    if not rest:
        yield Value(written, node.plain(), node.where)
        return
    name, further = rest[0], rest[1:]
    if not isinstance(node.value, dict):
        return
    if any(section.variant == name for section in sections() if section.path == found.path[:depth]) \
            and name not in node.value:
        if node.value.get("kind", node).value == name:
            yield from _values(node, further, written, entries, found, depth + 1)
        return
    path = f"{written}.{name}".lstrip(".")
    if name in node.value:
        child = node.value[name]
        if further or depth + 1 in entries:
            for label, entry in _entries(child, found.path[:depth + 1]):
                if entries.get(depth + 1, label) == label:
                    yield from _values(entry, further, path + (f".{label}" if label else ""), entries, found, depth + 1)
        else:
            yield from _values(child, further, path, entries, found, depth + 1)
    elif not further:
        kinds = {section.variant for section, key in found.keys}
        if kinds == {""} or node.value.get("kind", Node("", "")).value in kinds:
            yield Value(path, None, BUILT_IN)
    elif not _has_entries(found.path[:depth + 1]):
        yield from _values(Node({}, ""), further, path, entries, found, depth + 1)


def _entries(node: Node, path: Path) -> list[tuple[str, Node]]:
    if isinstance(node.value, list):
        return [(str(entry.value["name"].value) if isinstance(entry.value, dict) and "name" in entry.value
                 else str(number), entry) for number, entry in enumerate(node.value, start=1)]
    if isinstance(node.value, dict) and _has_entries(path):
        return list(node.value.items())
    return [("", node)]


def _has_entries(path: Path) -> bool:
    found = _follow(path)
    return found is not None and any(key.container and key.below for _, key in found.keys)
