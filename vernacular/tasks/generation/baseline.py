"""A baseline without a language model: the nearest training item's answer."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer

from vernacular.datasets.items import Item


def nearest(train: Sequence[Item], test: Sequence[Item]) -> list[str]:
    """Return for each item the second text of the most similar training item (TF-IDF, character 2-5-grams)."""
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    known = vectorizer.fit_transform([item.text for item in train])
    similarities = vectorizer.transform([item.text for item in test]) @ known.T
    return [train[int(row)].second for row in similarities.argmax(1).A1]
