"""Generated sounds without speech: repeatable, of many lengths and levels, and not those of the tests of behavior."""

from __future__ import annotations

import numpy as np
import pytest

from vernacular.speech.transcription.noises import KINDS, make_noise


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_is_named_by_kind_and_number(kind: str) -> None:
    sounds = [make_noise(kind, seed) for seed in range(8)]
    assert all(np.isfinite(sound).all() and np.abs(sound).max() <= 1 for sound in sounds)
    assert len({len(sound) for sound in sounds}) == 8
    np.testing.assert_array_equal(make_noise(kind, 3), sounds[3])
    levels = {round(float(np.sqrt(np.square(sound).mean())), 5) for sound in sounds}
    assert levels == {0.0} if kind == "silence" else len(levels) > 4
