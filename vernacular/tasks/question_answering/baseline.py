"""A baseline without training: a span of the context sentence nearest to the question."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import regex
from sklearn.feature_extraction.text import TfidfVectorizer

from vernacular.text.words import plain_words, word_spans

_SENTENCE = regex.compile(r"(?:[^\n\p{Sentence_Terminal}]|\p{Sentence_Terminal}(?=\S))+\p{Sentence_Terminal}*")


def answer_length(answers: Sequence[str]) -> int:
    """Return the median number of words of the nonempty answers, at least one."""
    return max(1, round(median([len(word_spans(answer)) for answer in answers if answer] or [1])))


def nearest_span(question: str, context: str, length: int) -> str:
    """Return the ``length`` words next to what the context's nearest sentence shares with the question.

    The sentence is the nearest by TF-IDF over character 2-5-grams. Among its runs of ``length``
    words not in the question, the one with the most shared words around it is taken; without any,
    the whole sentence.
    """
    sentences = [found.span() for found in _SENTENCE.finditer(context) if word_spans(found.group())]
    if not sentences:
        return ""
    texts = [context[start:stop] for start, stop in sentences]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True).fit(texts)
    similarities = (vectorizer.transform(texts) @ vectorizer.transform([question]).T).toarray()[:, 0]
    sentence = texts[int(similarities.argmax())]
    asked = set(plain_words(question))
    spans = word_spans(sentence)
    known = [sentence[start:stop].casefold() in asked for start, stop in spans]
    runs = [first for first in range(len(spans) - length + 1) if not any(known[first:first + length])]
    if not runs:
        return sentence.strip()
    best = max(runs, key=lambda first: sum(  # near words count more; the first of equals
        1 / (first - at if at < first else at - first - length + 1) for at, shared in enumerate(known) if shared))
    return sentence[spans[best][0]:spans[best + length - 1][1]]
