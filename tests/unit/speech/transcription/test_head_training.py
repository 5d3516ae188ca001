"""The head learns symbols from states, nothing from sounds without speech, and the same again from the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from vernacular.speech.model_code.speech_decoding import best_path
from vernacular.speech.model_code.speech_model import RecurrentHead
from vernacular.speech.transcription.head_training import Budget, Example, HeadSettings, train_head, transcribe

SETTINGS = replace(HeadSettings(), hidden=16, depth=1, dropout=0.0, batch=120, rate=0.03, noise=0.3)
SYMBOLS = 4


def states_of(text: list[int], seed: int) -> np.ndarray:
    """Four frames for each symbol, whose number is the largest dimension; symbol 0 is none."""
    random = np.random.default_rng(seed)
    states = 0.1 * random.standard_normal((2, 4 * len(text), 8))
    for place, symbol in enumerate(text):
        states[:, 4 * place:4 * place + 3, symbol] += 3
    return states.astype(np.float16)


def texts(count: int) -> list[list[int]]:
    random = np.random.default_rng(0)
    return [random.integers(1, SYMBOLS, random.integers(2, 7)).tolist() for _ in range(count)]


NOISES = [Example([states_of([5] * length, length)], []) for length in (2, 3, 5, 40)]  # the last fills a batch


def trained(steps: int) -> RecurrentHead:
    examples = [Example([states_of(text, row), states_of(text, row + 99)], text) for row, text in enumerate(texts(24))]
    return train_head(examples, NOISES, SYMBOLS, replace(SETTINGS, looks=1), Budget(steps=steps), 1,
                      lambda head: 0.0, lambda line: None).head


def test_it_writes_symbols_and_nothing_for_what_is_no_speech() -> None:
    head = trained(80)
    assert best_path(transcribe(head, states_of([1, 2, 3], 500))) == [1, 2, 3]
    assert not best_path(transcribe(head, states_of([5] * 4, 501)))


def test_a_training_uses_one_thread_and_leaves_the_number_as_it_was() -> None:
    before, within = torch.get_num_threads(), list[int]()
    examples = [Example([states_of(text, row)], text) for row, text in enumerate(texts(4))]
    torch.set_num_threads(2)
    try:
        train_head(examples, NOISES, SYMBOLS, SETTINGS, Budget(steps=1), 1,
                   lambda head: float(within.append(torch.get_num_threads()) or 0), lambda line: None)
        assert (within, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = trained(8).state_dict(), trained(8).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
