"""Transcripts of other utterances are found by ranks, and nothing is suspect where a model is too weak."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.speech.transcription.spoken import write_language
from vernacular.speech.transcription.alignment import FEWEST, Alignment, align, ctc_losses, find_suspects, judge
from vernacular.speech.transcription.encoders import log_mel
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.head_training import Budget, HeadSettings
from vernacular.speech.transcription.sounds import sounds_of
from vernacular.speech.transcription.state_cache import compute_states
from vernacular.speech.utterance import read_utterances


def ranks(wrong: float, spread: float, count: int = 1000) -> np.ndarray:
    """Ranks of a corpus: those of wrong transcripts are uniform, those of right ones near the top."""
    random = np.random.default_rng(1)
    right = np.minimum(random.exponential(spread, count), 1)
    return np.where(random.random(count) < wrong, random.random(count), right)


@pytest.mark.parametrize("wrong", [0.0, 0.05, 0.2])
def test_the_share_of_wrong_transcripts_is_estimated_from_low_ranks(wrong: float) -> None:
    found = judge(ranks(wrong, 0.005))
    assert found.limit is not None and found.limit <= 0.1 and found.lost <= 0.01
    assert found.wrong == pytest.approx(wrong, abs=0.04)


def test_the_limit_rises_with_a_weaker_model_and_there_is_none_for_one_that_cannot_tell() -> None:
    strong, weak = judge(ranks(0.1, 0.005)), judge(ranks(0.1, 0.05))
    assert strong.limit is not None and weak.limit is not None and weak.limit > strong.limit
    assert judge(ranks(0.1, 0.3)).limit is None
    assert judge(ranks(1.0, 0.1)).limit is None


def test_a_transcript_that_lacks_a_part_is_suspect_where_the_models_can_tell() -> None:
    lacks, whole = Alignment(1, 0, 1, ""), Alignment(1, 0, 0, "")
    assert find_suspects([lacks, *[whole] * 99])[1] == [True, *[False] * 99]
    unknown = [replace(whole, better=share) for share in ranks(0.1, 0.3)]
    assert not any(find_suspects([lacks, *unknown])[1])


def test_losses_are_those_of_each_target_alone() -> None:
    scores = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).log_softmax(-1).numpy()
    together = ctc_losses(scores, [[1, 2], [3], [1] * 9])
    assert together[:2] == pytest.approx([ctc_losses(scores, [target])[0] for target in ([1, 2], [3])])
    assert together[2] == float("inf")  # a repeated symbol needs a blank between


@pytest.mark.slow
def test_swapped_transcripts_fit_worse_than_others(tmp_path: Path) -> None:
    right = read_utterances(write_language(tmp_path, 120, words=3))
    texts = [one.text for one in right]
    rows = range(0, 120, 10)
    swapped = [replace(one, text=texts[(row + 10) % 120] if row in rows else one.text) for row, one in enumerate(right)]
    states = compute_states(log_mel(), [*sounds_of(swapped, [], tmp_path)], tmp_path / "states", print)
    found = align(FrozenMethod(states, HeadSettings()), swapped, Budget(60), 1, print)
    better = np.array([one.better for one in found])
    wrong = np.array([row in rows and texts[row] != swapped[row].text for row in range(120)])
    assert np.median(better[~wrong]) == 0
    assert better[wrong].mean() > 0.3
    assert np.mean([one.longer == 0 for one in found]) > 0.8
    assert FEWEST > 120  # so few are not judged
