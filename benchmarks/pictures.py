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
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.kernel_approximation import Nystroem

from benchmarks.efficientnet_package import build_efficientnet
from benchmarks.emoji import PICTURES, Emoji, emoji, package, split
from benchmarks.extension import e5_small
from benchmarks.registry import Row, figure
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.linear_map import fit_map, half_whitening
from vernacular.modeling.picture_towers import PictureTower, load_tower_folder
from vernacular.modeling.state_distillation import embed_texts
from vernacular.tasks.image_retrieval.characters import character_features
from vernacular.tasks.image_retrieval.ranking import both_ranks, distinct
from vernacular.tasks.sentence_retrieval.ranking import csls

LOCALES, SPLITS = os.environ.get("BENCH_LOCALES", "ha,zu,chr,qu").split(","), int(os.environ.get("BENCH_SPLITS", "3"))
_TEXTS = 4  # of an emoji, which are learned: its name and up to three keywords
_EXPONENTS = (0, 0.125, 0.25, 0.5)  # of the variance that directions are divided by
_LANDMARKS, _GAMMA = 600, 2.0  # of the Gaussian kernel
_ENGLISH = 0.6  # weight of the similarity by English, in standard deviations
_AT, _RESAMPLES = 10, 2000
_COMPARED = (("linear", "tfidf"), ("gaussian", "tfidf"), ("both", "tfidf"), ("both_english", "tfidf_english"),
             ("tfidf_english", "tfidf"))
_WITH_ENGLISH = ("tfidf", "both")

Vectors = Mapping[str, NDArray[np.float32]]
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Features = tuple[NDArray[Any], NDArray[Any]]  # of the texts to learn from, and of those to score
Hits = NDArray[np.bool_]  # (emoji, 2): text finds picture, picture finds text


@figure
def pictures_emoji() -> Iterator[Row]:
    """Recall at 10 from names of held-out emoji to their pictures and back, by way of finding, a language at a time."""
    yield from _languages("pictures", LOCALES, measure, _COMPARED)


@figure
def pictures_targets() -> Iterator[Row]:
    """Recall at 10 by what the texts point to, in three languages that the other figure does not score."""
    yield from _languages("pictures_targets", ("sw", "ga", "am"), measure_targets, ())


def _languages(figure_name: str, locales: Sequence[str], way: Callable[..., dict[str, Hits]],
               compared: Sequence[tuple[str, str]]) -> Iterator[Row]:
    """Rows of each language and of all; ``way`` gives the hits of one split."""
    every = {locale: emoji(locale) for locale in locales}
    encode = _Encoder(Path(e5_small()["path"]))
    seen = vectors_of({one.picture for some in every.values() for one in some})
    every_hits: dict[str, list[Hits]] = {}
    every_group: list[str] = []
    for locale, some in every.items():
        found: dict[str, list[Hits]] = {}
        groups: list[str] = []
        counts = []
        for seed in range(1, SPLITS + 1):
            train, test = split(some, seed)
            for name, part in way(train, test, seen, encode).items():
                found.setdefault(name, []).append(part)
            groups += [f"{one.family}" for one in test]
            counts.append(f"{len(train)} learned, {len(test)} scored")
        yield from rows_of(f"{figure_name}_{locale}", found, groups, compared, counts)
        for name, parts in found.items():
            every_hits.setdefault(name, []).extend(parts)
        every_group += groups
    if len(every) > 1:
        yield from rows_of(f"{figure_name}_all", every_hits, every_group, compared, ())


def rows_of(start: str, found: Mapping[str, Sequence[Hits]], groups: Sequence[str],
            compared: Sequence[tuple[str, str]], counts: Sequence[str]) -> Iterator[Row]:
    """Recall over splits in both directions, and differences with their intervals over families."""
    for side, way in enumerate(("", "_to_text")):  # names without a suffix are of texts that find pictures
        pooled = {name: np.concatenate(parts)[:, side].astype(float) for name, parts in found.items()}
        for name, values in pooled.items():
            splits = [round(100 * float(part[:, side].mean()), 1) for part in found[name]]
            yield Row(f"{start}_{name}{way}", 100 * float(values.mean()), "% R@10",
                      details={"splits": splits, **({"emoji": counts} if counts else {})})
        for one, other in compared:
            low, high = interval(pooled[one] - pooled[other], groups)
            yield Row(f"{start}_{one}_minus_{other}{way}", 100 * float(pooled[one].mean() - pooled[other].mean()),
                      "points", details={"95 %": [round(100 * low, 1), round(100 * high, 1)]})


