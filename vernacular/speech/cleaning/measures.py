"""What is measured of the sound of each utterance; kept between runs, since it depends on the sound alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vernacular.config.speech import MOST_SECONDS
from vernacular.pipeline.stage import Progress
from vernacular.speech.cleaning.fingerprints import Fingerprint, fingerprint
from vernacular.speech.cleaning.signal import clipped_share, signal_to_noise, speech_bounds
from vernacular.speech.cleaning.voice_activity import FRAME, SPEECH, VoiceActivity
from vernacular.speech.utterance import RATE, Samples, Utterance, load_audio

MEASURES_VERSION = "1"  # raised when a measure changes
_FILE = f"measures-{MEASURES_VERSION}.parquet"
_SCHEMA = pa.schema([("id", pa.string()), ("begin", pa.int64()), ("end", pa.int64()), ("samples", pa.int64()),
                     ("speech_share", pa.float64()), ("speech_seconds", pa.float64()), ("snr", pa.float64()),
                     ("clipped", pa.float64()), ("print", pa.binary())])
_AROUND = 1600  # samples on either side of speech that the fingerprint covers
_EVERY = 500  # utterances between two lines of progress


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one utterance's sound."""

    begin: int  # first sample of speech
    end: int  # the one after the last; 0 without speech
    samples: int  # length of the whole
    speech_share: float  # of what is between begin and end
    speech_seconds: float
    snr: float  # decibels
    clipped: float  # share of the samples
    print: bytes  # acoustic fingerprint of the speech

    @property
    def fingerprint(self) -> Fingerprint:
        """The acoustic fingerprint: (frames,)."""
        return np.frombuffer(self.print, dtype="<u4").astype(np.uint32)

    def bounds(self, padding: float) -> tuple[int, int]:
        """The first sample and the one after the last, with ``padding`` seconds of silence around speech."""
        if not self.end:
            return 0, self.samples
        margin = round(padding * RATE)
        return max(0, self.begin - margin), min(self.samples, self.end + margin)


_UNMEASURED = Measures(begin=0, end=0, samples=0, speech_share=0.0, speech_seconds=0.0, snr=0.0, clipped=0.0,
                       print=b"")


def measure(sound: Samples, voice: VoiceActivity) -> Measures:
    """Return the measures of ``sound``, mono at 16 kHz."""
    probabilities = voice.probabilities(sound)
    speech = probabilities >= SPEECH
    begin, end = speech_bounds(len(sound), probabilities)
    within = speech[begin // FRAME:-(-end // FRAME)]
    return Measures(begin=begin, end=end, samples=len(sound), speech_share=float(within.mean()) if end else 0.0,
                    speech_seconds=float(speech.sum() * FRAME / RATE), snr=signal_to_noise(sound, speech),
                    clipped=clipped_share(sound),
                    print=fingerprint(sound[max(0, begin - _AROUND):end + _AROUND]).astype("<u4").tobytes())


def measure_all(recordings: Path, utterances: Sequence[Utterance], cache: Path, progress: Progress) -> list[Measures]:
    """Return the measures of ``utterances`` in order; those of an earlier run are read from ``cache``.

    Utterances of more than ``MOST_SECONDS`` would not fit into memory: only their length is measured.

    Args:
        recordings: the artifact of ``speech/recordings``.
        utterances: rows of it.
        cache: a folder of this stage.
        progress: receives a line now and then.

    Raises:
        Problem: the extra ``speech`` is not installed.
    """
    known = _read(cache / _FILE)
    missing = [utterance for utterance in utterances if utterance.id not in known]
    if missing:
        voice = VoiceActivity()
        for number, utterance in enumerate(missing, 1):
            known[utterance.id] = measure(load_audio(recordings, utterance), voice) \
                if utterance.seconds <= MOST_SECONDS else replace(_UNMEASURED, samples=round(utterance.seconds * RATE))
            if number % _EVERY == 0:
                progress(f"measured {number} of {len(missing)} utterances")
    measures = [known[utterance.id] for utterance in utterances]
    _write(cache / _FILE, utterances, measures)
    return measures


def _read(path: Path) -> dict[str, Measures]:
    if not path.is_file():
        return {}
    try:
        rows = pq.read_table(path, schema=_SCHEMA).to_pylist()
    except (pa.ArrowException, OSError):  # a cache may be damaged: it is made again
        return {}
    return {row.pop("id"): Measures(**row) for row in rows}


def _write(path: Path, utterances: Sequence[Utterance], measures: Sequence[Measures]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": utterance.id, **asdict(one)} for utterance, one in zip(utterances, measures, strict=True)]
    whole = path.with_suffix(".new")
    pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), whole, compression="zstd")
    whole.replace(path)
