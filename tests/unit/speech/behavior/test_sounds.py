"""Changed sound keeps its words' length, band and level as described."""

from __future__ import annotations

import numpy as np
import pytest

from tests.speech_sound import speech
from vernacular.speech.behavior.sounds import CHANGES, NO_SPEECH, by_telephone, change_voice, stretch
from vernacular.speech.utterance import RATE, Samples

SOUND = speech(1)


def draw() -> np.random.Generator:
    return np.random.default_rng(3)


def peak_of(sound: Samples) -> float:
    """The frequency with most power, in hertz."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(power) * RATE / len(sound))


def power_between(sound: Samples, low: float, high: float) -> float:
    spectrum, hertz = np.abs(np.fft.rfft(sound)) ** 2, np.fft.rfftfreq(len(sound), 1 / RATE)
    return float(spectrum[(hertz >= low) & (hertz < high)].sum() / spectrum.sum())


@pytest.mark.parametrize("name", NO_SPEECH)
@pytest.mark.parametrize("samples", [0, 1, 3999, 20_000])
def test_no_speech_has_the_wanted_length_and_level(name: str, samples: int) -> None:
    sound = NO_SPEECH[name](samples, draw())
    assert sound.shape == (samples,) and sound.dtype == np.float32 and np.isfinite(sound).all()
    if samples > 10_000:
        assert np.sqrt(np.square(sound).mean()) == pytest.approx(0 if name == "silence" else 0.1, abs=0.01)
    assert np.array_equal(sound, NO_SPEECH[name](samples, draw()))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_finite_and_lasts_as_long_as_it_should(name: str) -> None:
    changed = CHANGES[name](SOUND, draw())
    factor = {"slower": 1 / 0.9, "faster": 1 / 1.1}.get(name, 1.0)
    assert len(changed) == pytest.approx(len(SOUND) * factor, abs=2) and changed.dtype == np.float32
    assert np.isfinite(changed).all() and np.abs(changed).max() <= 1.0 and not np.array_equal(changed, SOUND)


def test_pink_noise_falls_with_frequency_and_white_noise_does_not() -> None:
    pink, white = (NO_SPEECH[name](60_000, draw()) for name in ("pink_noise", "white_noise"))
    assert power_between(pink, 100, 200) == pytest.approx(power_between(pink, 1000, 2000), rel=0.4)
    assert power_between(white, 4000, 8000) == pytest.approx(0.5, abs=0.05)


def test_a_telephone_transmits_its_band_alone() -> None:
    noise = NO_SPEECH["white_noise"](60_000, draw())
    heard = by_telephone(noise)
    assert power_between(heard, 280, 3450) > 0.98


@pytest.mark.parametrize("factor", [0.87, 1.15])
def test_another_voice_is_higher_or_lower_but_not_faster(factor: float) -> None:
    tone = np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE).astype(np.float32) * 0.3
    changed = change_voice(tone, factor)
    assert len(changed) == len(tone) and peak_of(changed) == pytest.approx(300 * factor, rel=0.02)
    assert peak_of(stretch(tone, 20_000)) == pytest.approx(300, rel=0.02)
