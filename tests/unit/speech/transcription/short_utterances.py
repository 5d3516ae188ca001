"""Four short utterances with transcripts, in sound like speech."""

from __future__ import annotations

from tests.speech_bases import speech
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.utterance import Samples, Utterance

TEXTS = ("bá a", "kó", "ba kí", "ko ka")
SOUNDS = {f"{number}": speech(0.5 + 0.1 * number, number) for number in range(len(TEXTS))}
UTTERANCES = [Utterance(
    id=str(number), source="s", file=f"{number}.wav", raw_digest="", speaker="", session="", start=0, text=text,
    seconds=len(SOUNDS[str(number)]) / 16_000, translation="", split="", licence="", consent="", uses=["training"])
              for number, text in enumerate(TEXTS)]
ALPHABET = Alphabet.of(TEXTS)


def listen(utterance: Utterance) -> Samples:
    return SOUNDS[utterance.id]
