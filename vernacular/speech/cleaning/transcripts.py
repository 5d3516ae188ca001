"""Transcripts: normalization, what is not one, and lengths that do not fit the sound."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex
from numpy.typing import NDArray

from vernacular.config.cleaning import Orthography
from vernacular.core.normal_forms import normalized
from vernacular.text.normalization import normalise, repair
from vernacular.text.spelling import Speller

_LETTER = regex.compile(r"[\p{L}\p{M}]")
_NOT_SPOKEN = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_ORTHOGRAPHY = 0.2  # of the transcripts of a source: a letter in so many belongs to the orthography
_MOST_LEFT = 0.1  # of the replaced look-alike letters
FEWEST_FOR_OUTLIERS = 30  # transcribed utterances of a source; with fewer there is no usual speed


def normalize_transcripts(texts: Sequence[str], orthography: Orthography, script: str) -> list[str]:
    """Return ``texts`` as the text pipeline would write them: repaired, NFC, single spaces, the folder's spelling.

    Look-alike letters of other scripts are replaced only if all of them can be. Some transcripts use them as letters,
    such as Greek epsilon and omega with and without accent; half replaced, they would be two letters for one sound.
    """
    repaired, _ = repair([" ".join(text.split()) for text in texts])
    normal = normalise(repaired)
    spelled, changes = Speller(orthography, script).apply(normal)
    replaced = Counter(change.before for change in changes if change.rule == "homoglyph")
    left = Counter("".join(normalized("NFD", text) for text in spelled))
    if any(left[letter] > _MOST_LEFT * number for letter, number in replaced.items()):
        spelled, _ = Speller(orthography.model_copy(update={"homoglyphs": False}), script).apply(normal)
    return spelled


def without_borrowed(texts: Sequence[str]) -> list[str]:
    """Return ``texts`` without the letters that at least a fifth of them have: they belong to the orthography.

    So Greek omega in a Latin orthography is no sign of another script. Marks are removed as well.
    """
    bases = [[one for one in normalized("NFD", text) if not unicodedata.category(one).startswith("M")]
             for text in texts]
    used = Counter(letter for text in bases for letter in set(text))
    own = {letter for letter, number in used.items() if number >= _ORTHOGRAPHY * len(texts)} - {" "}
    return ["".join(letter for letter in text if letter not in own) for text in bases]


def has_letters(text: str) -> bool:
    """Return whether ``text`` has a letter of any script."""
    return _LETTER.search(text) is not None


def comparable(text: str) -> str:
    """Return ``text`` without case, punctuation and symbols: equal for two writings of the same words."""
    return " ".join(_NOT_SPOKEN.sub(" ", text.casefold()).split())


def spoken_characters(text: str) -> int:
    """Return the number of letters and digits; a letter with its marks is one."""
    return len(regex.findall(r"[\p{L}\p{N}]", text))


def length_deviations(seconds: NDArray[np.float64], characters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return by how many robust standard deviations each utterance is longer (or, negative, shorter) than expected.

    Args:
        seconds: of speech, of the utterances of one source.
        characters: of their transcripts, at least one each.

    The expected length is linear in characters: the median slope and intercept (Theil-Sen). The logarithm of the
    ratio is divided by its median absolute deviation (times 1.4826). Zeros with fewer than ``FEWEST_FOR_OUTLIERS``.
    """
    if len(seconds) < FEWEST_FOR_OUTLIERS:
        return np.zeros(len(seconds))
    slope, intercept = _median_line(characters.astype(np.float64), seconds)
    expected = np.maximum(intercept + slope * characters, 0.2 * float(np.median(seconds)))
    logs = np.log(np.maximum(seconds, 0.01) / expected)
    logs -= np.median(logs)
    spread = 1.4826 * float(np.median(np.abs(logs)))
    return np.asarray(logs / max(spread, 0.05))


def _median_line(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and intercept by Theil and Sen, over pairs at fixed distances so that many points cost little."""
    order = np.lexsort((ys, xs))
    xs, ys = xs[order], ys[order]
    slopes = []
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        step = int(len(xs) * share)
        wide = xs[step:] - xs[:-step]
        slopes.append((ys[step:] - ys[:-step])[wide > 0] / wide[wide > 0])
    joined = np.concatenate(slopes)
    slope = float(np.median(joined)) if len(joined) else 0.0
    return max(slope, 0.0), float(np.median(ys - max(slope, 0.0) * xs))
