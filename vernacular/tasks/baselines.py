"""What needs no pretraining and reaches this on the same labels: the majority label; TF-IDF, logistic regression."""

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
Features = tuple[str, str, str]  # a word and its neighbours: before, word, after


def majority(items: Sequence[Item]) -> list[int]:
    """The commonest label; none where no item has one."""
    counts = Counter(label for item in items for label in item.labels if label != IGNORED)
    return [label for label, _ in counts.most_common(1)]


def text_floor(train: Sequence[Pair], labels: Sequence[Sequence[int]], test: Sequence[Pair], count: int, seed: int,
               many: bool = False) -> NDArray[Any]:
    """Label probabilities of ``test`` (texts, ``count``), from character 2-5-grams of words.

    Words themselves beside them make a weaker floor: docs/tasks.md, "What is reported". Pairs are told by whole words.

    Args:
        train: texts to learn from; the second of each is empty where there is only one.
        labels: of each.
        test: texts to answer for.
        count: how many labels there are.
        seed: of the fit.
        many: a text may have any number of labels.
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
    """Label probabilities of the words of ``test``: for each text (words, ``count``).

    From character 1-5-grams of the word, its shape, and the words on either side.

    Args:
        train: texts in words.
        labels: of each word; ``IGNORED`` where none is known.
        test: texts to answer for.
        count: how many labels there are.
        seed: of the fit.
        balanced: rare labels weigh as much as common ones.
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
    """Probabilities (test, ``count``) of a logistic regression; all for the one label if there is only one."""
    out = np.zeros((len(test), count))
    if len(set(labels)) < 2:
        out[:, labels[0]] = 1
        return out
    model = LogisticRegression(C=_C, max_iter=_ITERATIONS, class_weight="balanced" if balanced else None,
                               random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a bound on the time, not on the quality that is claimed
        model.fit(union.fit_transform(train), labels)
    if len(test):
        out[:, model.classes_] = model.predict_proba(union.transform(test))
    return out


def _first(pair: Pair) -> str:
    return pair[0].lower()


def _sided(pair: Pair) -> Iterator[str]:
    """The words of each text, marked with which it is."""
    for side, text in enumerate(pair):
        yield from (f"{side}={word}" for word in text.lower().split())


def _shared(pair: Pair) -> Iterable[str]:
    """The words that both texts have, and how much of the second the first has."""
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
