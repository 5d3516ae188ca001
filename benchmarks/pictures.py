"""Names of emoji and their pictures: encoder, characters, and an English teacher, by the package's own functions.

``BENCH_LOCALES`` (``ha,zu,chr,qu``: locales of CLDR), ``BENCH_SPLITS`` (3). The encoder is e5-small
(``VERNACULAR_E5_SMALL``). All maps are ``fit_map``'s; a query is the name, or where that is in both parts the first
keyword. No English name of a scored emoji is read.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_approximation import Nystroem

from benchmarks.efficientnet_package import build_efficientnet
from benchmarks.emoji import PICTURES, Emoji, emoji, package, split
from benchmarks.extension import e5_small
from benchmarks.registry import Row, figure
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.linear_map import fit_map, half_whitening
from vernacular.modeling.picture_towers import PictureTower, load_tower_folder
from vernacular.modeling.state_distillation import embed_texts
from vernacular.tasks.image_retrieval.ranking import both_ranks

LOCALES, SPLITS = os.environ.get("BENCH_LOCALES", "ha,zu,chr,qu").split(","), int(os.environ.get("BENCH_SPLITS", "3"))
_KEYWORDS = 4  # of an emoji, which are learned
_FEATURES = 1000  # of texts
_LANDMARKS, _GAMMA = 600, 2.0  # of the Gaussian kernel
_ENGLISH = 0.6  # weight of the similarity by English, in standard deviations
_AT, _RESAMPLES = 10, 2000
_COMPARED = (("linear", "tfidf"), ("gaussian", "tfidf"), ("both", "tfidf"), ("both_english", "tfidf_english"),
             ("tfidf_english", "tfidf"))

Vectors = Mapping[str, NDArray[np.float32]]
Features = Callable[[Sequence[str], Sequence[str]], tuple[NDArray[Any], NDArray[Any]]]


@figure
def pictures_emoji() -> Iterator[Row]:
    """Recall at 10 from names of held-out emoji to their pictures, by way of finding them, a language at a time."""
    every = {locale: emoji(locale) for locale in LOCALES}
    base = e5_small()["path"]
    encode = _Encoder(Path(base))
    seen = vectors_of({one.picture for some in every.values() for one in some})
    every_hits: dict[str, list[NDArray[np.bool_]]] = {}
    every_group: list[str] = []
    for locale, some in every.items():
        hits: dict[str, list[NDArray[np.bool_]]] = {}
        groups: list[str] = []
        for seed in range(1, SPLITS + 1):
            train, test = split(some, seed)
            for name, found in measure(train, test, seen, encode).items():
                hits.setdefault(name, []).append(found)
            groups += [f"{one.family}" for one in test]
        yield from _rows(locale, hits, groups)
        for name, parts in hits.items():
            every_hits.setdefault(name, []).extend(parts)
        every_group += groups
    if len(every) > 1:
        yield from _rows("all", every_hits, every_group)


def _rows(locale: str, hits: Mapping[str, Sequence[NDArray[np.bool_]]], groups: Sequence[str]) -> Iterator[Row]:
    """Recall and the differences with intervals, over splits, of families."""
    pooled = {name: np.concatenate(parts) for name, parts in hits.items()}
    for name, found in pooled.items():
        yield Row(f"pictures_{locale}_{name}", 100 * float(found.mean()), "% R@10",
                  details={"splits": [round(100 * float(part.mean()), 1) for part in hits[name]]})
    for one, other in _COMPARED:
        low, high = interval(pooled[one].astype(float) - pooled[other], groups)
        yield Row(f"pictures_{locale}_{one}_minus_{other}", 100 * float(pooled[one].mean() - pooled[other].mean()),
                  "points", details={"95 %": [round(100 * low, 1), round(100 * high, 1)]})


class _Encoder:
    """Vectors of length 1 of texts by the frozen base."""

    def __init__(self, folder: Path) -> None:
        self._model, self._tokenizer = load_model(folder, "masked"), load_tokenizer(folder)
        self._kept: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if new:
            found = embed_texts(self._model.base_model, self._tokenizer, [f"query: {text}" for text in new], 64)
            self._kept |= dict(zip(new, unit(found.cpu().numpy()), strict=True))
        return np.stack([self._kept[text] for text in texts])


def vectors_of(pictures: set[str]) -> Vectors:
    """Name of a picture -> its vector by EfficientNet-Lite0."""
    names = sorted(pictures)
    with tempfile.TemporaryDirectory() as folder, package(PICTURES) as archive:
        build_efficientnet(Path(folder))
        tower = load_tower_folder(Path(folder))
        files = (archive.extractfile(f"package/img/google/64/{name}") for name in names)
        return dict(zip(names, tower.embed(_pixels(tower, file.read()) for file in files if file), strict=True))


def _pixels(tower: PictureTower, data: bytes) -> NDArray[np.uint8]:
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    white.alpha_composite(picture)
    return np.asarray(white.convert("RGB").resize((tower.size.width, tower.size.height),
                                                  Image.Resampling(tower.size.resample)))


def measure(train: Sequence[Emoji], test: Sequence[Emoji], seen: Vectors,
            encode: Callable[[Sequence[str]], NDArray[np.float32]]) -> dict[str, NDArray[np.bool_]]:
    """Way of finding pictures -> for each emoji in ``test``, whether its picture is among the ten nearest."""
    pairs = [(text, row) for row, one in enumerate(train) for text in one.texts[:_KEYWORDS]]
    known, asked, of_pair = [text for text, _ in pairs], [one.texts[0] for one in test], [row for _, row in pairs]
    names, groups = [one.picture for one in train], [train[row].picture for row in of_pair]
    mean = np.mean([seen[name] for name in names], 0)
    pictures, scored = (np.stack([seen[one.picture] for one in part]) - mean for part in (train, test))
    directions = half_whitening(pictures)
    pictures, scored = pictures @ directions, scored @ directions
    states = encode([one.english for one in train])
    english = (states - states.mean(0)) @ half_whitening(states - states.mean(0))
    named = unit(fit_map(pictures, english, names)(scored))  # from a picture to the English name that it should have
    # one fit of both: each target has the same variance
    wide = pictures.shape[1]
    targets = np.hstack([rows / np.sqrt(rows.var(0).sum()) for rows in (pictures, english)])[of_pair]
    rows: dict[str, NDArray[Any]] = {"zero_shot": unit(fit_map(states, pictures, names)(encode(asked))) @ scored.T}
    for name, features in {"linear": partial(_states, encode), "gaussian": partial(_kernel, encode),
                           "tfidf": _characters, "both": partial(_both, encode)}.items():
        learned, new = features(known, asked)
        found = fit_map(learned, targets, groups)(new)
        rows[name] = unit(found[:, :wide]) @ scored.T
        by_english = unit(found[:, wide:]) @ named.T
        rows[f"{name}_english"] = rows[name] / rows[name].std() + _ENGLISH * by_english / by_english.std()
    right = np.eye(len(test), dtype=bool)
    for row, text in enumerate(asked):
        right[row] |= [text == other for other in asked]
    return {name: both_ranks(scores, right)[0] <= _AT for name, scores in rows.items()}


def _states(encode: Callable[[Sequence[str]], NDArray[np.float32]], known: Sequence[str],
            asked: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    return encode(known), encode(asked)


def _kernel(encode: Callable[[Sequence[str]], NDArray[np.float32]], known: Sequence[str],
            asked: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """A Gaussian kernel of the states by way of landmarks; its width is the mean distance of two texts."""
    learned, new = _states(encode, known, asked)
    width = 2 * float(learned.var(0).sum())
    kernel = Nystroem(gamma=_GAMMA / width, n_components=min(_LANDMARKS, len(learned)), random_state=1).fit(learned)
    return kernel.transform(learned), kernel.transform(new)


def _characters(known: Sequence[str], asked: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True).fit(known)
    reduce = TruncatedSVD(_FEATURES, random_state=1).fit(vectorizer.transform(known))
    return reduce.transform(vectorizer.transform(known)), reduce.transform(vectorizer.transform(asked))


def _both(encode: Callable[[Sequence[str]], NDArray[np.float32]], known: Sequence[str],
          asked: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Characters and kernel, each of the same variance."""
    parts = _characters(known, asked), _kernel(encode, known, asked)
    scales = [1 / max(float(np.sqrt(part[0].var(0).sum())), 1e-9) for part in parts]
    return tuple(np.hstack([part[side] * scale for part, scale in zip(parts, scales, strict=True)])  # type: ignore[return-value]
                 for side in (0, 1))


def unit(rows: NDArray[Any]) -> NDArray[Any]:
    """``rows``, each of length 1."""
    found: NDArray[Any] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return found


def interval(differences: NDArray[Any], groups: Sequence[str]) -> tuple[float, float]:
    """The 95 % interval of the mean, by resampling groups."""
    codes = np.unique(groups, return_inverse=True)[1]
    sums, sizes = np.bincount(codes, differences), np.array([Counter(codes)[code] for code in range(codes.max() + 1)])
    drawn = np.random.default_rng(1).integers(len(sums), size=(_RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
