"""Two floors of generation: the source as it is, and the answer of the nearest training source."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer

from vernacular.tasks.pairs import Pair


def copied(test: Sequence[Pair]) -> list[str]:
    """Each source itself."""
    return [pair.source for pair in test]


def nearest(train: Sequence[Pair], test: Sequence[Pair]) -> list[str]:
    """For each source the target of the training source most like it (TF-IDF, character 2-5-grams)."""
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    known = vectorizer.fit_transform([pair.source for pair in train])
    likeness = vectorizer.transform([pair.source for pair in test]) @ known.T
    return [train[int(row)].target for row in likeness.argmax(1).A1]
