"""Query a model for the cases of behavioral tests: a trained task, or the language model itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from vernacular.behavior_tests.schema import BehaviourTest
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.evaluation.behavior.cases import Case
from vernacular.evaluation.behavior.judge import Answer, Array, Outcome, judge, judge_likelihood

_scores_of_pairs = EntryPoint[Any]("vernacular.evaluation.behavior.minimal_pairs:scores")
Splitter = Callable[[str], list[str]]


class Predictor(Protocol):
    """A trained task's predictions: see ``vernacular.tasks.predictor``."""

    labels: list[str]

    def probabilities(self, texts: Sequence[str]) -> Sequence[Array]:
        """Return one array per text: shape (labels,), or (words, labels)."""

    def decoded(self, table: Array) -> list[int]:
        """Return the predicted label index, or one per word, from one of these arrays."""

    def unread(self, text: str) -> str:
        """Return the end of a text that exceeds the model's length."""


class Weigher:
    """A language model with the likelihood judge."""

    def __init__(self, network: Any, tokenizer: Any, objective: str) -> None:
        self._network, self._tokenizer, self._objective = network, tokenizer, objective

    def reads(self, line: str) -> bool:
        """Return True: the whole line is scored."""
        return True

    def ask_ahead(self, cases: Sequence[Case]) -> None:
        """Do nothing: the forms of one test fill whole batches."""

    def outcomes(self, test: BehaviourTest, cases: Sequence[Case]) -> list[Outcome]:
        """Return the outcome of each case of ``test``."""
        return [judge_likelihood(test, found)
                for found in (_scores_of_pairs(
                    self._network, self._tokenizer, self._objective, cases) if cases else [])]


class Asker:
    """A predictor with the judge; predictions are cached.

    ``words_of``: splits a line into labeled words; None if lines are labeled.

    Attributes:
        labels: of the predictor.
        by_word: whether it labels words.
    """

    def __init__(self, predictor: Predictor, words_of: Splitter | None) -> None:
        self._predictor, self._words_of = predictor, words_of
        self.labels, self.by_word = list(predictor.labels), words_of is not None
        self._known: dict[str, Answer] = {}

    def reads(self, line: str) -> bool:
        """Whether the predictor reads all of ``line``; changes to an unread part have no effect."""
        return not self._predictor.unread(line)

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """Return the predictions for ``texts``, in order.

        Raises:
            Problem: the predictor labels another number of words than the line has.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, found in zip(new, self._predictor.probabilities(new) if new else [], strict=True):
            words = tuple(self._words_of(text)) if self._words_of is not None else ()
            if self._words_of is not None and len(words) != len(found):
                raise Problem(f"{len(found)} labels for {len(words)} words: {text[:80]!r}", where="behaviour",
                              fix="This is a bug: the predictor and words_of disagree", code=Code.BUG)
            self._known[text] = Answer(found, tuple(self._predictor.decoded(found)), words)
        return [self._known[text] for text in texts]

    def ask_ahead(self, cases: Sequence[Case]) -> None:
        """Cache predictions for ``cases`` of several tests: many texts fill batches of similar length."""
        self.answers([text for case in cases for text in case.versions])

    def outcomes(self, test: BehaviourTest, cases: Sequence[Case]) -> list[Outcome]:
        """Return the outcome of each case of ``test``."""
        answers = iter(self.answers([text for case in cases for text in case.versions]))
        return [judge(test, self.labels, [next(answers) for _ in case.versions], replace(
            case, filled=tuple(word for text in case.filled for word in (self._words_of or str.split)(text))))
                for case in cases]
