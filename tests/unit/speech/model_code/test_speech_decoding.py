"""Beam search against all texts and all paths of tiny inputs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from vernacular.speech.model_code.speech_decoding import BeamSearch, CharacterModel, WordModel, best_path

TEXTS = [[1, 2, 1], [1, 2, 2], [2, 1], [1, 1, 2]]


def _scores(seed: int, frames: int = 4, symbols: int = 3) -> np.ndarray:
    logits = 2 * np.random.default_rng(seed).standard_normal((frames, symbols))
    scores: np.ndarray = (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).astype(np.float32)
    return scores


def _collapsed(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)


def _by_all_paths(scores: np.ndarray) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        probability = math.exp(sum(float(scores[place, symbol]) for place, symbol in enumerate(path)))
        found[_collapsed(path)] = found.get(_collapsed(path), 0.0) + probability
    return found


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("weight", "bonus"), [(0.0, 0.0), (0.7, 0.5), (2.0, -0.5)])
def test_a_wide_beam_finds_the_best_of_all_texts(seed: int, weight: float, bonus: float) -> None:
    scores, model = _scores(seed), CharacterModel.learn(TEXTS, 3, 3)
    totals = {text: math.log(probability) + weight * model.score(text) + bonus * len(text)
              for text, probability in _by_all_paths(scores).items()}
    best = max(totals, key=lambda text: totals[text])
    found = BeamSearch(model, weight, bonus, width=500, unlikely=-math.inf).decode(scores)
    assert tuple(found.symbols) == best
    assert found.log_probability == pytest.approx(math.log(_by_all_paths(scores)[best]), abs=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_with_words_it_finds_the_best_of_all_texts_too(seed: int) -> None:
    space, texts = 2, [[1, 2, 1], [1, 1, 2, 1], [1, 2, 1, 1]]
    scores, model = _scores(seed, 5), CharacterModel.learn(texts, 3, 3)
    words = WordModel.learn(texts, space, 0.5)

    def by_words(text: tuple[int, ...]) -> float:
        total, spelled = 0.0, 0.0
        for place, symbol in enumerate((*text, 0)):
            spelled += float(model.after((0, *text[:place]))[symbol])
            if symbol in (0, space):
                total, spelled = total + spelled + words.gain(text[:place], spelled), 0.0
        return total

    totals = {text: math.log(probability) + 0.8 * by_words(text) + 0.3 * len(text)
              for text, probability in _by_all_paths(scores).items()}
    search = BeamSearch(model, 0.8, 0.3, width=2000, unlikely=-math.inf, words=words)
    assert tuple(search.decode(scores).symbols) == max(totals, key=lambda text: totals[text])


def test_a_known_word_is_likelier_than_its_spelling_and_an_unknown_one_less_likely() -> None:
    words = WordModel.learn([[1, 1, 3, 2]], 3, 0.5)
    assert words.gain((1, 1), -9.0) > 0
    assert words.gain((1, 2), -9.0) == pytest.approx(math.log(0.5))
    again = WordModel.of_arrays(words.arrays(), 3, 0.5)
    assert again.gain((1, 1, 3, 2), -2.0) == words.gain((1, 1, 3, 2), -2.0)


def test_the_model_is_a_distribution_after_every_context() -> None:
    model = CharacterModel.learn(TEXTS, 4, 5)
    for context in [(), (0,), (0, 1), (1, 2, 1), (4,), (3, 4, 1)]:
        assert float(np.exp(model.after(context)).sum()) == pytest.approx(1, abs=1e-5)


def test_the_model_prefers_what_it_has_read_by_witten_and_bell() -> None:
    model = CharacterModel.learn([[1, 2], [1, 2], [1, 1]], 2, 3)
    unigram = np.array([3 + 3 / 3, 4 + 3 / 3, 2 + 3 / 3]) / (9 + 3)
    expected = (np.array([1.0, 1.0, 2.0]) + 3 * unigram) / (4 + 3)
    assert np.exp(model.after((1,))) == pytest.approx(expected, abs=1e-6)


def test_arrays_give_the_same_model() -> None:
    model = CharacterModel.learn(TEXTS, 3, 3)
    again = CharacterModel.of_arrays(model.arrays())
    for text in [*TEXTS, [2, 2, 2]]:
        assert again.score(text) == model.score(text)


def test_the_likeliest_path_joins_repeats_and_keeps_doubles_with_a_blank_between() -> None:
    scores = np.full((6, 3), -5, np.float32)
    for frame, symbol in enumerate([1, 1, 0, 1, 2, 2]):
        scores[frame, symbol] = 0
    assert best_path(scores) == [1, 1, 2]
