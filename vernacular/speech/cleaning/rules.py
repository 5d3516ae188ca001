"""The rules of ``speech/clean``. A rule on sound drops the recording, a rule on text only the transcript."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vernacular.config.speech import MOST_SECONDS, SpeechCleaning
from vernacular.speech.cleaning.fingerprints import LEAST_CORRELATION, similar_fingerprints, waveform_correlation
from vernacular.speech.cleaning.measures import Measures
from vernacular.speech.cleaning.settings import SpeechCleanSettings
from vernacular.speech.cleaning.transcripts import (
    FEWEST_FOR_OUTLIERS,
    comparable,
    has_letters,
    length_deviations,
    normalize_transcripts,
    spoken_characters,
    without_borrowed,
)
from vernacular.speech.utterance import RATE, Samples, Utterance
from vernacular.text.scripts import other_script

SOUND_RULES = {"short": "recordings with too little speech", "long": "recordings that are too long",
               "no_speech": "recordings without speech", "noise": "recordings with too much noise",
               "clipping": "recordings that were too loud for the microphone",
               "duplicate": "recordings of the same sound as another"}
TEXT_RULES = {"no_letters": "transcripts without a letter", "script": "transcripts in another script",
              "characters_per_second": "transcripts far too long or short for the speech",
              "length": "transcripts unusually long or short for the speech, compared with the source"}
RULES = SOUND_RULES | TEXT_RULES
_LEAST_SPOKEN = 0.1  # seconds: less than a syllable


@dataclass(frozen=True, slots=True)
class Reject:
    """A recording, or only its transcript, that was dropped, and the value that the rule measured."""

    id: str
    dropped: str  # recording or transcript
    rule: str
    reason: str
    value: float


def clean_utterances(utterances: Sequence[Utterance], measures: Sequence[Measures], settings: SpeechCleanSettings,
                     load: Callable[[Utterance], Samples]) -> tuple[list[Utterance], list[Reject]]:
    """Return the utterances that are left, with their measures and without dropped transcripts, and the rejects.

    Args:
        utterances: of ``speech/recordings``.
        measures: of their sound, in the same order.
        settings: thresholds, script and spelling.
        load: reads the sound of an utterance, as ``load_audio`` does.
    """
    texts = normalize_transcripts([one.text for one in utterances], settings.orthography, settings.script)
    measured = [_measured(*row, settings.cleaning) for row in zip(utterances, texts, measures, strict=True)]
    rejects = {row[0].id: reject for row in zip(measured, measures, strict=True)
               if (reject := _sound_reject(*row, settings.cleaning))}
    rejects |= {reject.id: reject for reject in _text_rejects(
        [one for one in measured if one.id not in rejects and one.text], settings)}
    unspoken = {one.id for one in measured if one.id in rejects}
    measured = [replace(one, text="", characters_per_second=None) if one.id in unspoken else one for one in measured]
    if settings.cleaning.duplicates:
        dropped = {reject.id for reject in rejects.values() if reject.dropped == "recording"}
        rows = [row for row in zip(measured, texts, measures, strict=True) if row[0].id not in dropped]
        rejects |= {reject.id: reject for reject in _duplicates(rows, load)}
    kept = [one for one in measured if one.id not in rejects or rejects[one.id].dropped == "transcript"]
    return kept, [rejects[one.id] for one in utterances if one.id in rejects]


def _measured(utterance: Utterance, text: str, measures: Measures, settings: SpeechCleaning) -> Utterance:
    begin, end = measures.bounds(settings.padding) if settings.trim else (0, measures.samples)
    spoken = (measures.end - measures.begin) / RATE
    return replace(utterance, text=text, seconds=(end - begin) / RATE, start_sample=begin, end_sample=end,
                   snr=measures.snr, speech_share=measures.speech_share, clipped=measures.clipped,
                   characters_per_second=spoken_characters(text) / spoken if text and spoken else None)


def _sound_reject(utterance: Utterance, measures: Measures, settings: SpeechCleaning) -> Reject | None:
    """Return why the recording is dropped, or None."""
    whole, spoken = measures.samples / RATE, (measures.end - measures.begin) / RATE
    checks = (("long", whole > MOST_SECONDS, whole, f"{whole:.0f} s, more than can be measured, {MOST_SECONDS:.0f}"),
              ("short", whole < settings.least_seconds, whole, f"{whole:.2f} s, less than {settings.least_seconds:g}"),
              ("no_speech", measures.speech_share < settings.least_speech or not measures.end, measures.speech_share,
               f"{measures.speech_share:.0%} of it is speech, less than {settings.least_speech:.0%}"),
              ("short", spoken < _LEAST_SPOKEN, spoken, f"{spoken:.2f} s of speech, less than {_LEAST_SPOKEN:g}"),
              ("long", utterance.seconds > settings.most_seconds, utterance.seconds,
               f"{utterance.seconds:.1f} s, more than {settings.most_seconds:g}"),
              ("clipping", measures.clipped > settings.most_clipped, measures.clipped,
               f"{measures.clipped:.2%} of the samples are clipped, more than {settings.most_clipped:.2%}"),
              ("noise", measures.snr < settings.least_snr, measures.snr,
               f"signal-to-noise ratio {measures.snr:.1f} dB, less than {settings.least_snr:g}"))
    return next((Reject(utterance.id, "recording", rule, reason, value) for rule, fails, value, reason in checks
                 if fails), None)


def _text_rejects(utterances: Sequence[Utterance], settings: SpeechCleanSettings) -> Iterator[Reject]:
    """Yield why transcripts are dropped; each at most once."""
    cleaning = settings.cleaning
    foreign = _foreign(utterances, settings)
    left = defaultdict[str, list[Utterance]](list)
    for one in utterances:
        speed = one.characters_per_second or 0.0
        if not has_letters(one.text):
            yield Reject(one.id, "transcript", "no_letters", "no letter in it", 0.0)
        elif one.id in foreign:
            yield Reject(one.id, "transcript", "script", foreign[one.id], 0.0)
        elif not cleaning.least_characters_per_second <= speed <= cleaning.most_characters_per_second:
            yield Reject(one.id, "transcript", "characters_per_second", f"{speed:.1f} letters per second of speech, "
                         f"not {cleaning.least_characters_per_second:g} to "
                         f"{cleaning.most_characters_per_second:g}", speed)
        else:
            left[one.source].append(one)
    for source, some in left.items():
        characters = np.array([spoken_characters(one.text) for one in some])
        seconds = np.array([count / one.characters_per_second if one.characters_per_second else 0.0
                            for count, one in zip(characters.tolist(), some, strict=True)])
        for one, deviation in zip(some, length_deviations(seconds, characters).tolist(), strict=True):
            if abs(deviation) > cleaning.most_length_deviation:
                yield Reject(one.id, "transcript", "length", f"{abs(deviation):.1f} standard deviations "
                             f"{'longer' if deviation > 0 else 'shorter'} than speech of so many letters in {source}, "
                             f"more than {cleaning.most_length_deviation:g}", deviation)


def _foreign(utterances: Sequence[Utterance], settings: SpeechCleanSettings) -> dict[str, str]:
    """Return why a transcript is in another script, by id."""
    foreign = {utterances[number].id: reason for number, reason in other_script(
        [one.text for one in utterances], settings.script, settings.script_share).items()}
    for source in {one.source for one in utterances if one.id in foreign}:
        own = [one for one in utterances if one.source == source]
        if len(own) >= FEWEST_FOR_OUTLIERS:
            still = other_script(without_borrowed([one.text for one in own]), settings.script, settings.script_share)
            for number, one in enumerate(own):
                if number not in still:
                    foreign.pop(one.id, None)
    return foreign


def _duplicates(rows: Sequence[tuple[Utterance, str, Measures]], load: Callable[[Utterance], Samples]
                ) -> Iterator[Reject]:
    """Yield the recordings of the same sound as a better one: transcribed first, then longer, then by id."""
    rows = sorted(rows, key=lambda row: (not row[0].text, -row[0].seconds, row[0].id))
    better_than = defaultdict[int, list[int]](list)
    for pair in similar_fingerprints([measures.fingerprint for _, _, measures in rows]):
        better, worse = sorted((pair.first, pair.second))
        better_than[worse].append(better)
    dropped = set[int]()
    for number, (one, text, _) in enumerate(rows):
        for other in sorted(set(better_than[number]) - dropped):
            first, first_text, _ = rows[other]
            correlation = waveform_correlation(load(one), load(first))
            if correlation >= LEAST_CORRELATION:
                dropped.add(number)
                differ = text and first_text and comparable(text) != comparable(first_text)
                yield Reject(one.id, "recording", "duplicate", f"the same sound as {first.id} ({first.file})" +
                             ("; their transcripts differ" if differ else ""), correlation)
                break
