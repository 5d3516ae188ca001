"""How fast the corpus is cleaned, and what a little more text costs."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.folder import run, write_folder, write_text
from benchmarks.registry import DATA, Row, figure, need

_CODES = ("nya", "lug", "fao")
_LINES = 10  # of a document
_SEED_LINES = 700  # of each language
_MORE = 0.01


@figure
def cleaning_mb_per_s() -> Iterator[Row]:
    """MB of text a second through ``corpus/clean``, from nothing: documents of ten lines, and of one."""
    lines = real_lines()
    for name, size in (("cleaning_mb_per_s", _LINES), ("cleaning_mb_per_s_lines", 1)):
        documents = [document for part in lines for document in _documents(part, size)]
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(Path(place), _seed(lines), {"text": documents})
            seconds = run(folder, Path(place) / "artifacts")
        size_mb = _megabytes(documents)
        yield Row(name, size_mb / seconds["corpus/clean"], "MB/s", details={
            "MB": round(size_mb, 1), "documents": len(documents), **_rounded(seconds)})


@figure
def refresh_share_of_full() -> Iterator[Row]:
    """Seconds of ``corpus/clean`` after a hundredth more text, as a share of those from nothing."""
    lines = real_lines()
    drawn = [*lines, *(_drawn_anew(part, seed) for seed in range(3) for part in lines)]
    for name, parts, size in (("refresh_share_of_full", drawn, _LINES), ("refresh_share_of_full_small", lines, _LINES),
                              ("refresh_share_of_full_lines", lines, 1)):
        documents = [document for part in parts for document in _documents(part, size)]
        new = documents[::round(1 / _MORE)]
        old = [document for place, document in enumerate(documents) if place % round(1 / _MORE)]
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(Path(place), _seed(lines), {"text": old})
            full = run(folder, Path(place) / "artifacts")
            write_text(folder, "more", new)
            again = run(folder, Path(place) / "artifacts")
        stages = [stage for stage in full if stage != "corpus/identifier"]
        yield Row(name, again["corpus/clean"] / full["corpus/clean"], "share", details={
            "MB": round(_megabytes(documents), 1), "all stages": round(
                sum(again[stage] for stage in stages) / sum(full[stage] for stage in stages), 4),
            "full": _rounded(full), "refresh": _rounded(again)})


def real_lines() -> list[list[str]]:
    """The lines of ``mono.txt`` of each language.

    Raises:
        Skipped: they are not there.
    """
    return [need(DATA / code / "mono.txt").read_text(encoding="utf-8").splitlines() for code in _CODES]


def _documents(lines: Sequence[str], size: int) -> list[str]:
    return ["\n".join(lines[start:start + size]) for start in range(0, len(lines), size)]


def _drawn_anew(lines: Sequence[str], seed: int) -> list[str]:
    """Lines of the same lengths with the same words in another order, so that none is like another."""
    words = [word for line in lines for word in line.split(" ")]
    random.Random(seed).shuffle(words)
    drawn = iter(words)
    return [" ".join(next(drawn) for _ in line.split(" ")) for line in lines]


def _seed(lines: Sequence[Sequence[str]]) -> list[str]:
    """Every so many lines of each language, so that the identifier takes all three for its own."""
    return [line for part in lines for line in part[::max(1, len(part) // _SEED_LINES)]]


def _megabytes(documents: Sequence[str]) -> float:
    return sum(len(document.encode()) for document in documents) / 1e6


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {stage: round(found, 2) for stage, found in seconds.items()}