def measure_targets(train: Sequence[Emoji], test: Sequence[Emoji], seen: Vectors, encode: Encode) -> dict[str, Hits]:
    """Features and targets -> hits: directions divided by powers of their variance; the mean among them; CSLS."""
    known, groups, of_pair = _learned(train)
    new = [one.texts[0] for one in test]
    pictures, scored = (np.stack([seen[one.picture] for one in part]) for part in (train, test))
    targets = {f"exponent_{exponent}": half_whitening(pictures, exponent) for exponent in _EXPONENTS}
    targets["with_mean"] = half_whitening(pictures - pictures.mean(0))  # whose mean is 0: no direction is left out
    found = {}
    for name, (learned, asked) in {"linear": _states(encode, known, new),
                                   "tfidf": character_features(known, new)}.items():
        for kind, directions in targets.items():
            components = (pictures - pictures.mean(0)) @ directions
            scores = unit(fit_map(learned, components[of_pair], groups)(asked) @ directions.T) @ scored.T
            found[f"{name}_{kind}"] = hits(scores, new)
            if kind == "exponent_0.25":
                found[f"{name}_csls"] = hits(csls(scores), new)
    return found


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


def measure(train: Sequence[Emoji], test: Sequence[Emoji], seen: Vectors, encode: Encode) -> dict[str, Hits]:
    """Way of finding -> whether picture and name of each emoji in ``test`` are among the ten nearest."""
    known, groups, of_pair = _learned(train)
    new = [one.texts[0] for one in test]
    names = [one.picture for one in train]
    pictures, scored = (np.stack([seen[one.picture] for one in part]) for part in (train, test))
    directions = half_whitening(pictures)
    targets = pictures @ directions
    states = encode([one.english for one in train])
    english = states @ half_whitening(states)
    # from a picture to the English name that it should have
    named = unit(fit_map(targets, english, names)(scored @ directions))
    zero_shot = fit_map(states, targets, names)(encode(new))
    scores = {"zero_shot": unit(zero_shot @ directions.T) @ scored.T}
    ways = {"linear": _states(encode, known, new), "gaussian": _kernel(encode, known, new),
            "tfidf": character_features(known, new)}
    ways["both"] = _both(ways["tfidf"], ways["gaussian"])
    for name, (learned, asked) in ways.items():
        scores[name] = unit(fit_map(learned, targets[of_pair], groups)(asked) @ directions.T) @ scored.T
        if name in _WITH_ENGLISH:  # a map of its own: its penalty is no matter of the rows without English
            by_english = unit(fit_map(learned, english[of_pair], groups)(asked)) @ named.T
            scores[f"{name}_english"] = scores[name] / scores[name].std() + _ENGLISH * by_english / by_english.std()
    return {name: hits(found, new) for name, found in scores.items()}


def _learned(train: Sequence[Emoji]) -> tuple[list[str], list[str], list[int]]:
    """The texts to learn from; the picture of each, and its place in ``train``."""
    pairs = [(text, row) for row, one in enumerate(train) for text in one.texts[:_TEXTS]]
    return [text for text, _ in pairs], [train[row].picture for _, row in pairs], [row for _, row in pairs]


def hits(scores: NDArray[Any], texts: Sequence[str]) -> Hits:
    """Whether the picture of each text, and the text of each picture, are in the ten nearest; equal texts are one."""
    found, places = distinct(texts)
    right = places == np.arange(len(found))[:, None]
    to_picture, to_text = both_ranks(scores[[texts.index(text) for text in found]], right)
    return np.stack([to_picture[places], to_text], 1) <= _AT


def _states(encode: Encode, known: Sequence[str], new: Sequence[str]) -> Features:
    return encode(known), encode(new)


def _kernel(encode: Encode, known: Sequence[str], new: Sequence[str]) -> Features:
    """A Gaussian kernel of the states by way of landmarks; its width is the mean squared distance of two texts."""
    learned, asked = _states(encode, known, new)
    width = 2 * float(learned.var(0).sum())
    kernel = Nystroem(gamma=_GAMMA / width, n_components=min(_LANDMARKS, len(learned)), random_state=1).fit(learned)
    return kernel.transform(learned), kernel.transform(asked)


def _both(one: Features, other: Features) -> Features:
    """The features of both, each of the same variance."""
    scales = [1 / max(float(np.sqrt(part[0].var(0).sum())), 1e-9) for part in (one, other)]
    return tuple(np.hstack([one[side] * scales[0], other[side] * scales[1]])  # type: ignore[return-value]
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
