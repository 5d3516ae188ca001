"""The baseline: a linear map from the characters of texts to the vectors of their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from vernacular.modeling.linear_map import fit_map

_MOST_FEATURES = 1000  # of texts: of more, the principal ones
_SEED = 1


def characters_map(train: Sequence[str], targets: NDArray[Any], groups: Sequence[str],
                   test: Sequence[str]) -> NDArray[np.float64]:
    """Return vectors of the texts ``test`` from TF-IDF of their character n-grams, without a pretrained model.

    A picture is found by parts of words that its text shares with those of other pictures.
    """
    known, new = character_features(train, test)
    return fit_map(known, targets, groups)(new)


def character_features(train: Sequence[str], test: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return principal components of TF-IDF of the texts' character n-grams: (train, features), (test, features)."""
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True).fit(train)
    known, new = vectorizer.transform(train), vectorizer.transform(test)
    most = min(_MOST_FEATURES, min(known.shape) - 1)
    if most < 1:
        return np.zeros((len(train), 1)), np.zeros((len(test), 1))
    reduce = TruncatedSVD(most, random_state=_SEED).fit(known)
    return reduce.transform(known), reduce.transform(new)
