"""Baselines without pretraining: majority label; TF-IDF with logistic regression."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_union

from vernacular.datasets.items import Item
from vernacular.tasks.base import IGNORED

_C, _ITERATIONS = 30, 300
Words = list[str]
Pair = tuple[str, str]
Features = tuple[str, str, str]  # a word and its neighbors: before, word, after


def majority(items: Sequence[Item]) -> list[int]:
    """Return the most frequent label; empty if no item has one."""
    counts = Counter(label for item in items for label in item.labels if label != IGNORED)
    return [label for label, _ in counts.most_common(1)]


def text_floor(train: Sequence[Pair], labels: Sequence[Sequence[int]], test: Sequence[Pair], count: int, seed: int,
               many: bool = False) -> NDArray[Any]:
    """Return label probabilities of ``test`` (texts, ``count``), from character 2-5-grams of words.

    Adding word features makes a weaker baseline: docs/experiments/text-baseline.md, "What is reported". Pairs use whole
    words.

    ``train``: training texts; the second of each is empty for single texts. ``many``: whether
    texts may have several labels.
    """
    if any(second for _, second in train):
        union = make_union(TfidfVectorizer(analyzer=_shared), TfidfVectorizer(analyzer=_sided))
    else:
        union = make_union(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True,
                                           preprocessor=_first))
    if not many:
        return _learned(union, train, [each[0] for each in labels], test, count, seed, balanced=True)
    return np.stack([_learned(union, train, [int(label in each) for each in labels], test, 2, seed, True)[:, 1]
                     for label in range(count)], axis=1)


def word_floor(train: Sequence[Words], labels: Sequence[Sequence[int]], test: Sequence[Words], count: int, seed: int,
               balanced: bool) -> list[NDArray[Any]]:
    """Return label probabilities of the words of ``test``: for each text (words, ``count``).

    From character 1-5-grams of the word, its shape, and its neighbors.

    ``train``: texts in words. ``labels``: of each word; ``IGNORED`` if unknown. ``balanced``:
    whether labels are weighted equally.
    """
    union = make_union(TfidfVectorizer(analyzer=_letters), TfidfVectorizer(analyzer=_sides))
    pairs = [(feature, label) for words, own in zip(train, labels, strict=True)
             for feature, label in zip(_features(words), own, strict=True) if label != IGNORED]
    asked = [feature for words in test for feature in _features(words)]
    found = _learned(union, [feature for feature, _ in pairs], [label for _, label in pairs], asked, count, seed,
                     balanced)
    return np.split(found, np.cumsum([len(words) for words in test])[:-1])


def _learned(union: FeatureUnion, train: Sequence[Any], labels: Sequence[int], test: Sequence[Any], count: int,
             seed: int, balanced: bool) -> NDArray[Any]:
    """Return probabilities (test, ``count``) of a logistic regression; constant for a single label."""
    out = np.zeros((len(test), count))
    if len(set(labels)) < 2:
        out[:, labels[0]] = 1
        return out
    model = LogisticRegression(C=_C, max_iter=_ITERATIONS, class_weight="balanced" if balanced else None,
                               random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the limit bounds the time
        model.fit(union.fit_transform(train), labels)
    if len(test):
        out[:, model.classes_] = model.predict_proba(union.transform(test))
    return out


def _first(pair: Pair) -> str:
    return pair[0].lower()


def _sided(pair: Pair) -> Iterator[str]:
    """Yield the words of each text, marked by side."""
    for side, text in enumerate(pair):
        yield from (f"{side}={word}" for word in text.lower().split())


def _shared(pair: Pair) -> Iterable[str]:
    """Yield the words in both texts, and how much of the second text they cover."""
    first, second = (set(text.lower().split()) for text in pair)
    both = first & second
    return [f"both={word}" for word in both] + [f"share={round(4 * len(both) / max(1, len(second)))}"]


def _features(words: Words) -> list[Features]:
    found = ["<", *words, ">"]
    return [(found[index - 1], found[index], found[index + 1]) for index in range(1, len(found) - 1)]


def _letters(features: Features) -> list[str]:
    framed = f"<{features[1]}>"
    return [framed[start:start + size] for size in range(1, 6) for start in range(len(framed) - size + 1)]


def _sides(features: Features) -> list[str]:
    word = features[1]
    shape = "capital" if word[:1].isupper() else "digit" if word[:1].isdigit() else "other"
    return [f"word={word}", f"shape={shape}", f"before={features[0]}", f"after={features[2]}"]
