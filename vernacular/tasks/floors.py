"""What needs no pretraining and reaches this on the same labels: the majority label; TF-IDF, logistic regression."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from vernacular.corpus.words import words
from vernacular.tasks.items import IGNORED, OUTSIDE, Item, majority
from vernacular.tasks.scoring import score

Features = tuple[str, str, str]  # a word and its neighbours: before, word, after


def majority_floor(train: Sequence[Item], test: Sequence[Item], by_word: bool) -> float:
    """The score of always answering the commonest training label."""
    label = majority(train)
    return score(test, [[label] * len(item.labels) for item in test], by_word)


def tfidf_floor(train: Sequence[Item], test: Sequence[Item], by_word: bool, seed: int) -> float:
    """The score of TF-IDF features with logistic regression.

    Texts: words and character 2-5-grams. Words: character 1-5-grams of the word, and the words on either side.
    """
    inputs: list[Features] | list[str]
    if by_word:
        texts = make_union(TfidfVectorizer(analyzer=_letters), TfidfVectorizer(analyzer=_sides))
        rows = [_word_features(item) for item in train]
        inputs = [feature for item, row in zip(train, rows, strict=True)
                  for feature, label in zip(row, item.labels, strict=True) if label != IGNORED]
        targets = [label for item in train for label in item.labels if label != IGNORED]
    else:
        texts = make_union(TfidfVectorizer(sublinear_tf=True),
                           TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))
        inputs, targets = [item.text for item in train], [item.labels[0] for item in train]
    if len(set(targets)) < 2:
        return majority_floor(train, test, by_word)
    model = make_pipeline(texts, LogisticRegression(C=30, max_iter=2000, class_weight="balanced", random_state=seed))
    model.fit(inputs, targets)
    if not by_word:
        return score(test, [[int(label)] for label in model.predict([item.text for item in test])], by_word)
    predictions = []
    for item in test:
        features = _word_features(item)
        found = model.predict(features) if features else [OUTSIDE] * len(item.labels)
        predictions.append([int(label) for label in found])
    return score(test, predictions, by_word)


def _word_features(item: Item) -> list[Features]:
    found = ["<", *words(item.text), ">"]
    return [(found[index - 1], found[index], found[index + 1]) for index in range(1, len(found) - 1)]


def _letters(features: Features) -> list[str]:
    framed = f"<{features[1]}>"
    return [framed[start:start + size] for size in range(1, 6) for start in range(len(framed) - size + 1)]


def _sides(features: Features) -> list[str]:
    return [f"before={features[0]}", f"after={features[2]}"]
