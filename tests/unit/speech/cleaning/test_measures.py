"""Measures of sound: speech, noise, clipping, fingerprints."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from tests.speech_sound import speech
from vernacular.speech.cleaning.fingerprints import (
    LEAST_CORRELATION,
    fingerprint,
    similar_fingerprints,
    waveform_correlation,
)
from vernacular.speech.cleaning.measures import Measures, measure
from vernacular.speech.cleaning.signal import clipped_share, signal_to_noise, speech_bounds
from vernacular.speech.cleaning.voice_activity import FRAME, SPEECH, VoiceActivity
from vernacular.speech.utterance import RATE, Samples

VOICE = VoiceActivity()


def noise(count: int, loudness: float = 0.02) -> Samples:
    return (np.random.default_rng(7).standard_normal(count) * loudness).astype(np.float32)


def encoded(sound: Samples, kind: str, subtype: str) -> Samples:
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format=kind, subtype=subtype)
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_speech_is_found_between_the_silence(seed: int) -> None:
    sound = speech(seed)
    found = measure(sound, VOICE)
    assert abs(found.begin - 4800) < 3 * FRAME and abs(found.end - (len(sound) - 4800)) < 8 * FRAME
    assert found.speech_share > 0.85 and found.bounds(0.05) == (found.begin - 800, found.end + 800)
    assert found.bounds(9) == (0, len(sound))


@pytest.mark.parametrize("sound", [
    np.zeros(RATE), noise(RATE), np.sin(np.arange(RATE) * 0.1) * 0.3, np.zeros(0), np.ones(1)],
    ids=["silence", "noise", "tone", "nothing", "one sample"])
def test_what_is_no_speech_has_none(sound: Samples) -> None:
    found = measure(sound.astype(np.float32), VOICE)
    assert (found.end, found.speech_share, found.bounds(0.1)) == (0, 0.0, (0, len(sound)))
    assert np.isfinite([found.snr, found.clipped]).all() and not len(found.fingerprint)


def test_blocks_of_frames_change_no_probability() -> None:
    sound = np.concatenate([speech(1)] * 9)
    assert len(sound) > 512 * FRAME
    whole = VOICE.probabilities(sound)
    assert np.allclose(whole[:20], VOICE.probabilities(sound[:20 * FRAME]), atol=1e-4)
    assert len(whole) == -(-len(sound) // FRAME)


def test_the_bounds_include_quiet_consonants_and_exclude_what_is_no_speech() -> None:
    likely = np.array([0, 0.3, 0.05, 0.2, 0.9, 0.05, 0.9, 0.4, 0.15, 0.01, 0.3], np.float32)
    assert speech_bounds(99_999, likely) == (3 * FRAME, 9 * FRAME)
    assert speech_bounds(8 * FRAME + 5, likely[3:9]) == (0, 6 * FRAME)
    assert speech_bounds(99_999, np.full(9, 0.4, np.float32)) == (0, 0)


@pytest.mark.parametrize("decibels", [0, 10, 20, 30])
def test_the_ratio_of_signal_and_noise_is_measured(decibels: float) -> None:
    sound = speech(2)
    spoken = VOICE.probabilities(sound) >= SPEECH
    band = np.fft.rfft(sound)
    band[:int(300 * len(sound) / RATE)] = band[int(3400 * len(sound) / RATE):] = 0
    power = float(np.square(np.fft.irfft(band, len(sound))).mean()) * len(spoken) / spoken.sum()
    hiss = noise(len(sound), 1.0) * np.sqrt(power / 10**(decibels / 10) * (RATE / 2) / 3100)
    assert signal_to_noise((sound + hiss).astype(np.float32), spoken) == pytest.approx(decibels, abs=3)


def test_padding_with_digital_silence_does_not_hide_noise() -> None:
    sound = (speech(2) + noise(len(speech(2)), 0.05)).astype(np.float32)
    padded = np.concatenate([np.zeros(RATE, np.float32), sound, np.zeros(RATE, np.float32)])
    whole, alone = (measure(one, VOICE).snr for one in (padded, sound))
    assert whole == pytest.approx(alone, abs=2)


@pytest.mark.parametrize("volume", [1.0, 0.3])
def test_clipping_is_found_at_any_volume_and_after_a_codec(volume: float) -> None:
    sound = speech(3)
    clipped = (np.clip(sound * 20, -1, 1) * volume * 0.9).astype(np.float32)
    assert clipped_share(clipped) > 0.05
    assert clipped_share(sound * volume) < 0.005


@pytest.mark.parametrize(("kind", "subtype"), [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")])
def test_the_same_recording_is_found_again(kind: str, subtype: str) -> None:
    sounds = [speech(seed) for seed in range(4)]
    padding = noise(3000, 1e-4)
    sounds.append(encoded(np.concatenate([padding, sounds[2] * 0.4, padding[:2000]]), kind, subtype))
    pairs = {(pair.first, pair.second) for pair in similar_fingerprints([fingerprint(one) for one in sounds])}
    assert (2, 4) in pairs
    assert waveform_correlation(sounds[2], sounds[4]) > LEAST_CORRELATION
    assert max(waveform_correlation(sounds[0], one) for one in sounds[1:]) < LEAST_CORRELATION


def test_short_and_empty_fingerprints() -> None:
    assert not similar_fingerprints([])
    assert not similar_fingerprints([fingerprint(np.zeros(size, np.float32)) for size in (0, 4096, 6000)])
    assert waveform_correlation(np.zeros(5, np.float32), noise(5)) == 0


def test_a_fingerprint_is_kept_as_bytes() -> None:
    found = measure(speech(1), VOICE)
    assert isinstance(found, Measures) and len(found.print) == 4 * len(found.fingerprint)
