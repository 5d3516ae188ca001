"""How fast the corpus is cleaned, and what a little more text costs."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.folder import run, write_folder, write_text
from benchmarks.registry import DATA, Row, figure, need

_CODES = ("nya", "lug", "fao")
_LINES = 10  # of a document
_SEED_LINES = 2000
_MORE = 0.01
_COPIES = 14  # of the text with its words drawn again, for a corpus of some 50 MB


@figure
def cleaning_mb_per_s() -> Iterator[Row]:
    """MB of text a second through ``corpus/clean``, from nothing.

    Of a language with some 49 MB, in documents of ten lines; of three with 3 to 6 MB (``_small``: starting takes a
    second of each); of the three in documents of one line (``_lines``).
    """
    real = {code: real_lines(code) for code in _CODES}
    for name, texts, size in (("cleaning_mb_per_s", {"nya": _much(real["nya"])}, _LINES),
                              ("cleaning_mb_per_s_small", real, _LINES), ("cleaning_mb_per_s_lines", real, 1)):
        total, seconds = 0.0, Counter[str]()
        for code, lines in texts.items():
            documents = _documents(lines, size)
            total += _megabytes(documents)
            with tempfile.TemporaryDirectory() as place:
                folder = write_folder(Path(place), _seed(real[code]), {"text": documents})
                seconds.update(run(folder, Path(place) / "artifacts"))
        yield Row(name, total / seconds["corpus/clean"], "MB/s", details={
            "MB": round(total, 1), "seconds": _rounded(seconds)})


@figure
def refresh_share_of_full() -> Iterator[Row]:
    """Seconds of ``corpus/clean`` after a hundredth more text, as a share of those from nothing."""
    lines = real_lines("nya")
    much = _much(lines)
    for name, text, size in (("refresh_share_of_full", much, _LINES), ("refresh_share_of_full_small", lines, _LINES),
                             ("refresh_share_of_full_lines", much[:len(lines) * 4], 1)):
        documents = _documents(text, size)
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


def real_lines(code: str) -> list[str]:
    """The lines of ``mono.txt`` of a language.

    Raises:
        Skipped: they are not there.
    """
    return need(DATA / code / "mono.txt").read_text(encoding="utf-8").splitlines()


def _documents(lines: Sequence[str], size: int) -> list[str]:
    return ["\n".join(lines[start:start + size]) for start in range(0, len(lines), size)]


def _much(lines: Sequence[str]) -> list[str]:
    """The lines, and their words drawn again a dozen times."""
    return [*lines, *(line for seed in range(_COPIES) for line in _redrawn(lines, seed))]


def _redrawn(lines: Sequence[str], seed: int) -> list[str]:
    """Lines of the same lengths with the same words in another order, so that none is like another."""
    words = [word for line in lines for word in line.split(" ")]
    random.Random(seed).shuffle(words)
    drawn = iter(words)
    return [" ".join(next(drawn) for _ in line.split(" ")) for line in lines]


def _seed(lines: Sequence[str]) -> list[str]:
    """Lines from all over the text."""
    return list(lines[::max(1, len(lines) // _SEED_LINES)])


def _megabytes(documents: Sequence[str]) -> float:
    return sum(len(document.encode()) for document in documents) / 1e6


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(found, 2) for stage, found in seconds.items()}
