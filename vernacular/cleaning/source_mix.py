"""Composition of the cleaned text by words, and limits on the share of one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from vernacular.config.cleaning import SourceMix
from vernacular.core.report import Gate

GROUP = ("source", "register", "licence", "place")  # of documents; the place is //host or the path of a file
Words = Mapping[tuple[str, ...], int]


def words_by(words: Words, *names: str) -> Counter[tuple[str, ...]]:
    """Sum kept words by some columns of ``GROUP``, largest first."""
    at = [GROUP.index(name) for name in names]
    found: Counter[tuple[str, ...]] = Counter()
    for group, number in words.items():
        found[tuple(group[place] for place in at)] += number
    return Counter(dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))))


def shares(words: Words, caps: SourceMix) -> list[tuple[str, float, float]]:
    """Return what is limited, its share of all words, and its limit."""
    total = sum(words.values()) or 1
    registers = words_by(words, "register")
    hosts = {place: number for (place,), number in words_by(words, "place").items() if place.startswith("//")}
    host = max(hosts, key=lambda place: (hosts[place], place), default="")
    return [("religious", registers[("religious",)] / total, caps.religious),
            ("encyclopedic", registers[("encyclopedic",)] / total, caps.encyclopedic),
            (f"the host {host[2:]}" if host else "one host", hosts.get(host, 0) / total, caps.one_host)]


def mix_gate(found: Sequence[tuple[str, float, float]]) -> Gate:
    """Build the gate ``source_mix``: warns if a share exceeds its limit; its value is the worst."""
    _, share, cap = max(found, key=lambda row: row[1] - row[2])
    over = [row for row in found if row[1] > row[2]]
    return Gate(name="source_mix", passed=not over, value=share, threshold=cap, reason="; ".join(
        f"{name}: {share:.0%} of the words; the limit is {cap:.0%}" for name, share, cap in over or found),
        fix="Add other kinds of text, or raise the limit under `cleaning.mix:` if the language has no other")
